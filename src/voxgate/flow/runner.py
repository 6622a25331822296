"""Runs documents: one verb after the other, until none is left or the call is over."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from voxgate.base.tasks import forget
from voxgate.call.call import LiveCall
from voxgate.flow.line import Line
from voxgate.model.calls import EventType, Json
from voxgate.verbs.contract import (
    Document,
    Need,
    Outcome,
    Replace,
    Step,
    Verb,
    VerbContext,
)

NOTES_MAX = 16  # fields a verb may add to its timeline entry


class Notes:
    """What a running verb says about itself, for its `finished` entry."""

    def __init__(self) -> None:
        self.facts: Json = {}

    def add(self, data: Json) -> None:
        if len(self.facts) < NOTES_MAX:
            self.facts |= data


class Watcher(Protocol):
    """Who is told of each verb, and knows whether a call without verbs is over."""

    def on_verb(self, event: str, verb: Verb) -> None:
        """`event`: "starting" or "finished"."""
        ...

    @property
    def more_may_come(self) -> bool:
        """Whether the application may send verbs by itself."""
        ...

    async def wait(self, arrived: asyncio.Event) -> Outcome:
        """Returns once `arrived` is set, or with what to do instead of waiting longer."""
        ...


class Runner:
    """Owned by the call's task. `replace` and `append` may be called while `run` runs."""

    def __init__(
        self,
        call: LiveCall,
        context: VerbContext,
        notes: Notes,
        line: Line,
        watcher: Watcher | None = None,
    ) -> None:
        self._watcher = watcher
        self._arrived = asyncio.Event()  # a document came from outside
        self._call = call
        self._context = context
        self._notes = notes
        self._line = line
        self._queue: deque[Verb] = deque()
        self.verb: Verb | None = None  # that runs now
        self._current: asyncio.Task[Outcome] | None = None
        self._replaced = False

    @property
    def coming(self) -> Verb | None:
        """What runs after the running one unless something comes in between."""
        return self._queue[0] if self._queue else None

    def replace(self, document: Document) -> None:
        """Drop what is left, stop the running verb, go on with `document`."""
        self._queue = deque(document.verbs)
        self._replaced = True
        self._arrived.set()
        if self._current is not None:
            self._current.cancel()

    def append(self, document: Document) -> None:
        """Run `document` after what is left."""
        self._queue.extend(document.verbs)
        self._arrived.set()

    def cut(self, kinds: Collection[str]) -> None:
        """Stop the running verb if it is one of these, with those of them that follow directly."""
        if self.verb is None or self.verb.verb not in kinds:
            return
        while self._queue and self._queue[0].verb in kinds:
            self._queue.popleft()
        self.skip()

    def skip(self) -> None:
        """Stop the running verb and go on with the next."""
        if self._current is not None:
            self._current.cancel()

    async def run(self, fetch: Callable[[], Awaitable[Document]]) -> None:
        """Returns when the verbs ran out or a verb ended the call.

        `fetch` gives the first document; what it raises is passed on unless a replacement came
        in while it ran.
        """
        first = await fetch()
        if not self._replaced:
            self._queue.extendleft(reversed(first.verbs))
        while True:
            outcome = await self._next()
            if outcome is Step.ENDED:
                return
            if isinstance(outcome, Replace) and not self._replaced:
                self._queue = deque(outcome.document.verbs)

    async def _next(self) -> Outcome:
        """What the next verb came to; without one, what the wait for more did."""
        self._replaced = False
        if self._queue:
            return await self._run_one(self._queue.popleft())
        if self._watcher is None or not self._watcher.more_may_come:
            return Step.ENDED
        self._arrived.clear()
        return await self._watcher.wait(self._arrived)

    async def _run_one(self, verb: Verb) -> Outcome:
        about: Json = {"verb": verb.verb} | ({"id": verb.id} if verb.id else {})
        unfit = Need.UNANSWERED if self._line.is_answered else Need.ANSWERED
        if verb.need is unfit:
            self._call.note(EventType.VERB, about | {"phase": "skipped"})
            return Step.NEXT
        self._call.note(EventType.VERB, about | {"phase": "started"} | verb.facts())
        self._notes.facts = {}
        self.verb = verb
        self._tell("starting", verb)
        async with asyncio.TaskGroup() as tasks:
            finished = tasks.create_task(self._perform(verb), name=f"verb:{verb.verb}")
            finished.add_done_callback(self._done)
            self._current = finished
        self._tell("finished", verb)
        if finished.cancelled():  # by `replace`; the call's own end cancels this task too
            self._call.note(EventType.VERB, about | {"phase": "interrupted"} | self._notes.facts)
            return Step.NEXT
        failed = "error" in self._notes.facts
        phase = "failed" if failed else "finished"
        self._call.note(EventType.VERB, about | {"phase": phase} | self._notes.facts)
        return finished.result()

    def _done(self, finished: "asyncio.Task[Outcome]") -> None:
        self._current = self.verb = None
        forget(finished)

    def _tell(self, event: str, verb: Verb) -> None:
        if self._watcher is not None:
            self._watcher.on_verb(event, verb)

    async def _perform(self, verb: Verb) -> Outcome:
        if verb.need is Need.AUDIO and not self._line.is_answered:
            early = verb.wants_early_media or self._context.settings.early_media
            opening = self._line.early_media if early else self._line.answer
            await opening()
        return await verb.run(self._context)
