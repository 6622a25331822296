"""Recognition on a call, in virtual time, with a recogniser that recites."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from unit.flow.ear_stage import StageContext, StageSession
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.speech.recognition import Heard
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import (
    BackgroundGather,
    Deaf,
    TranscriptOrder,
    VoiceBegan,
    VoiceEnded,
)
from voxgate.verbs.contract import Document, NotNow
from voxgate.verbs.digits import DigitRules
from voxgate.verbs.gathering import GatherOrder
from voxgate.verbs.say import Say


def ear(*utterances: Any, **more: Any) -> Ear:
    script = {"scriptedOptions": {"utterances": list(utterances)}}
    return Ear("scripted", options=script, **more)


def gather(
    *utterances: Any, sticky: bool = False, input_: str = "both", **order: Any
) -> BackgroundGather:
    rules = DigitRules(timeout_s=15, digits_max=1)
    wanted = GatherOrder(
        rules,
        takes_digits=input_ != "speech",
        takes_speech=input_ != "digits",
        cuts_prompt=True,
        ear=ear(*utterances),
        **order,
    )
    return BackgroundGather(wanted, sticky, Hook("/barge"))


Story = Callable[[StageSession, StageContext], Awaitable[None]]


def played(story: Story) -> StageSession:
    async def scenario() -> StageSession:
        session = StageSession()
        context = StageContext(session)
        try:
            await story(session, context)
        finally:
            await session.background.close()
        return session

    return run_virtual(scenario())


def test_voice_and_words_are_heard_in_order():
    events: list[object] = []

    async def story(session: StageSession, ctx: StageContext) -> None:
        async with ctx.ears.listen(ear("yes")) as reader:
            await asyncio.sleep(0.1)
            await session.speak()
            events.extend([await reader.next() for _ in range(3)])

    played(story)

    began, ended, heard = events
    assert (began, ended) == (VoiceBegan(), VoiceEnded())
    assert isinstance(heard, Heard)
    assert heard.event["fedMs"] == 1000


def test_the_recognisers_session_stays_open_from_one_listening_to_the_next():
    """FS#747, FS#672: the script goes on where it was, half a minute later too."""
    said: list[str] = []

    async def story(session: StageSession, ctx: StageContext) -> None:
        for _ in range(2):
            async with ctx.ears.listen(ear("one", "two")) as reader:
                await asyncio.sleep(30)
                await session.speak()
                while not isinstance(event := await reader.next(), Heard):
                    pass
                said.append(event.transcript)

    session = played(story)

    assert said == ["one", "two"]
    assert [tap.is_open for tap in session.leg.taps] == [False, False]
    assert session.listeners == 0, "the call's end closed the session"


@pytest.mark.parametrize("wanted", [True, False])
def test_how_long_the_recogniser_took_is_known_to_who_asked(wanted):
    times: list[dict[str, Any]] = []

    async def story(session: StageSession, ctx: StageContext) -> None:
        session.settings.notify_stt_latency = wanted
        async with ctx.ears.listen(ear("yes")) as reader:
            await asyncio.sleep(1)
            await session.speak()
            while not isinstance(await reader.next(), Heard):
                pass
            times.append(reader.times())

    played(story)

    (told,) = times
    assert bool(told) is wanted
    if wanted:
        assert told["stt_latency_ms"] == 0  # the script answers at once
        assert told["stt_usage"] == told["stt_stop_time"] - told["stt_start_time"] >= 1000
        assert told["stt_talkspurts"][0][1] == told["stt_stop_time"]


def test_somebody_who_speaks_already_when_listening_begins_is_heard():
    said: list[str] = []

    async def story(session: StageSession, ctx: StageContext) -> None:
        async with ctx.ears.listen(ear("x")):
            await asyncio.sleep(0)
        session.begin_to_speak()
        async with ctx.ears.listen(ear("yes")) as reader:
            await asyncio.sleep(0.1)
            session.fall_silent()
            while not isinstance(event := await reader.next(), Heard):
                pass
            said.append(event.transcript)

    played(story)

    assert said == ["yes"]


def test_nobody_who_recognises_is_told_with_the_reason_and_an_alert():
    events: list[object] = []

    async def story(session: StageSession, ctx: StageContext) -> None:
        async with ctx.ears.listen(Ear("acme")) as reader:
            events.append(await reader.next())

    session = played(story)

    assert events == [
        Deaf("speech to text request to acme failed: no credentials have been provisioned")
    ]
    assert session.faults == [("no-stt", "not available")]


def test_a_verb_takes_from_config_and_config_from_the_calls_order():
    async def story(session: StageSession, ctx: StageContext) -> None:
        assert ctx.ears.resolved(Ear()) == Ear()
        ctx.ears.prefer(Ear("acme", "de-DE", hints=("ja",)))
        assert ctx.ears.resolved(Ear(language="de-AT")) == Ear("acme", "de-AT", hints=("ja",))
        ctx.ears.prefer(None)
        assert ctx.ears.resolved(Ear()) == Ear()

    played(story)


class TestBackgroundGather:
    def test_words_cut_the_prompt_and_the_hooks_verbs_replace_the_application(self):
        document = Document((Say(text=["ok"]),))

        async def story(session: StageSession, ctx: StageContext) -> None:
            session.application.answer = document
            ctx.ears.background_gather(gather("stop please"))
            await asyncio.sleep(3)
            await session.speak()
            await asyncio.sleep(1)

        session = played(story)

        ((at, hook, result),) = session.application.asked
        assert (at, hook, result["reason"]) == (4, "/barge", "speechDetected")
        assert session.cuts == [4]
        assert session.reported == ["speech-bargein-detected"]
        assert session.replaced == [document]

    def test_a_key_cuts_the_prompt_at_once(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather(input_="digits"))
            await asyncio.sleep(3)
            session.leg.press("5")
            await asyncio.sleep(1)

        session = played(story)

        assert session.cuts == [3]
        assert session.reported == ["dtmf-bargein-detected"]
        assert [result for _, _, result in session.application.asked] == [
            {"reason": "dtmfDetected", "digits": "5"}
        ]

    def test_with_a_word_count_of_zero_the_voice_cuts_it(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather("stop", words_to_cut=0))
            await asyncio.sleep(3)
            await session.speak(2)

        assert played(story).cuts == [3]

    def test_one_hit_is_all_unless_it_is_sticky(self):
        async def hits(sticky: bool) -> Story:
            async def story(session: StageSession, ctx: StageContext) -> None:
                ctx.ears.background_gather(gather("one", "two", sticky=sticky))
                for _ in range(2):
                    await asyncio.sleep(1)
                    await session.speak()
                await asyncio.sleep(1)

            return story

        assert played(asyncio.run(hits(sticky=False))).application.words == ["one"]
        assert played(asyncio.run(hits(sticky=True))).application.words == ["one", "two"]

    def test_a_sticky_one_hears_what_is_said_while_a_slow_hook_is_asked_and_tells_it_in_turn(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            session.application.hook_s = 5
            ctx.ears.background_gather(gather("one", "two", sticky=True))
            await asyncio.sleep(1)
            await session.speak()
            await session.speak()
            await asyncio.sleep(10)

        session = played(story)

        assert session.application.words == ["one", "two"]
        first, second = (at for at, _, _ in session.application.asked)
        assert second - first == 5

    def test_a_second_one_takes_the_place_of_the_first(self):
        """FS#206: two successive bargeIn configs started two recognisers."""

        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather("old"))
            await asyncio.sleep(1)
            ctx.ears.background_gather(gather("new"))
            await asyncio.sleep(1)
            await session.speak()
            await asyncio.sleep(1)

        session = played(story)

        assert session.application.words == ["new"]
        assert [tap.is_open for tap in session.leg.taps] == [False, False]

    def test_the_kind_of_input_can_be_changed_again_and_again(self):
        """FS#818: barge-in stopped working after the input type was changed."""

        async def story(session: StageSession, ctx: StageContext) -> None:
            for kind in ("digits", "speech", "digits"):
                ctx.ears.background_gather(gather("yes", input_=kind))
                await asyncio.sleep(1)
                await session.speak()
                session.leg.press("1")
                await asyncio.sleep(1)

        session = played(story)

        reasons = [result["reason"] for _, _, result in session.application.asked]
        assert reasons == ["dtmfDetected", "speechDetected", "dtmfDetected"]

    def test_it_rests_while_a_verb_gathers_and_goes_on_after_it(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather("one", "two"))
            await asyncio.sleep(1)
            async with ctx.ears.foreground():
                await asyncio.sleep(1)
                await session.speak()
                session.leg.press("1")
            await asyncio.sleep(1)
            assert session.application.asked == []
            await session.speak()
            await asyncio.sleep(1)

        assert len(played(story).application.asked) == 1

    def test_an_input_that_comes_to_nothing_is_told_to_nobody(self):
        """FS#1385: spurious timeouts."""

        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather("", words_to_cut=0))
            await asyncio.sleep(1)
            await session.speak()
            await asyncio.sleep(3600)

        assert played(story).application.asked == []

    def test_none_ends_it(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather("one"))
            await asyncio.sleep(1)
            ctx.ears.background_gather(None)
            await asyncio.sleep(1)
            await session.speak()
            await asyncio.sleep(1)

        assert played(story).application.asked == []

    def test_interim_words_are_told_to_its_partial_result_hook(self):
        """Gotcha 58: bargeIn.partialResultHook was accepted and ignored."""
        line = {"transcript": "stop please", "interim": ["stop"]}

        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_gather(gather(line, partial_hook=Hook("/part")))
            await asyncio.sleep(1)
            await session.speak()
            await asyncio.sleep(1)

        asked = played(story).application.asked
        assert [hook for _, hook, _ in asked] == ["/part", "/barge"]

    def test_without_a_recogniser_it_says_so_once_and_ends(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            wanted = GatherOrder(DigitRules(), takes_speech=True, ear=Ear("acme"))
            ctx.ears.background_gather(BackgroundGather(wanted, sticky=True, hook=Hook("/barge")))
            await asyncio.sleep(60)

        asked = played(story).application.asked
        assert [result["reason"] for _, _, result in asked] == ["error"]


class TestTranscription:
    def test_final_words_are_told_and_interim_ones_only_if_wanted(self):
        line = {"transcript": "hello you", "interim": ["hello"]}

        def told(**more: Any) -> list[str]:
            async def story(session: StageSession, ctx: StageContext) -> None:
                ctx.ears.background_transcription(TranscriptOrder(Hook("/t"), ear(line, **more)))
                await asyncio.sleep(1)
                await session.speak()
                await asyncio.sleep(1)

            return played(story).application.words

        assert told() == ["hello you"]
        assert told(interim=True) == ["hello", "hello you"]

    def test_what_is_said_while_it_is_paused_is_never_told(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_transcription(TranscriptOrder(Hook("/t"), ear("a", "b", "c")))
            await asyncio.sleep(1)
            await session.speak()
            ctx.ears.pause_transcription(paused=True)
            await session.speak()
            ctx.ears.pause_transcription(paused=False)
            await session.speak()
            await asyncio.sleep(1)

        assert played(story).application.words == ["a", "c"]

    def test_a_second_one_takes_the_place_of_the_first(self):
        """FS#883: everything was told twice after a second start."""

        async def story(session: StageSession, ctx: StageContext) -> None:
            for _ in range(2):
                order = TranscriptOrder(Hook("/t"), ear("once"))
                ctx.ears.background_transcription(order)
                await asyncio.sleep(1)
            await session.speak()
            await asyncio.sleep(1)

        session = played(story)

        assert session.application.words == ["once"]
        assert not any(tap.is_open for tap in session.leg.taps)

    def test_there_must_be_one_to_be_paused(self):
        async def story(session: StageSession, ctx: StageContext) -> None:
            with pytest.raises(NotNow, match="nothing is transcribed"):
                ctx.ears.pause_transcription(paused=True)

        played(story)

    def test_the_words_under_way_at_the_end_are_told(self):
        """FS#997: the last words were lost at the hang-up."""

        async def story(session: StageSession, ctx: StageContext) -> None:
            ctx.ears.background_transcription(TranscriptOrder(Hook("/t"), ear("goodbye")))
            await asyncio.sleep(1)
            session.begin_to_speak()

        assert played(story).application.words == ["goodbye"]

    def test_a_slow_hook_keeps_the_end_waiting_for_a_second_and_a_half_at_most(self):
        async def scenario() -> float:
            session = StageSession()
            context = StageContext(session)
            session.application.hook_s = 60
            context.ears.background_transcription(TranscriptOrder(Hook("/t"), ear("goodbye")))
            await asyncio.sleep(1)
            session.begin_to_speak()
            await session.background.close()
            return asyncio.get_running_loop().time()

        assert run_virtual(scenario()) == 2.5
