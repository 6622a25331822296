"""Processes of our own that do one kind of work: what may crash, hang or block is put there.

This is the parent's side; `frames` is the child's and describes what passes between them.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from voxgate.base.errors import VoxgateError
from voxgate.base.frames import REFUSED
from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery

log = get_logger("children")

START_TIMEOUT_S = 30.0
# The child finds modules where its parent does, and never in the working folder. Its own module is
# run as a file, because the package around it would import far more than the child needs.
START = (
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "runpy.run_path(sys.argv[2])['main'](*sys.argv[3:])"
)


class ChildFailed(VoxgateError):
    """The work was not done; the message says why."""


class ChildBusy(ChildFailed):
    """Too much work waits already."""


class ChildLost(ChildFailed):
    """The process ended or did not answer in time; the next request starts another."""


class ChildRefused(ChildFailed):
    """The process looked at the request and declined."""


@dataclass(frozen=True, slots=True)
class _Job:
    request: bytes
    done: asyncio.Future[bytes]


@dataclass(frozen=True, slots=True)
class _Running:
    process: Process
    requests: asyncio.StreamWriter
    answers: asyncio.StreamReader


class Children:
    """Up to `count` processes running `module.main(*arguments)`; the second starts when needed.

    A request that kills its process fails alone: the process is started again for the next.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        count: int,
        waiting_max: int,
        answer_timeout_s: float,
    ) -> None:
        found = find_spec(module)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(module)
        self._name = module.rpartition(".")[2]
        search = json.dumps([folder for folder in sys.path if folder])
        self._command = (sys.executable, "-P", "-c", START, search, found.origin, *arguments)
        self._count = count
        self._answer_timeout_s = answer_timeout_s
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(waiting_max)
        self._children: list[_Child] = []
        self._unfinished = 0
        self._nursery = Nursery(self._name)

    async def start(self) -> None:
        """Have one process ready before there is work; raises ChildFailed."""
        if not self._children:
            await self._add_child().start()

    async def close(self) -> None:
        """Kill the processes; whoever still waits gets ChildLost."""
        await self._nursery.close()
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if not job.done.done():
                job.done.set_exception(ChildLost("the gateway is stopping"))

    async def ask(self, request: bytes) -> bytes:
        """One request, one answer; raises ChildFailed."""
        job = _Job(request, asyncio.get_running_loop().create_future())
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            raise ChildBusy(f"too much waits for {self._name}") from None
        self._unfinished += 1
        if self._unfinished > len(self._children) < self._count:
            self._add_child()
        try:
            return await job.done
        finally:
            self._unfinished -= 1

    def _add_child(self) -> "_Child":
        child = _Child(self._name, self._command, self._answer_timeout_s)
        self._children.append(child)
        self._nursery.start(child.serve(self._jobs), name=str(len(self._children)))
        return child


class _Child:
    """One process and the task that feeds it."""

    def __init__(self, name: str, command: Sequence[str], answer_timeout_s: float) -> None:
        self._name = name
        self._command = command
        self._answer_timeout_s = answer_timeout_s
        self._running: _Running | None = None
        self._starting = asyncio.Lock()

    async def serve(self, jobs: asyncio.Queue[_Job]) -> None:
        """One job after the other, until cancelled."""
        try:
            while True:
                job = await jobs.get()
                if not job.done.done():
                    await self._carry_out(job)
        finally:
            await self._stop()

    async def start(self) -> _Running:
        async with self._starting:
            if self._running is None:
                process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
                )
                if process.stdin is None or process.stdout is None:
                    raise ChildLost(f"{self._name} has no pipes")
                self._running = _Running(process, process.stdin, process.stdout)
                await self._answer(self._running, START_TIMEOUT_S)
            return self._running

    async def _carry_out(self, job: _Job) -> None:
        try:
            running = await self.start()
            running.requests.write(len(job.request).to_bytes(4, "big") + job.request)
            answer = await self._answer(running, self._answer_timeout_s)
        except (ChildFailed, OSError) as failure:
            if not job.done.done():
                lost = ChildLost(f"{self._name} could not be started: {failure}")
                job.done.set_exception(failure if isinstance(failure, ChildFailed) else lost)
        except asyncio.CancelledError:
            if not job.done.done():
                job.done.set_exception(ChildLost("the gateway is stopping"))
            raise
        else:
            if not job.done.done():
                job.done.set_result(answer)

    async def _answer(self, running: _Running, timeout_s: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_s):
                length = int.from_bytes(await running.answers.readexactly(4), "big")
                answer = await running.answers.readexactly(length)
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError) as failure:
            await self._stop()
            what = "did not answer" if isinstance(failure, TimeoutError) else "ended unexpectedly"
            log.warning("child_lost", child=self._name, what=what)
            raise ChildLost(f"{self._name} {what}") from failure
        if answer[0] == REFUSED:
            raise ChildRefused(answer[1:].decode(errors="replace"))
        return answer[1:]

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        if running.process.returncode is None:
            running.process.kill()
        running.requests.close()
        await running.process.wait()
