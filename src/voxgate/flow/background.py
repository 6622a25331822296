"""What runs beside a call's verbs: transcription, taps, gathers in the background."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery
from voxgate.call.call import LiveCall
from voxgate.model.calls import EventType

log = get_logger("flow")


class Background:
    """Named activities of one call. One that fails ends itself, never its call.

    The owner must await `close()` when the call is over.
    """

    def __init__(self, call: LiveCall) -> None:
        self._call = call
        self._nursery = Nursery(call.sid)
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Begin `work`; what ran under this name is stopped."""
        self.stop(name)
        self._tasks[name] = self._nursery.start(self._guarded(name, work), name=name)

    def stop(self, name: str) -> bool:
        """Cancel an activity; False when none of this name runs."""
        task = self._tasks.pop(name, None)
        if task is None or task.done():
            return False
        task.cancel()
        return True

    def is_running(self, name: str) -> bool:
        task = self._tasks.get(name)
        return task is not None and not task.done()

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        await self._nursery.close()
        self._tasks.clear()

    async def _guarded(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as failure:  # boundary: an activity beside the call must not end it
            log.exception("background_failed", call_sid=self._call.sid, activity=name)
            data = {"type": "background_failed", "activity": name, "error": type(failure).__name__}
            self._call.note(EventType.MEDIA, data)
            self._call.alert("background-failure", f"{name} stopped: an error inside the gateway")
