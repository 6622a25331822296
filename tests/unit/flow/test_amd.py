"""Detection on a staged call: the core's events come from the test, on virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from unit.flow.ear_stage import StageSession
from unit.flow.fakes import of_type
from voxgate.amd.hints import Hints
from voxgate.flow.amd import CallAmd
from voxgate.media.events import (
    MediaEvent,
    ToneKind,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
)
from voxgate.model.calls import EventType
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.answering import AmdObject
from voxgate.verbs.contract import Document, NotNow
from voxgate.verbs.vocabulary import parse_document

HOOK = {"url": "/amd", "method": "POST"}


class Stage(StageSession):
    """A session whose stream is watched."""

    def __init__(self) -> None:
        super().__init__()
        self.ports.amd_hints = Hints
        self.watched: list[str] = []
        self.work: list[asyncio.Task[Any]] = []
        self.leg.age_ms = lambda: round(asyncio.get_running_loop().time() * 1000)
        self.leg.watch_tones = self._watch

    def _watch(self) -> Any:
        self.watched.append("begins")
        return lambda: self.watched.append("ends")

    def last_words(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self.work.append(task)
        return task

    def tell_media(self, *events: MediaEvent) -> None:
        for event in events:
            self._tell(event)

    @property
    def hooked(self) -> list[str]:
        return [result["type"] for _, _, result in self.application.asked]

    @property
    def noted(self) -> list[str]:
        return [data["type"] for data in of_type(self.log, EventType.AMD)]


def amd(**fields: object) -> Any:
    return AmdObject.model_validate({"actionHook": HOOK, **fields}).order


def run(story: Coroutine[Any, Any, Stage]) -> Stage:
    return run_virtual(story)


async def settle(stage: Stage) -> None:
    await asyncio.gather(*stage.work)
    await stage.background.close()


def test_without_media_nobody_can_be_listened_to():
    async def story() -> None:
        stage = Stage()
        stage.leg = None  # type: ignore[assignment]
        CallAmd(stage).start(amd())  # type: ignore[arg-type]

    with pytest.raises(NotNow, match="no media"):
        run_virtual(story())


def test_what_is_found_is_noted_and_told_in_order_and_the_stream_is_let_go():
    async def story() -> Stage:
        stage = Stage()
        CallAmd(stage).start(amd())  # type: ignore[arg-type]
        await asyncio.sleep(0.6)
        stage.tell_media(ToneStarted(ToneKind.BEEP, 1000.0, 500, 0.1))
        await asyncio.sleep(0.3)
        stage.tell_media(ToneStopped(ToneKind.BEEP, 800, 300))
        await settle(stage)
        return stage

    stage = run(story())

    assert stage.hooked == [
        "amd_machine_detected",
        "amd_tone_detected",
        "amd_machine_stopped_speaking",
        "amd_stopped",
    ]
    assert stage.noted == stage.hooked
    assert stage.watched == ["begins", "ends"]
    assert stage.listeners == 0


def test_a_recogniser_that_cannot_be_read_is_an_alert_and_the_sounds_decide():
    async def story() -> Stage:
        stage = Stage()
        recognizer = {"vendor": "deepgram", "speed": "high"}
        timers = {"noSpeechTimeoutMs": 500}
        wire = {"actionHook": HOOK, "recognizer": recognizer, "timers": timers}
        CallAmd(stage).start_as_ordered(wire)  # type: ignore[arg-type]
        await asyncio.sleep(2)
        await settle(stage)
        return stage

    stage = run(story())

    assert stage.hooked == ["amd_no_speech_detected", "amd_stopped"]
    (alert,) = of_type(stage.log, EventType.ALERT)
    assert "recognizer.speed" in alert["message"]


def test_verbs_in_the_answer_replace_the_application():
    async def story() -> Stage:
        stage = Stage()
        stage.application.answer = parse_document([{"verb": "hangup"}], strict=True)
        CallAmd(stage).start(amd(timers={"noSpeechTimeoutMs": 500}))  # type: ignore[arg-type]
        await asyncio.sleep(2)
        await settle(stage)
        return stage

    stage = run(story())

    assert [type(document) for document in stage.replaced] == [Document, Document]


def test_a_slow_hook_does_not_hold_up_the_detection():
    async def story() -> Stage:
        stage = Stage()
        stage.application.hook_s = 30.0
        CallAmd(stage).start(amd())  # type: ignore[arg-type]
        await asyncio.sleep(1.5)
        stage.tell_media(VoiceStarted(1000), VoiceStopped(1300, 300))
        await asyncio.sleep(2)
        assert stage.noted == ["amd_human_detected", "amd_stopped"]
        assert stage.hooked == ["amd_human_detected"]
        await settle(stage)
        return stage

    assert run(story()).hooked == ["amd_human_detected", "amd_stopped"]


def test_a_detection_that_another_one_replaces_says_that_it_stopped():
    async def story() -> Stage:
        stage = Stage()
        capability = CallAmd(stage)  # type: ignore[arg-type]
        capability.start(amd())
        await asyncio.sleep(1)
        capability.start(amd())
        await asyncio.sleep(1)
        capability.stop()
        await settle(stage)
        return stage

    assert run(story()).hooked == ["amd_stopped", "amd_stopped"]


def test_another_calls_application_may_be_told():
    async def story() -> tuple[Stage, Stage]:
        callee, caller = Stage(), Stage()
        order = amd(timers={"noSpeechTimeoutMs": 500})
        CallAmd(callee, told=caller).start(order)  # type: ignore[arg-type]
        await asyncio.sleep(2)
        await settle(caller)
        return callee, caller

    callee, caller = run_virtual(story())

    assert callee.noted == ["amd_no_speech_detected", "amd_stopped"]
    assert caller.noted == callee.hooked == []
    assert caller.hooked == ["amd_no_speech_detected", "amd_stopped"]


class TestWithARecogniser:
    @staticmethod
    def listen(*utterances: object) -> Stage:
        async def story() -> Stage:
            stage = Stage()
            options = {"vendor": "scripted", "scriptedOptions": {"utterances": list(utterances)}}
            order = amd(recognizer={**options, "language": "en-US"}, digitCount=6)
            CallAmd(stage).start(order)  # type: ignore[arg-type]
            await asyncio.sleep(0.2)
            await stage.speak()
            await asyncio.sleep(20)
            await settle(stage)
            return stage

        return run(story())

    def test_its_words_decide_and_are_told(self):
        stage = self.listen("hello there")

        assert stage.hooked == ["amd_human_detected", "amd_stopped"]
        assert stage.application.asked[0][2] == {
            "type": "amd_human_detected",
            "reason": "short greeting",
            "greeting": "hello there",
            "language": "en-US",
        }

    def test_its_digits_are_counted(self):
        assert self.listen("you have reached 555 1234").hooked[0] == "amd_machine_detected"

    def test_gotcha_78_one_that_fails_is_an_error_and_the_sounds_decide(self):
        stage = self.listen({"error": "the line broke"})

        assert stage.hooked == ["amd_error", "amd_no_speech_detected", "amd_stopped"]
        assert stage.application.asked[0][2]["vendor"] == "scripted"
        assert "the line broke" in stage.application.asked[0][2]["error"]

    def test_gotcha_78_one_without_credentials_is_an_error(self):
        async def story() -> Stage:
            stage = Stage()
            CallAmd(stage).start(amd(recognizer={"vendor": "deepgram"}))  # type: ignore[arg-type]
            await asyncio.sleep(10)
            await settle(stage)
            return stage

        stage = run(story())

        assert stage.hooked == ["amd_error", "amd_no_speech_detected", "amd_stopped"]
        assert stage.application.asked[0][2]["vendor"] == "deepgram"
