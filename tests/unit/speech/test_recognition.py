from voxgate.speech.recognition import Alternative, Heard


def test_the_first_alternative_is_what_was_said():
    heard = Heard("acme", "en", True, (Alternative(" yes ", 0.8), Alternative("yet", 0.1)))

    assert (heard.transcript, heard.confidence) == ("yes", 0.8)


def test_a_result_without_alternatives_says_nothing():
    heard = Heard("acme", "en", True, ())

    assert (heard.transcript, heard.confidence) == ("", 0.0)
