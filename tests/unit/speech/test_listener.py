"""Who listens on a call, and who follows when one fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from voxgate.model.speech import Ear
from voxgate.speech.listener import Listener
from voxgate.speech.recognition import (
    Alternative,
    Heard,
    Listening,
    Recognition,
    RecognitionFailed,
    Recognizer,
)
from voxgate.speech.registry import Recognizers
from voxgate.speech.results import Results
from voxgate.testing.virtual_time import run_virtual


@dataclass
class FakeSession:
    vendor: str
    listening: Listening
    cautions: tuple[str, ...] = ()
    results: Results = field(default_factory=Results)
    fed: bytes = b""
    resets: int = 0
    closed: bool = False
    turns: list[bool] = field(default_factory=list)

    def feed(self, pcm: bytes) -> None:
        self.fed += pcm

    def turn(self, *, speaking: bool) -> None:
        self.turns.append(speaking)
        if not speaking:
            self.results.put(
                Heard(self.vendor, self.listening.language, True, (Alternative("x", 1.0),))
            )

    def reset(self) -> None:
        self.resets += 1

    def finish(self) -> None:
        self.results.complete()

    async def next(self) -> Heard | None:
        return await self.results.next()

    async def close(self) -> None:
        self.closed = True


@dataclass
class FakeEars:
    name: str
    refusal: Exception | None = None
    cautions: tuple[str, ...] = ()
    opens_after_s: float = 0.0
    sessions: list[FakeSession] = field(default_factory=list)

    async def open(self, listening: Listening) -> Recognition:
        await asyncio.sleep(self.opens_after_s)
        if self.refusal is not None:
            raise self.refusal
        self.sessions.append(FakeSession(self.name, listening, self.cautions))
        return self.sessions[-1]

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""


def listener(*vendors: FakeEars) -> tuple[Listener, list[tuple[str, str, str | None]]]:
    told: list[tuple[str, str, str | None]] = []
    by_name: dict[str, Recognizer] = {vendor.name: vendor for vendor in vendors}
    return Listener(
        Recognizers(by_name),
        lambda alert, failover: told.append((alert.alert_type, alert.message, failover)),
        call_sid="this-call",
    ), told


def story(work: Callable[[], Awaitable[None]]) -> None:
    async def scenario() -> None:
        await work()

    run_virtual(scenario())


BOTH = Ear("a", "en-US", fallback_vendor="b", fallback_language="de-DE", hints=("yes",))


def test_one_session_stays_open_for_the_same_wish_and_forgets_the_turn_before():
    """FS#747: connecting anew for each gather is slow."""
    ears = FakeEars("a")

    async def work() -> None:
        one, _ = listener(ears)
        await one.prepare(Ear("a"))
        await one.prepare(Ear("a"))

    story(work)

    assert len(ears.sessions) == 1
    assert ears.sessions[0].resets == 1
    assert not ears.sessions[0].closed


def test_a_vendor_is_told_the_call_the_hints_and_its_own_options_before_it_listens():
    """FS#844, FS#891: neither callSid nor the options reached the vendor's start."""
    ears = FakeEars("custom:acme")
    options = {"vendor": "custom:acme", "customOptions": {"options": {"foo": "bar"}}}

    async def work() -> None:
        one, _ = listener(ears)
        await one.prepare(Ear("custom:acme", "de-DE", hints=("ja",), options=options))

    story(work)

    assert ears.sessions[0].listening == Listening(
        "de-DE", ("ja",), call_sid="this-call", options=options
    )


def test_options_that_a_vendor_refuses_are_an_alert_and_the_fallback_listens():
    """FS#626: a segmentation option that the vendor did not take ended the recognition."""
    picky = FakeEars("a", RecognitionFailed("refused", "a", "no such option"))
    b = FakeEars("b")
    one, told = listener(picky, b)

    story(lambda: one.prepare(BOTH))

    assert len(b.sessions) == 1
    assert told == [
        ("stt-failure", "speech to text request to a failed: no such option", "in progress")
    ]


def test_a_session_stays_open_through_minutes_of_silence():
    """FS#672: it was closed after ten seconds; FS#903: only the voice detector's turns matter."""
    ears = FakeEars("a")
    heard: list[str] = []

    async def work() -> None:
        one, _ = listener(ears)
        await one.prepare(Ear("a"))
        for _ in range(300):
            one.feed(bytes(16_000))
            await asyncio.sleep(1)
        one.turn(speaking=True)
        one.turn(speaking=False)
        result = await one.next()
        assert result is not None
        heard.append(result.transcript)

    story(work)

    assert heard == ["x"]
    assert [session.closed for session in ears.sessions] == [False]


def test_another_wish_gets_a_session_of_its_own():
    ears = FakeEars("a")

    async def work() -> None:
        one, _ = listener(ears)
        await one.prepare(Ear("a", "en-US"))
        await one.prepare(Ear("a", "en-GB"))

    story(work)

    assert [session.closed for session in ears.sessions] == [True, False]


def test_a_vendor_that_cannot_be_reached_is_followed_by_the_fallback_and_an_alert():
    a, b = FakeEars("a", RecognitionFailed("failed", "a", "401")), FakeEars("b")
    one, told = listener(a, b)

    story(lambda: one.prepare(BOTH))

    assert b.sessions[0].listening == Listening("de-DE", ("yes",), call_sid="this-call")
    assert told == [("stt-failure", "speech to text request to a failed: 401", "in progress")]


def test_a_vendor_that_failed_stays_out_for_the_rest_of_the_call():
    a, b = FakeEars("a", RecognitionFailed("failed", "a", "401")), FakeEars("b")
    one, told = listener(a, b)

    async def work() -> None:
        await one.prepare(BOTH)
        a.refusal = None
        await one.prepare(Ear("a", "en-US", fallback_vendor="b"))

    story(work)

    assert (len(a.sessions), len(b.sessions), len(told)) == (0, 2, 1)


def test_a_session_that_breaks_is_replaced_while_somebody_waits_for_its_results():
    a, b = FakeEars("a"), FakeEars("b")
    one, told = listener(a, b)
    heard: list[Heard | None] = []

    async def work() -> None:
        await one.prepare(BOTH)
        loop = asyncio.get_running_loop()
        loop.call_later(1, a.sessions[0].results.fail, RecognitionFailed("failed", "a", "gone"))
        loop.call_later(2, lambda: one.feed(b"ab"))
        loop.call_later(2, lambda: one.turn(speaking=False))
        heard.append(await one.next())

    story(work)

    assert heard[0] is not None
    assert heard[0].vendor == "b"
    assert b.sessions[0].fed == b"ab"
    assert a.sessions[0].closed
    assert [failover for *_, failover in told] == ["in progress"]


def test_a_vendor_that_takes_over_in_the_middle_of_speech_knows_that_somebody_speaks():
    a, b = FakeEars("a"), FakeEars("b")
    one, _ = listener(a, b)

    async def work() -> None:
        await one.prepare(BOTH)
        one.turn(speaking=True)
        one.feed(b"what ")
        loop = asyncio.get_running_loop()
        loop.call_later(1, a.sessions[0].results.fail, RecognitionFailed("failed", "a", "gone"))
        loop.call_later(2, lambda: one.feed(b"is it"))
        loop.call_later(3, lambda: one.turn(speaking=False))
        await one.next()

    story(work)

    assert b.sessions[0].turns == [True, False]
    assert b.sessions[0].fed == b"what is it"


def test_what_is_said_while_the_vendor_is_being_reached_is_heard_when_it_is_there():
    a = FakeEars("a", opens_after_s=2)
    one, _ = listener(a)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, lambda: one.turn(speaking=True))
        loop.call_later(0.6, lambda: one.feed(b"hello!"))
        loop.call_later(1, lambda: one.turn(speaking=False))
        await one.prepare(Ear("a"))

    story(work)

    assert a.sessions[0].fed == b"hello!"
    assert a.sessions[0].turns == [True, False]


def test_when_nobody_is_left_the_last_failure_is_raised():
    a = FakeEars("a", ValueError("a bug of the vendor's library"))
    one, told = listener(a)

    async def work() -> None:
        with pytest.raises(RecognitionFailed, match="ValueError"):
            await one.prepare(Ear("a"))
        with pytest.raises(RecognitionFailed, match="it failed before"):
            await one.prepare(Ear("a"))

    story(work)

    assert [failover for *_, failover in told] == ["not available"]


def test_a_vendor_without_credentials_is_an_alert_of_its_own_kind():
    one, told = listener()

    async def work() -> None:
        with pytest.raises(RecognitionFailed):
            await one.prepare(Ear("acme"))

    story(work)

    message = "speech to text credentials for acme have not been provisioned"
    assert told == [("no-stt", message, "not available")]


def test_a_wish_that_was_refused_does_not_keep_the_vendor_from_the_next_one():
    a = FakeEars("a", RecognitionFailed("refused", "a", "no hints"))
    one, _ = listener(a)

    async def work() -> None:
        with pytest.raises(RecognitionFailed):
            await one.prepare(Ear("a"))
        a.refusal = None
        await one.prepare(Ear("a"))

    story(work)

    assert one.is_open


def test_what_a_vendor_cannot_heed_is_an_alert():
    one, told = listener(FakeEars("a", cautions=("hints: too many",)))

    story(lambda: one.prepare(Ear("a")))

    assert told == [("stt-failure", "a: hints: too many", None)]


def test_after_the_end_the_results_end():
    a = FakeEars("a")
    one, _ = listener(a)
    told: list[Heard | None] = []

    async def work() -> None:
        await one.prepare(Ear("a"))
        one.finish()
        told.append(await one.next())
        await one.close()
        told.append(await one.next())

    story(work)

    assert told == [None, None]
