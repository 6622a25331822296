import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.verbs.capabilities.settings import Delay, Noise
from voxgate.verbs.contract import NEXT, InvalidDocument, Need, NotNow


class Tracks:
    def __init__(self) -> None:
        self.boosts: list[float] = []

    def boost(self, gain_db: float) -> None:
        self.boosts.append(gain_db)


class Recorder:
    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.done: list[object] = []

    async def start(self, order):
        if self.refusal:
            raise NotNow(self.refusal)
        self.done.append(("start", order.kind, order.servers))

    async def stop(self, kind):
        self.done.append(("stop", kind))

    async def pause(self, kind):
        self.done.append(("pause", kind))

    async def resume(self, kind):
        self.done.append(("resume", kind))


def configured(call: FakeCall | None = None, **properties: object) -> FakeCall:
    call = call or FakeCall()
    call.tracks, call.recorder = Tracks(), Recorder()
    assert run(verb("config", **properties), call) is NEXT
    return call


def test_what_is_not_named_stays_as_it_is():
    call = FakeCall()
    call.settings.hold_music = "https://media.example/old.wav"

    configured(call, notifyEvents=True)

    assert call.settings.hold_music == "https://media.example/old.wav"
    assert call.settings.notify_events


def test_voice_and_ear_of_the_session_are_replaced():
    call = configured(
        synthesizer={"vendor": "builtin", "language": "de-DE"},
        recognizer={"vendor": "scripted", "language": "de-DE", "asrTimeout": 1},
    )

    (choice,) = call.settings.spoken_as
    assert (choice.vendor, choice.language) == ("builtin", "de-DE")
    ear = call.ears.resolved(Ear())
    assert (ear.vendor, ear.language, ear.continuous_s) == ("scripted", "de-DE", 1)


def test_fillers_and_hooks_are_kept_for_the_session():
    call = configured(
        fillerNoise={"enable": True, "url": "https://m.example/n.wav", "startDelaySecs": 2},
        actionHookDelayAction={
            "enabled": True,
            "noResponseTimeout": 3,
            "actions": [{"verb": "say", "text": "wait"}],
            "noResponseGiveUpTimeout": 9,
        },
        sipRequestWithinDialogHook="/sip",
        referHook={"url": "/refer", "method": "GET"},
        disableTtsCache=True,
        earlyMedia=True,
    )

    settings = call.settings
    assert settings.noise == Noise("https://m.example/n.wav", 2)
    assert (settings.delay.filler_s, settings.delay.give_up_s) == (3, 9)
    assert (settings.sip_request_hook, settings.refer_hook) == (Hook("/sip"), Hook("/refer", "GET"))
    assert (settings.cache_speech, settings.early_media) == (False, True)


def test_notify_events_can_be_switched_off_again_gotcha_51():
    call = configured(notifyEvents=True)
    configured(call, notifyEvents=False)

    assert not call.settings.notify_events


def test_fillers_can_be_switched_off_again():
    call = FakeCall()
    call.settings.noise = Noise("https://m.example/n.wav")
    call.settings.delay = Delay(3)

    configured(call, fillerNoise={"enable": False}, actionHookDelayAction={"enabled": False})

    assert (call.settings.noise, call.settings.delay) == (None, None)


def test_two_barge_ins_in_a_row_are_one_background_gather_each_time_fs_206():
    call = configured(bargeIn={"enable": True, "input": ["digits"], "actionHook": "/b"})
    configured(call, bargeIn={"enable": True, "sticky": True, "input": ["digits"]})
    configured(call, bargeIn={"enable": False})

    first, second, third = call.ears.background
    assert (first.hook, first.sticky) == (Hook("/b"), False)
    assert (second.sticky, third) == (True, None)


def test_a_stream_beside_the_verbs_is_opened_and_closed():
    call = FakeCall()

    run(verb("config", ttsStream={"enable": True}), call)
    run(verb("config", ttsStream={"enable": False}), call)

    assert call.log == [("stream beside", None), ("stream stopped",)]


def test_a_transcription_in_the_background_needs_its_hook():
    with pytest.raises(InvalidDocument, match="transcriptionHook"):
        verb("config", transcribe={"enable": True})

    call = configured(transcribe={"enable": True, "transcriptionHook": "/t"})
    assert call.ears.transcribed[0].hook == Hook("/t")


def test_recordings_are_controlled():
    call = configured(
        record={"action": "startCallRecording", "siprecServerURL": "sip:srs@rec.example"}
    )
    assert call.recorder.done == [("start", "siprec", ("sip:srs@rec.example",))]

    configured(call, record={"action": "pauseCallRecording", "type": "cloud"})
    assert call.recorder.done == [("pause", "cloud")]

    with pytest.raises(InvalidDocument, match="siprecServerURL"):
        verb("config", record={"action": "startCallRecording"})


def test_what_is_impossible_now_is_noted_and_the_rest_is_done():
    call = FakeCall()
    call.tracks, call.recorder = Tracks(), Recorder("no bucket is configured")

    run(
        verb(
            "config",
            boostAudioSignal="+6 dB",
            record={"action": "startCallRecording", "type": "cloud"},
        ),
        call,
    )

    assert call.tracks.boosts == [6.0]
    assert call.notes == [{"error": "no bucket is configured"}]


def test_reset_takes_one_name_or_many_and_knows_which():
    call = configured(reset="synthesizer")
    configured(call, reset=["recognizer", "bargeIn", "boostAudioSignal"])

    assert call.settings.resets == ["synthesizer", "recognizer", "bargeIn", "boostAudioSignal"]
    assert (call.ears.background, call.tracks.boosts) == ([None], [0.0])
    with pytest.raises(InvalidDocument, match="sparkle is nothing that can be reset"):
        verb("config", reset=["sparkle"])


@pytest.mark.parametrize(
    ("properties", "need"),
    [
        ({"notifyEvents": True}, Need.NOTHING),
        ({"synthesizer": {"vendor": "builtin"}}, Need.NOTHING),
        ({"bargeIn": {"enable": False}}, Need.NOTHING),
        ({"bargeIn": {"enable": True}}, Need.AUDIO),
        ({"boostAudioSignal": 0}, Need.AUDIO),
        ({"record": {"action": "stopCallRecording"}}, Need.AUDIO),
        ({"transcribe": {"enable": True, "transcriptionHook": "/t"}}, Need.AUDIO),
    ],
)
def test_only_what_needs_audio_answers_the_call(properties, need):
    assert verb("config", **properties).need is need


def test_how_long_a_recogniser_took_is_told_from_then_on():
    call = configured(notifySttLatency=True)
    assert call.settings.notify_stt_latency

    configured(call, notifySttLatency=False)
    assert not call.settings.notify_stt_latency


def test_what_has_no_effect_says_so():
    (caution,) = verb("config", vad={"enable": True}).cautions()

    assert caution.startswith("config: vad has no effect")
