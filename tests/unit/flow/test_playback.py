import asyncio
from contextlib import suppress
from types import SimpleNamespace

from voxgate.flow.playback import Playback, tell_of
from voxgate.speech.contract import SpeechAlert


def told(story) -> list[str]:
    events: list[str] = []
    session = SimpleNamespace(report_playback=lambda event, _facts=None: events.append(event))
    story(Playback(session))  # type: ignore[arg-type]
    return events


def test_a_sound_that_was_heard_out_began_and_stopped():
    def story(playback: Playback) -> None:
        with playback:
            playback.begin({"vendor": "builtin"})
            playback.begin({"vendor": "builtin"})

    assert told(story) == ["synthesized-audio", "start-playback", "stop-playback"]


def test_a_sound_that_was_cut_was_killed():
    def story(playback: Playback) -> None:
        with suppress(asyncio.CancelledError), playback:
            playback.begin()
            raise asyncio.CancelledError

    assert told(story) == ["start-playback", "kill-playback"]


def test_a_sound_that_never_began_is_nothing():
    def story(playback: Playback) -> None:
        with playback:
            pass

    assert told(story) == []


def test_a_fault_in_the_text_is_no_failover_of_a_vendor():
    told: list[tuple[str, str | None]] = []

    def fault(alert_type: str, _message: str, _detail: str | None, failover: str | None) -> None:
        told.append((alert_type, failover))

    alerts = [
        SpeechAlert("no-tts", "acme is unknown"),
        SpeechAlert("tts-failure", "a tag that nobody knows", is_failover=False),
    ]
    tell_of(alerts, SimpleNamespace(fault=fault))  # type: ignore[arg-type]

    assert told == [("no-tts", "in progress"), ("tts-failure", None)]
