import pytest

from voxgate.model.speech import Ear, SynthesizerChoice, Voice

SESSION = Voice("builtin", "en-US", "anna")


@pytest.mark.parametrize(
    ("choice", "voice"),
    [
        (SynthesizerChoice(), SESSION),
        (SynthesizerChoice(voice="bert"), Voice("builtin", "en-US", "bert")),
        (SynthesizerChoice(language="de-DE"), Voice("builtin", "de-DE", None)),
        (SynthesizerChoice(vendor="acme"), Voice("acme", "en-US", None)),
        (SynthesizerChoice(vendor="builtin", language="en-US"), SESSION),
        (SynthesizerChoice(gender="MALE"), Voice("builtin", "en-US", None)),
    ],
)
def test_a_session_voice_never_crosses_to_another_vendor_language_or_gender(choice, voice):
    assert choice.resolve(SESSION) == voice


def test_an_ear_takes_from_the_session_what_it_does_not_say_itself():
    session = Ear("acme", "de-DE", hints=("ja",), options={"model": "x"})

    assert Ear().over(session) == session
    own = Ear(language="en-GB", options={"tier": "y"}).over(session)
    assert (own.vendor, own.language, own.hints) == ("acme", "en-GB", ("ja",))
    assert own.options == {"model": "x", "tier": "y"}


def test_one_vendors_options_are_nothing_to_another():
    session = Ear("acme", options={"acmeOptions": {}})

    assert Ear("other", options={"o": 1}).over(session).options == {"o": 1}
