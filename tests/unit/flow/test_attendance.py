"""The wait of a call for its application's commands, in virtual time."""

import asyncio
from types import SimpleNamespace

from unit.call.fakes import ListLog
from unit.flow.fakes import live_call, of_type
from unit.verbs.fakes import FakeCall, verb
from voxgate.flow.attendance import Attendance
from voxgate.flow.background import Background
from voxgate.flow.session import Session
from voxgate.flow.settings import SessionSettings
from voxgate.model.calls import EventType
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.settings import Delay
from voxgate.verbs.contract import ENDED, NEXT, Replace, Verb

WAIT = verb("say", text="one moment")


class Stage:
    def __init__(self) -> None:
        self.log = ListLog()
        self.call = live_call(self.log)
        self.settings = SessionSettings(self.call.record.request)
        self.told: list[object] = []
        self.application = SimpleNamespace(
            sends_commands=True, tell=lambda kind, data: self.told.append((kind, data))
        )
        self.context = FakeCall(say_s=2)
        self.runner: object = None
        self.background = Background(self.call)
        self.speaker = SimpleNamespace(prepare=self._prepare)
        self.prepared: list[tuple[str, str | None]] = []

    prepare = Session.prepare

    async def _prepare(self, text: str, voice: Voice, wish: SynthesizerChoice) -> None:
        self.prepared.append((text, wish.resolve(voice).voice))


def prepared_during(stage: Stage, running: Verb, coming: Verb | None) -> list[str]:
    async def scenario() -> None:
        stage.runner = SimpleNamespace(coming=coming)
        attendance = Attendance(stage, stage.context)  # type: ignore[arg-type]
        attendance.on_verb("starting", running)
        await asyncio.sleep(1)

    run_virtual(scenario())
    return [text for text, _voice in stage.prepared]


def waited(stage: Stage, *, command_at: float) -> tuple[object, float]:
    async def scenario() -> tuple[object, float]:
        arrived = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_later(command_at, arrived.set)
        attendance = Attendance(stage, stage.context)  # type: ignore[arg-type]
        outcome = await attendance.wait(arrived)
        return outcome, loop.time()

    return run_virtual(scenario())


def test_without_a_delay_action_the_call_waits_silently_for_ever():
    stage = Stage()

    assert waited(stage, command_at=3600) == (NEXT, 3600)
    assert stage.context.log == []


def test_fillers_are_heard_while_nothing_runs_whatever_ran_before_fs_309_fs_1168():
    stage = Stage()
    stage.settings.delay = Delay(filler_s=3, actions=(WAIT,), retries=1)

    outcome, _at = waited(stage, command_at=60)

    assert outcome is NEXT
    assert stage.context.told("say") == [("say", 3, "one moment"), ("say", 8, "one moment")]
    assert [data["phase"] for data in of_type(stage.log, EventType.VERB)] == ["filler"] * 2


def test_a_command_ends_the_fillers_but_a_spoken_one_is_heard_out_fs_710():
    stage = Stage()
    stage.settings.delay = Delay(filler_s=3, actions=(WAIT,), retries=9)

    assert waited(stage, command_at=4) == (NEXT, 5)
    assert len(stage.context.told("say")) == 1


def test_an_application_that_never_speaks_is_given_up():
    stage = Stage()
    stage.settings.delay = Delay(give_up_s=9)

    assert waited(stage, command_at=60) == (ENDED, 9)
    assert stage.context.told("hang up") == [
        ("hang up", 9, {"X-Reason": "bot-action-delay-giveup"})
    ]


def test_or_replaced_by_the_actions_for_that():
    stage = Stage()
    stage.settings.delay = Delay(give_up_s=9, give_up_actions=(WAIT,))

    outcome, _at = waited(stage, command_at=60)

    assert isinstance(outcome, Replace)
    assert outcome.document.verbs == (WAIT,)


def test_verbs_are_told_only_to_who_asked_for_it_gotcha_51():
    stage = Stage()
    attendance = Attendance(stage, stage.context)  # type: ignore[arg-type]
    pause = verb("pause", length=1, id="p")

    attendance.on_verb("starting", pause)
    stage.settings.notify_events = True
    attendance.on_verb("finished", pause)

    assert stage.told == [("verb:status", {"event": "finished", "name": "pause", "id": "p"})]


class TestSpeechAhead:
    """FS#816: one say after the other, without a pause for rendering in between."""

    def test_what_is_left_of_a_say_and_the_next_one_are_rendered_while_it_is_heard(self):
        running = verb("say", text=["one", "two", "three"])
        coming = verb("say", text="four", synthesizer={"vendor": "default", "voice": "anna"})
        stage = Stage()

        assert prepared_during(stage, running, coming) == ["two", "three", "four"]
        assert [voice for _text, voice in stage.prepared] == [None, None, "anna"]

    def test_nothing_is_rendered_for_what_may_never_come(self):
        gather = verb("gather", input=["digits"], actionHook="/said")

        assert prepared_during(Stage(), gather, verb("say", text="perhaps")) == []

    def test_what_may_not_be_kept_is_not_rendered_ahead(self):
        """FS#1371: neither of a verb nor of a session that says so."""
        secret = verb("say", text="your number", disableTtsCache=True)
        assert prepared_during(Stage(), verb("pause", length=1), secret) == []

        stage = Stage()
        stage.settings.cache_speech = False
        assert prepared_during(stage, WAIT, verb("say", text="your number")) == []
