"""The offline recogniser that every installation has: a few English phrases, told by hints.

It tells which of the hints was said, and nothing else: no dictation. The model (PocketSphinx,
en-US) comes with the package and runs in processes of its own.
"""

import asyncio
import json
from dataclasses import dataclass

from voxgate.base.children import ChildBusy, ChildFailed, ChildRefused, Children
from voxgate.base.tasks import Nursery
from voxgate.model.calls import Json
from voxgate.speech.recognition import (
    Alternative,
    Heard,
    Listening,
    Recognition,
    RecognitionFailed,
    RecognitionFault,
)
from voxgate.speech.results import Results
from voxgate.speech.utterances import Utterances

NAME = "pocketsphinx"
WORKERS = 2
# At some 30 ms an utterance the longest queue is still over within seconds.
WAITING_MAX = 128
ANSWER_TIMEOUT_S = 10.0
HINTS_MAX = 200
INTERIM_EVERY_MS = 500
UTTERANCES_MAX = 4  # not yet recognised; more are lost
RATE_HZ = 8000


class Pocketsphinx:
    def __init__(self) -> None:
        self._children = Children(
            "voxgate.speech.pocketsphinx_worker",
            count=WORKERS,
            waiting_max=WAITING_MAX,
            answer_timeout_s=ANSWER_TIMEOUT_S,
        )

    async def start(self) -> None:
        """Nothing is started before it is wanted: many installations never do."""

    async def close(self) -> None:
        await self._children.close()

    async def open(self, listening: Listening) -> Recognition:
        if listening.language.lower().partition("-")[0] != "en":
            detail = f"it understands English only, not {listening.language}"
            raise RecognitionFailed("unknown-language", NAME, detail)
        hints = tuple(dict.fromkeys(hint for hint in listening.hints if hint.strip()))
        if not 0 < len(hints) <= HINTS_MAX:
            detail = f"it needs from 1 to {HINTS_MAX} hints: the phrases it shall tell apart"
            raise RecognitionFailed("refused", NAME, detail)
        if listening.rate_hz != RATE_HZ:
            raise RecognitionFailed("refused", NAME, f"it hears {RATE_HZ} Hz only")
        # The process is there when words come.
        ready = await ask(self._children, hints, b"")
        return _Hearing(self._children, listening, hints, ready["unknown"])


async def ask(children: Children, hints: tuple[str, ...], sound: bytes) -> Json:
    """One request to the worker; raises RecognitionFailed."""
    request = json.dumps({"phrases": hints}).encode() + b"\n" + sound
    try:
        answer: Json = json.loads(await children.ask(request))
    except ChildFailed as failure:
        kind: RecognitionFault = "failed"
        if isinstance(failure, ChildBusy):
            kind = "busy"
        elif isinstance(failure, ChildRefused):
            kind = "refused"
        raise RecognitionFailed(kind, NAME, str(failure)) from failure
    return answer


@dataclass(frozen=True, slots=True)
class _Job:
    sound: bytes
    is_final: bool
    age: int  # of which `reset`


class _Hearing:
    def __init__(
        self,
        children: Children,
        listening: Listening,
        hints: tuple[str, ...],
        unknown_words: list[str],
    ) -> None:
        self.cautions = tuple(f"hints: nobody knows how {word} is said" for word in unknown_words)
        self._children = children
        self._listening = listening
        self._hints = hints
        self._utterances = Utterances(RATE_HZ)
        self._asked_at_ms = 0
        self._age = 0
        self._results = Results()
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue(UTTERANCES_MAX)
        self._nursery = Nursery(NAME)
        self._nursery.start(self._recognise_all(), name="recognise")

    def feed(self, pcm: bytes) -> None:
        self._utterances.feed(pcm)
        if not self._utterances.speaking:
            return
        if self._utterances.is_full:
            self._ask(is_final=True)
        elif self._is_time_for_interim:
            self._ask(is_final=False)

    @property
    def _is_time_for_interim(self) -> bool:
        since_ms = self._utterances.ms - self._asked_at_ms
        return self._listening.interim and since_ms >= INTERIM_EVERY_MS and self._jobs.empty()

    def turn(self, *, speaking: bool) -> None:
        if self._utterances.speaking and not speaking:
            self._ask(is_final=True)
        self._utterances.speaking = speaking

    def reset(self) -> None:
        self._age += 1
        self._utterances.clear()
        self._asked_at_ms = 0
        self._results.clear()

    def finish(self) -> None:
        self.turn(speaking=False)
        if not self._jobs.full():
            self._jobs.put_nowait(None)
        else:
            self._results.complete()

    async def next(self) -> Heard | None:
        return await self._results.next()

    async def close(self) -> None:
        self._results.complete()
        await self._nursery.close()

    def _ask(self, *, is_final: bool) -> None:
        sound = self._utterances.take() if is_final else self._utterances.sound
        self._asked_at_ms = self._utterances.ms
        if sound and not self._jobs.full():
            self._jobs.put_nowait(_Job(sound, is_final, self._age))

    async def _recognise_all(self) -> None:
        while (job := await self._jobs.get()) is not None:
            try:
                answer = await ask(self._children, self._hints, job.sound)
            except RecognitionFailed as failed:
                self._results.fail(failed)
                return
            if job.age == self._age:
                self._tell(answer, is_final=job.is_final)
        self._results.complete()

    def _tell(self, answer: Json, *, is_final: bool) -> None:
        if answer["phrase"] is not None:
            told = Alternative(answer["phrase"], answer["confidence"])
            self._results.put(Heard(NAME, self._listening.language, is_final, (told,), answer))
