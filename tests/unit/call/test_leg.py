import asyncio
from typing import Any

import pytest

from unit.call.fakes import SDP, FakeStream
from voxgate.call import outcome
from voxgate.call.leg import Leg, LegEnd, MediaSession
from voxgate.media.events import DigitReceived, MediaTimeout, PlaybackFinished
from voxgate.model.audio import Audio
from voxgate.sdp.description import Description, SdpError
from voxgate.sip.dialog.events import (
    AckReceived,
    ByeReceived,
    Ended,
    InfoReceived,
    ReInvited,
    Updated,
)
from voxgate.sip.headers import Headers, Reason
from voxgate.testing.virtual_time import run_virtual

HELLO = Audio(bytes(1600))


class Dialog:
    def __init__(self) -> None:
        self.byes: list[Any] = []

    def bye(self, headers: Any = ()) -> None:
        self.byes.append(headers)


class Stream(FakeStream):
    """Plays nothing; says what it was asked to play."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[tuple[str, int]] = []
        self.closed = False

    def play(self, audio: Audio, *, loops: int = 1, offset_ms: int = 0) -> int:
        self.played.append(("play", offset_ms))
        return len(self.played)

    def queue(self, audio: Audio) -> int:
        self.played.append(("queue", 0))
        return len(self.played)

    def stop_playback(self) -> None:
        self.played.append(("stop", 0))

    def close(self) -> None:
        self.closed = True


class Stage:
    def __init__(self) -> None:
        self.dialog, self.stream = Dialog(), Stream()
        self.media = MediaSession(self.stream, session_id=7, rtp_timeout_s=60)
        self.media.offer()
        self.media.accept(SDP)
        self.ends: list[LegEnd] = []
        self.holds: list[bool] = []
        self.answers: list[tuple[int, bytes]] = []
        self.leg = Leg(self.dialog, self.media, on_end=self.ends.append, on_hold=self.holds.append)

    def respond(self, status: int, reason: str = "", headers: Any = (), body: bytes = b"") -> None:
        self.answers.append((status, body))


def with_direction(direction: bytes) -> bytes:
    return SDP + b"a=" + direction + b"\r\n"


def test_a_reinvite_moves_the_media_to_the_new_address_and_is_answered():
    stage = Stage()

    stage.leg.on_dialog(ReInvited(SDP.replace(b"192.0.2.9", b"192.0.2.77"), stage.respond))

    ((status, body),) = stage.answers
    assert status == 200
    assert Description.parse(body).media[0].port == 20000
    assert stage.stream.plans[-1].remote_ip == "192.0.2.77"


@pytest.mark.parametrize("kind", [ReInvited, Updated])
def test_hold_and_resume_are_told_once_each(kind):
    stage = Stage()

    for direction in (b"sendonly", b"inactive", b"sendrecv", b"sendrecv"):
        stage.leg.on_dialog(kind(with_direction(direction), stage.respond))

    assert stage.holds == [True, False]
    assert [plan.send for plan in stage.stream.plans] == [True, False, False, True, True]


def test_hold_of_the_old_kind_sends_nothing_to_nowhere():
    stage = Stage()

    stage.leg.on_dialog(ReInvited(SDP.replace(b"192.0.2.9", b"0.0.0.0"), stage.respond))

    assert (stage.stream.plans[-1].remote_ip, stage.stream.plans[-1].send) == ("192.0.2.9", False)
    assert stage.holds == [True]


def test_a_reinvite_without_an_offer_gets_ours_and_the_ack_brings_the_answer():
    stage = Stage()

    stage.leg.on_dialog(ReInvited(None, stage.respond))
    stage.leg.on_dialog(AckReceived(SDP.replace(b"4000", b"4400")))

    ((status, body),) = stage.answers
    assert status == 200
    assert Description.parse(body).media[0].kind == "audio"
    assert stage.stream.plans[-1].remote_port == 4400


def test_an_offer_we_cannot_speak_is_refused_and_the_media_stays():
    stage = Stage()

    stage.leg.on_dialog(ReInvited(SDP.replace(b"RTP/AVP 0 101", b"RTP/AVP 18"), stage.respond))

    assert [status for status, _ in stage.answers] == [488]
    assert len(stage.stream.plans) == 1


def test_an_update_without_an_offer_only_refreshes():
    stage = Stage()

    stage.leg.on_dialog(Updated(None, stage.respond))

    assert stage.answers == [(200, b"")]


def test_the_far_ends_bye_ends_the_leg_once_with_its_reason_and_its_own_headers():
    stage = Stage()
    headers = Headers([("Via", "x"), ("X-Why", "done"), ("Reason", "Q.850;cause=16")])

    stage.leg.on_dialog(ByeReceived(headers, Reason("Q.850", 16)))
    stage.leg.on_dialog(Ended("bye-received"))

    (end,) = stage.ends
    assert (end.cause, end.reason.cause) == (None, 16)
    assert end.headers == {"X-Why": "done", "Reason": "Q.850;cause=16"}


@pytest.mark.parametrize(
    ("cause", "reported"),
    [
        ("session-expired", outcome.SESSION_EXPIRED),
        ("ack-timeout", outcome.DIALOG_LOST),
        ("transport", outcome.DIALOG_LOST),
        ("gone", outcome.DIALOG_LOST),
    ],
)
def test_a_dialog_that_breaks_ends_the_leg_with_its_fault(cause, reported):
    stage = Stage()

    stage.leg.on_dialog(Ended(cause))

    assert stage.ends == [LegEnd(reported)]


def test_no_media_for_too_long_ends_the_leg():
    stage = Stage()

    stage.leg.on_media(MediaTimeout(60))

    assert stage.ends == [LegEnd(outcome.MEDIA_TIMEOUT)]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
        ("application/dtmf-relay; x=y", b"Signal= 5\r\n"),
        ("application/dtmf", b"5"),
    ],
)
def test_digits_come_by_info(content_type, body):
    stage = Stage()
    heard: list[str] = []
    stage.leg.listen_for_digits(lambda digit, _ms: heard.append(digit))

    stage.leg.on_dialog(InfoReceived(content_type, body, Headers()))

    assert heard == ["5"]


def test_a_digit_sent_both_ways_counts_once_after_the_first_by_rtp():
    stage = Stage()
    heard: list[str] = []
    stop = stage.leg.listen_for_digits(lambda digit, _ms: heard.append(digit))

    stage.leg.on_media(DigitReceived("1", 160))
    stage.leg.on_dialog(InfoReceived("application/dtmf", b"1", Headers()))
    stage.leg.on_media(DigitReceived("2", 160))
    stop()
    stage.leg.on_media(DigitReceived("3", 160))

    assert heard == ["1", "2"]


def test_play_returns_what_was_heard():
    async def scenario() -> int:
        stage = Stage()
        asyncio.get_running_loop().call_later(
            1, stage.leg.on_media, PlaybackFinished(1, 990, cut=False)
        )
        return await stage.leg.play(HELLO, offset_ms=10)

    assert run_virtual(scenario()) == 990


def test_cancelling_a_playback_silences_it():
    async def scenario() -> list[str]:
        stage = Stage()
        playing = asyncio.ensure_future(stage.leg.play(HELLO))
        await asyncio.sleep(1)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        return [what for what, _ in stage.stream.played]

    assert run_virtual(scenario()) == ["play", "stop"]


def test_nothing_that_waits_for_sound_outlives_the_leg():
    async def scenario() -> bool:
        stage = Stage()
        waiting = stage.leg.queue(HELLO)
        stage.leg.release()
        return waiting.cancelled() and stage.stream.closed

    assert run_virtual(scenario())


def test_an_answer_to_no_offer_is_an_error_of_its_own():
    with pytest.raises(SdpError):
        MediaSession(Stream(), session_id=1, rtp_timeout_s=60).accept(SDP)


def test_somebody_elses_description_is_told_on_in_our_name():
    stage = Stage()
    theirs = SDP.replace(b"192.0.2.9", b"203.0.113.5")

    told = Description.parse(stage.media.relay(theirs))

    assert (told.origin.session_id, told.origin.version, told.origin.address) == (
        "7", "2", "192.0.2.1",
    )  # fmt: skip
    assert (told.connection, told.media[0].port) == ("203.0.113.5", 4000)


def test_audio_that_goes_elsewhere_is_neither_sent_nor_missed():
    stage = Stage()

    stage.media.rest()

    assert (stage.stream.plans[-1].send, stage.stream.plans[-1].receive) == (False, False)
