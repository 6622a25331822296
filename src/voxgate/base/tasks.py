"""Tasks with an owner: kept, named, and loud when they fail."""

import asyncio
import traceback
from collections.abc import Coroutine
from typing import Any

from voxgate.base.log import get_logger

log = get_logger("tasks")


def forget(task: "asyncio.Task[Any]") -> None:
    """Let go of everything a cancelled task held; does nothing to another one.

    It keeps its exception until somebody asks for it, and that every frame it came through; these
    refer to the task and to the exception: all of that would wait for the collector of cycles.
    """
    if task.cancelled():
        try:
            task.result()
        except asyncio.CancelledError as end:
            traceback.clear_frames(end.__traceback__)


class Nursery:
    """Background tasks of one owner.

    Unlike `asyncio.TaskGroup` one failed task does not cancel its siblings: its failure is
    logged and the rest go on. The owner must await `close()`.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=f"{self._owner}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        forget(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=failure)

    def __len__(self) -> int:
        return len(self._tasks)

    async def ended(self) -> None:
        """Wait until no task is left, cancelling none."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
