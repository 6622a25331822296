"""What runs beside a dial: taps, transcripts, background tracks, machine detection, hold music."""

import io
import itertools
import wave
from collections.abc import Iterator

import pytest

from interop.audio_app import AudioFarEnd
from interop.dial_story import HANGUP, DialStory
from interop.softphone import Softphone, tone

_number = itertools.count(3000)


@pytest.fixture
def story(gateway, hooks) -> DialStory:
    return DialStory(gateway, hooks, next(_number))


@pytest.fixture
def a() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


@pytest.fixture
def b() -> Iterator[Softphone]:
    with Softphone() as phone:
        yield phone


@pytest.fixture
def ears() -> Iterator[AudioFarEnd]:
    app = AudioFarEnd()
    yield app
    app.close()


def sound(hooks, path: str, hertz: float, seconds: float = 1) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(tone(hertz, seconds).samples)
    return hooks.answer(path, file.getvalue())


@pytest.mark.parametrize(("channel", "hertz"), [(1, 440), (2, 620)])
def test_a_tap_hears_the_leg_that_its_channel_names(story, a, b, ears, channel, hertz):
    listen = {"url": ears.url("/tap"), "channel": channel}
    _, near = story.begin(a, story.dial(story.to(b), listen=listen))
    far = b.pick_up()
    near.say(440)
    far.say(620)

    heard = ears.wait()
    heard.wait_heard(1)

    assert heard.tone(last_s=0.5) == pytest.approx(hertz, abs=20)
    far.hears(440)
    near.hears(620)


def test_both_legs_are_transcribed_and_told_apart(story, a, b):
    """GitHub FS#666 and FS#601: the callee's leg is transcribed without being asked for."""
    words = {"vendor": "scripted", "scriptedOptions": {"utterances": ["good day"]}}
    hook = story.answers("words", HANGUP)
    _, near = story.begin(
        a, story.dial(story.to(b), transcribe={"transcriptionHook": hook, "recognizer": words})
    )
    far = b.pick_up()
    near.say(440, 1)
    far.say(620, 1)

    for channel in (1, 2):
        told = story.hooks.wait_for(
            story.path("words"), lambda r, c=channel: r.body["speech"]["channel_tag"] == c
        ).body
        assert told["speech"]["alternatives"][0]["transcript"] == "good day"
    assert far.ended is None, "what the hook of a nested transcript answers changes nothing"
    far.hang_up()
    story.done()


def test_a_track_is_heard_by_the_callee_under_the_talk(story, a, b, hooks):
    music = sound(hooks, story.path("music.wav"), 900)
    dub = {"action": "addTrack", "track": "m", "play": music, "loop": True}
    _, near = story.begin(a, story.dial(story.to(b), dub=[dub]))
    far = b.pick_up()

    far.hears(900)

    far.say(620)
    near.hears(620)


def test_hold_music_of_the_call_is_heard_while_the_other_side_holds(story, a, b, hooks):
    music = sound(hooks, story.path("hold.wav"), 900)
    config = {"verb": "config", "onHoldMusic": music}
    _, near = story.begin(a, config, story.dial(story.to(b)))
    far = b.pick_up()
    far.say(620, 2)
    near.hears(620)

    far.hold()
    near.hears(900)
    far.hold(held=False)

    far.say(620)
    near.hears(620)


def test_a_machine_that_answers_is_told_to_the_application_that_dialled(story, a, b):
    hook = story.answers("amd")
    amd = {"actionHook": hook, "timers": {"noSpeechTimeoutMs": 500}}
    placed, _ = story.begin(a, story.dial(story.to(b), amd=amd))
    far = b.pick_up()

    told = story.hooks.wait_for(
        story.path("amd"), lambda r: r.body["type"] == "amd_no_speech_detected"
    ).body

    assert told["call_sid"] == placed.sid
    far.hang_up()
    story.done()


def test_what_the_callee_hears_is_made_fainter_and_the_caller_hears_it_unchanged(story, a, b):
    _, near = story.begin(a, story.dial(story.to(b), boostAudioSignal="-12dB"))
    far = b.pick_up()
    near.say(440)
    far.say(620)
    far.hears(440)
    near.hears(620)

    assert 1500 < far.level() < 3500, "9000 less 12 dB is about 2260"
    assert near.level() > 7000
