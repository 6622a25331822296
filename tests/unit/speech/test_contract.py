from voxgate.speech.contract import SpeechFailed


def test_a_failure_can_be_told_again_with_the_same_facts():
    failure = SpeechFailed("busy", "acme", "later")

    again = failure.again()

    assert again is not failure
    assert (again.kind, again.vendor, again.detail, str(again)) == (
        "busy",
        "acme",
        "later",
        "text to speech request to acme failed: later",
    )
