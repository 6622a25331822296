"""A real softphone: it hears the tone we play, and we hear the keys it presses."""

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.baresip import Baresip, longest_sound, loudest_hertz, write_tone
from interop.hooks import HookServer
from interop.stage import CALLEE, Stage

TONE_HZ, TONE_S = 697.0, 2.0


@pytest.fixture(params=["PCMU/8000/1", "PCMA/8000/1"])
def phone(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Baresip]:
    if not Baresip.is_installed():
        pytest.skip("baresip is not installed (apt-get install baresip-core)")
    microphone = write_tone(tmp_path / "microphone.wav", 300, 5, level=0.1)
    with Baresip(tmp_path / "baresip", microphone, user=CALLEE, codecs=request.param) as running:
        yield running


@pytest.fixture
def tone_url(hooks: HookServer, stage: Stage, tmp_path: Path) -> str:
    tone = write_tone(tmp_path / "tone.wav", TONE_HZ, TONE_S)
    return hooks.answer(stage.path("tone.wav"), tone.read_bytes())


def test_the_phone_hears_the_tone_whole_and_at_its_pitch(
    stage: Stage, phone: Baresip, tone_url: str
) -> None:
    verbs = [{"verb": "play", "url": tone_url}, {"verb": "pause", "length": 1}]
    ended = stage.call(phone.port, verbs=verbs).ended()
    phone.wait_event("CALL_CLOSED")

    assert ended["call_status"] == "completed"
    tone = longest_sound(phone.heard())
    assert len(tone) / 8000 == pytest.approx(TONE_S, abs=0.1), "no gap, nothing cut"
    assert loudest_hertz(tone) == pytest.approx(TONE_HZ, abs=2)


def test_keys_pressed_on_the_phone_reach_the_application(stage: Stage, phone: Baresip) -> None:
    gathered = stage.path("gathered")
    verbs = [
        {
            "verb": "gather",
            "input": ["digits"],
            "finishOnKey": "#",
            "timeout": 15,
            "actionHook": stage.hooks.answer(gathered, []),
        }
    ]
    call = stage.call(phone.port, verbs=verbs)
    phone.wait_event("CALL_ESTABLISHED")
    call.wait_event("verb", verb="gather", phase="started")
    for key in "147*0#":
        phone.press(key)
        call.wait_event("digit", digit=key)
    call.ended()

    result = stage.hooks.wait_for(gathered).body
    assert result["digits"] == "147*0"
    assert result["reason"] == "dtmfDetected"


def test_speech_is_heard_as_speech(stage: Stage, phone: Baresip) -> None:
    verbs = [{"verb": "say", "text": "Good morning, this is a test of the voice gateway."}]
    stage.call(phone.port, verbs=verbs).ended()
    phone.wait_event("CALL_CLOSED")

    sound = longest_sound(phone.heard(), threshold=0.005)
    assert len(sound) / 8000 > 0.5
    with wave.open(str(next(phone.folder.glob("dump-*-dec.wav")))) as file:
        assert file.getframerate() == 8000
