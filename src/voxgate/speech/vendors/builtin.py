"""The offline voice that every installation has: espeak-ng, in processes of its own."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader

from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery
from voxgate.model.audio import Audio
from voxgate.model.calls import Json
from voxgate.speech.contract import Phrase, Segment, SpeechFailed, Utterance
from voxgate.speech.languages import Languages

log = get_logger("speech.builtin")

NAME = "builtin"
WORKER = Path(__file__).parent.parent / "espeak_worker.py"
# A second process keeps others talking while one request hangs; it starts only when needed.
WORKERS = 2
# At about 5 ms a sentence the longest queue is still over within seconds.
WAITING_MAX = 512
ANSWER_TIMEOUT_S = 20.0
VARIANT_BY_GENDER = {"FEMALE": "f2", "MALE": "m3"}


@dataclass(frozen=True, slots=True)
class _Job:
    request: bytes
    done: asyncio.Future[bytes]


class Builtin:
    """Speaks every language of espeak-ng; `voice` is one of its variants (`f2`, `m3`, `Annie`)."""

    def __init__(self) -> None:
        data_folder = Path(espeakng_loader.get_data_path())
        self.languages = Languages.read(data_folder)
        self._variants = {
            file.name.lower(): file.name for file in (data_folder / "voices" / "!v").iterdir()
        }
        self._command = (
            sys.executable,
            "-P",
            str(WORKER),
            espeakng_loader.get_library_path(),
            str(data_folder),
        )
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(WAITING_MAX)
        self._workers: list[_Worker] = []
        self._unfinished = 0
        self._nursery = Nursery("speech")

    @property
    def voices(self) -> Sequence[str]:
        """The names `voice` may have, in any language."""
        return sorted(self._variants.values(), key=str.lower)

    async def start(self) -> None:
        if not self._workers:
            await self._add_worker().start()

    async def close(self) -> None:
        await self._nursery.close()
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if not job.done.done():
                job.done.set_exception(SpeechFailed("failed", NAME, "the gateway is stopping"))

    async def render(self, utterance: Utterance) -> Audio:
        request = json.dumps({
            "voice": self._voice_name(utterance),
            "rate_hz": utterance.rate_hz,
            "segments": [_wire(segment) for segment in utterance.segments],
        })
        job = _Job(request.encode(), asyncio.get_running_loop().create_future())
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            raise SpeechFailed("busy", NAME, "too many texts wait to be spoken") from None
        self._unfinished += 1
        if self._unfinished > len(self._workers) < WORKERS:
            self._add_worker()
        try:
            return Audio(await job.done, utterance.rate_hz)
        finally:
            self._unfinished -= 1

    def _voice_name(self, utterance: Utterance) -> str:
        path = self.languages.nearest(utterance.voice.language).path
        if utterance.voice.voice is None:
            variant = VARIANT_BY_GENDER.get(utterance.gender or "")
            return f"{path}+{variant}" if variant else path
        variant = self._variants.get(utterance.voice.voice.lower())
        if variant is None:
            raise SpeechFailed("unknown-voice", NAME, f"there is no voice {utterance.voice.voice}")
        return f"{path}+{variant}"

    def _add_worker(self) -> "_Worker":
        worker = _Worker(self._command)
        self._workers.append(worker)
        self._nursery.start(worker.serve(self._jobs), name=f"worker-{len(self._workers)}")
        return worker


@dataclass(frozen=True, slots=True)
class _Running:
    process: Process
    requests: asyncio.StreamWriter
    answers: asyncio.StreamReader


class _Worker:
    """One speaking process, started again whenever it has died."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._running: _Running | None = None
        self._starting = asyncio.Lock()

    async def serve(self, jobs: asyncio.Queue[_Job]) -> None:
        """Speak one job after the other, until cancelled. A job that kills the process fails."""
        try:
            while True:
                job = await jobs.get()
                if not job.done.done():
                    await self._carry_out(job)
        finally:
            await self._stop()

    async def start(self) -> _Running:
        """Returns when the process can speak; raises SpeechFailed."""
        async with self._starting:
            if self._running is None:
                process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
                )
                if process.stdin is None or process.stdout is None:
                    raise SpeechFailed("failed", NAME, "the speech process has no pipes")
                self._running = _Running(process, process.stdin, process.stdout)
                await self._answer(self._running)
            return self._running

    async def _carry_out(self, job: _Job) -> None:
        try:
            running = await self.start()
            running.requests.write(len(job.request).to_bytes(4, "big") + job.request)
            sound = await self._answer(running)
        except SpeechFailed as failure:
            if not job.done.done():
                job.done.set_exception(failure)
        except asyncio.CancelledError:
            job.done.cancel()
            raise
        else:
            if not job.done.done():
                job.done.set_result(sound)

    async def _answer(self, running: _Running) -> bytes:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                length = int.from_bytes(await running.answers.readexactly(4), "big")
                answer = await running.answers.readexactly(length)
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError) as failure:
            await self._stop()
            late = isinstance(failure, TimeoutError)
            detail = "the speech process did not answer" if late else "the speech process ended"
            log.warning("speech_process_lost", late=late)
            raise SpeechFailed("failed", NAME, detail) from failure
        if answer[0] != 0:
            raise SpeechFailed("failed", NAME, answer[1:].decode(errors="replace"))
        return answer[1:]

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        if running.process.returncode is None:
            running.process.kill()
        await running.process.wait()


def _wire(segment: Segment) -> Json:
    if isinstance(segment, Phrase):
        return {
            "text": segment.text,
            "rate": segment.rate,
            "pitch": segment.pitch,
            "gain_db": segment.gain_db,
        }
    return {"ms": segment.ms}
