"""Speech that is streamed by the application, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from unit.flow.ear_stage import StageSession
from voxgate.flow.tokens import CallTokens
from voxgate.speech.contract import SpeechFailed
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.contract import NotNow, SayFailed

Story = Callable[[StageSession, CallTokens], Awaitable[None]]


def events(session: StageSession) -> list[str]:
    return [data["event_type"] for kind, data in session.application.told if "event" in kind]


def results(session: StageSession) -> list[tuple[object, str, str | None]]:
    return [
        (data["id"], data["status"], data.get("reason"))
        for kind, data in session.application.told
        if kind == "tts:tokens-result"
    ]


def streamed(story: Story, *, close_on_empty: bool = True) -> tuple[StageSession, int, float]:
    """What became of the session, how much was heard, and when the stream was over."""

    async def scenario() -> tuple[StageSession, int, float]:
        session = StageSession()
        tokens = CallTokens(session)  # type: ignore[arg-type]
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(tokens.speak(close_on_empty=close_on_empty))
            await asyncio.sleep(0)
            await story(session, tokens)
            if not close_on_empty:
                speaking.cancel()
            await asyncio.wait({speaking})
        heard_ms = 0 if speaking.cancelled() else speaking.result()
        return session, heard_ms, round(asyncio.get_running_loop().time(), 3)

    return run_virtual(scenario())


def test_sentences_are_spoken_as_they_come_and_the_stream_ends_when_all_is_heard():
    async def story(_session: StageSession, tokens: CallTokens) -> None:
        tokens.put(1, "First one. And")
        await asyncio.sleep(0.2)
        tokens.put(2, " then the second.")
        await asyncio.sleep(0.1)
        tokens.flush()

    session, heard_ms, over_at = streamed(story)

    assert session.speaker.spoken == ["First one.", " And then the second."]
    assert results(session) == [(1, "ok", None), (2, "ok", None)]
    assert events(session) == ["stream_open", "stream_empty", "stream_closed"]
    assert heard_ms == 3100
    assert over_at == 3.1


def test_what_has_no_end_is_spoken_after_a_second():
    async def story(_session: StageSession, tokens: CallTokens) -> None:
        tokens.put(1, "no end")

    session, _, _ = streamed(story)

    assert session.leg.played == [(1.0, 600)]


def test_a_stream_that_stays_open_is_told_each_time_everything_was_heard():
    """jambonz FS#1407: no event when the stream ran empty."""

    async def story(_session: StageSession, tokens: CallTokens) -> None:
        for number in range(2):
            tokens.put(number, "All there is.\n")
            await asyncio.sleep(10)

    session, _, _ = streamed(story, close_on_empty=False)

    assert events(session) == ["stream_open", "stream_empty", "stream_empty", "stream_closed"]


def test_too_much_is_refused_until_most_of_it_was_spoken():
    async def story(session: StageSession, tokens: CallTokens) -> None:
        for number in range(6):
            tokens.put(number, "x" * 198 + ". ")
        assert results(session)[-1] == (5, "failed", "full")
        await asyncio.sleep(200)
        tokens.put(9, "Room again. ")

    session, _, _ = streamed(story, close_on_empty=False)

    assert [status for _, status, _ in results(session)] == ["ok"] * 5 + ["failed", "ok"]
    assert events(session)[:3] == ["stream_open", "stream_paused", "stream_resumed"]


def test_clear_drops_what_waits_and_what_plays():
    async def story(session: StageSession, tokens: CallTokens) -> None:
        tokens.put(1, "A very long sentence that goes on. And another one.\n")
        await asyncio.sleep(1)
        tokens.clear()
        await asyncio.sleep(0.1)
        tokens.put(2, "Anew.\n")
        await asyncio.sleep(0.1)

    session, _, _ = streamed(story, close_on_empty=False)

    assert session.leg.silenced[0] == 1
    assert session.speaker.spoken[-1] == "Anew.\n"


def test_a_caller_who_cuts_in_silences_it_and_the_application_is_told():
    """jambonz FS#1153: barge-in did not stop a stream."""

    async def story(_session: StageSession, tokens: CallTokens) -> None:
        tokens.put(1, "A very long sentence that goes on.\n")
        await asyncio.sleep(1)
        tokens.interrupt()

    session, _, over_at = streamed(story)

    assert session.leg.silenced[0] == 1
    assert events(session) == [
        "stream_open",
        "user_interruption",
        "stream_empty",
        "stream_closed",
    ]
    assert over_at == 1


def test_nobody_is_interrupted_when_nothing_is_said():
    async def story(_session: StageSession, tokens: CallTokens) -> None:
        tokens.interrupt()
        tokens.put(1, "Hello.\n")

    session, _, _ = streamed(story)

    assert "user_interruption" not in events(session)


@pytest.mark.parametrize(
    ("token_id", "tokens", "reason"),
    [
        (None, "x", "id must be a number or a text"),
        (7, None, "tokens must be a text"),
    ],
)
def test_tokens_that_cannot_be_spoken_have_a_result_too(token_id, tokens, reason):
    """jambonz FS#1548: tokens without an id vanished."""

    async def story(_session: StageSession, stream: CallTokens) -> None:
        stream.put(token_id, tokens)

    session, _, _ = streamed(story, close_on_empty=False)

    assert results(session) == [(token_id, "failed", reason)]


def test_without_a_stream_tokens_fail_and_commands_are_not_possible():
    async def scenario() -> StageSession:
        session = StageSession()
        tokens = CallTokens(session)  # type: ignore[arg-type]
        tokens.put("a", "Hello.")
        tokens.interrupt()
        for command in (tokens.flush, tokens.clear):
            with pytest.raises(NotNow, match="no stream is open"):
                command()
        return session

    assert results(run_virtual(scenario())) == [("a", "failed", "no stream is open")]


def test_an_application_over_http_cannot_stream():
    async def scenario() -> None:
        session = StageSession()
        session.application.sends_commands = False
        await CallTokens(session).speak(close_on_empty=True)  # type: ignore[arg-type]

    with pytest.raises(NotNow, match="WebSocket"):
        run_virtual(scenario())


def test_a_voice_that_fails_ends_the_stream():
    async def story(session: StageSession, tokens: CallTokens) -> None:
        session.speaker.failure = SpeechFailed("failed", "acme", "401")
        tokens.put(1, "Hello.\n")
        await asyncio.sleep(1)

    with pytest.raises(ExceptionGroup) as failed:
        streamed(story)

    assert failed.group_contains(SayFailed, match="401")


def test_a_stream_beside_the_verbs_stays_open_until_it_is_stopped():
    async def scenario() -> StageSession:
        session = StageSession()
        tokens = CallTokens(session)  # type: ignore[arg-type]
        tokens.speak_beside(None)
        await asyncio.sleep(0.1)
        tokens.put(1, "Hello.\n")
        await asyncio.sleep(60)
        tokens.stop_beside()
        await session.background.close()
        return session

    session = run_virtual(scenario())

    assert session.speaker.spoken == ["Hello.\n"]
    assert events(session) == ["stream_open", "stream_empty", "stream_closed"]
