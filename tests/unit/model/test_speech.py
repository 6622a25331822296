import pytest

from voxgate.model.speech import SynthesizerChoice, Voice

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
