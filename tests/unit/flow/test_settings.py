import pytest

from voxgate.flow.settings import SessionSettings
from voxgate.model.calls import CallRequest, Target
from voxgate.model.hooks import Hook
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.verbs.capabilities.settings import Delay, Noise


def settings(**request: object) -> SessionSettings:
    voice = Voice("builtin", "de-DE", "hans")
    return SessionSettings(CallRequest("+49301", Target("phone", "+49302"), voice=voice, **request))


def test_a_call_starts_with_what_it_was_ordered_with():
    fresh = settings(refer_hook=Hook("/refer"), sip_request_hook=Hook("/sip"))

    assert fresh.voice == Voice("builtin", "de-DE", "hans")
    assert (fresh.refer_hook, fresh.sip_request_hook) == (Hook("/refer"), Hook("/sip"))
    assert (fresh.notify_events, fresh.cache_speech, fresh.delay) == (False, True, None)


def test_the_session_s_voice_is_replaced_and_never_crosses_languages():
    changed = settings()

    changed.speak_as(SynthesizerChoice(language="en-GB"))
    assert changed.voice == Voice("builtin", "en-GB", None)

    changed.speak_as(None)
    assert changed.voice == Voice("builtin", "de-DE", "hans")


def test_a_verb_s_wish_keeps_the_fallback_of_the_session():
    fallback = Voice("builtin", "en-US")
    changed = settings()
    changed.speak_as(SynthesizerChoice(vendor="acme", gender="MALE", fallback=fallback))

    assert changed.spoken(None) == SynthesizerChoice(gender="MALE", fallback=fallback)
    assert changed.spoken(SynthesizerChoice(vendor="other")) == SynthesizerChoice(
        vendor="other", fallback=fallback
    )


def test_without_a_session_voice_a_wish_is_as_it_is():
    assert settings().spoken(None) == SynthesizerChoice()


def test_the_fallback_of_the_calls_order_stands_behind_those_of_the_session_and_the_verb():
    ordered, sessions, verbs = (Voice(vendor, "de-DE") for vendor in ("one", "two", "three"))
    changed = settings(fallback_voice=ordered)
    assert changed.spoken(None).fallback == ordered

    changed.speak_as(SynthesizerChoice(fallback=sessions))

    assert changed.spoken(None).fallback == sessions
    assert changed.spoken(SynthesizerChoice(fallback=verbs)).fallback == verbs


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("fillerNoise", "noise", Noise("https://m.example/n.wav")),
        ("actionHookDelayAction", "delay", Delay(3)),
        ("onHoldMusic", "hold_music", "https://m.example/h.wav"),
        ("referHook", "refer_hook", Hook("/other")),
        ("sipRequestWithinDialogHook", "sip_request_hook", Hook("/other")),
        ("notifyEvents", "notify_events", True),
        ("notifySttLatency", "notify_stt_latency", True),
        ("earlyMedia", "early_media", True),
        ("disableTtsCache", "cache_speech", False),
    ],
)
def test_each_setting_goes_back_to_how_the_call_began(name, attribute, value):
    changed, fresh = settings(refer_hook=Hook("/r")), settings(refer_hook=Hook("/r"))
    setattr(changed, attribute, value)

    changed.reset((name, "nothing of that name"))

    assert getattr(changed, attribute) == getattr(fresh, attribute)


def test_the_voice_goes_back_too():
    changed = settings()
    changed.speak_as(SynthesizerChoice(vendor="acme"))

    changed.reset(("synthesizer",))

    assert changed.voice.vendor == "builtin"


def test_a_lent_delay_serves_one_wait():
    changed = settings()
    changed.delay = Delay(9)

    changed.lend(Delay(1))

    assert [changed.take_delay(), changed.take_delay()] == [Delay(1), Delay(9)]
