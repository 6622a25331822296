"""Every call in progress: admits, starts, changes and, at shutdown, ends them."""

import asyncio
from collections.abc import Callable

from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.orphan import intended_facts
from voxgate.flow.outbound import OutboundCall
from voxgate.flow.ports import CallPorts
from voxgate.model.calls import Call, Json
from voxgate.provisioning.calls import CallUpdate, UpdateResult
from voxgate.routing.outbound import RoutePlan

log = get_logger("flow")

BYE_GRACE_S = 2.0  # for the far ends' answers to our BYE and CANCEL at shutdown


class CallControl:
    """The CallEngine behind `POST Calls`. One per process; `stop` ends it for good."""

    def __init__(
        self,
        ports: CallPorts,
        *,
        max_calls: int,
        journal_ready: Callable[[], bool],
        finished: Callable[[Call], None],
    ) -> None:
        self._ports = ports
        self._max_calls = max_calls
        self._journal_ready = journal_ready
        self._finished = finished
        self._running: dict[str, OutboundCall] = {}
        self._tasks = Nursery("calls")
        self._redirecting = Nursery("redirects")
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._running)

    def calls(self) -> list[Call]:
        """The records of the calls in progress."""
        return [running.call.record for running in self._running.values()]

    def admit(self) -> str | None:
        if self._stopping:
            return "the gateway is shutting down"
        if not self._journal_ready():
            return "the call journal cannot be written"
        if len(self._running) >= self._max_calls:
            return f"all {self._max_calls} calls (VOXGATE_MAX_CALLS) are in progress"
        return None

    def intent(self, call: Call, plan: RoutePlan) -> Json | None:
        return intended_facts(call, plan, self._ports.dial_settings.local_host)

    def start(self, call: Call, plan: RoutePlan) -> None:
        live = LiveCall(call, self._ports.log, self._ports.clock)
        running = OutboundCall(live, plan, self._ports)
        self._running[live.sid] = running
        self._idle.clear()
        self._tasks.start(self._conduct(running), name=live.sid)

    async def _conduct(self, running: OutboundCall) -> None:
        try:
            await running.run()
        finally:
            del self._running[running.call.sid]
            self._finished(running.call.record)
            if not self._running:
                self._idle.set()

    def update(self, call_sid: str, change: CallUpdate) -> UpdateResult:
        running = self._running.get(call_sid)
        if running is None or running.call.ended:
            return UpdateResult.GONE
        if change.call_status == "completed":
            done = running.hang_up(outcome.ENDED_BY_API)
        elif change.call_status == "no-answer":
            done = running.cancel(outcome.CANCELLED)
        elif change.call_hook is not None and running.call.is_answered:
            if change.call_status_hook is not None:
                self._ports.redirect_status(call_sid, change.call_status_hook)
            self._redirecting.start(running.session.redirect(change.call_hook), name=call_sid)
            done = True
        else:
            done = False
        return UpdateResult.OK if done else UpdateResult.INCOMPATIBLE

    async def stop(self, grace_s: float) -> None:
        """No new calls; running ones get `grace_s` to end, then CANCEL or BYE."""
        self._stopping = True
        log.info("calls_draining", calls=len(self._running), grace_s=grace_s)
        if not await self._wait_idle(grace_s):
            for running in list(self._running.values()):
                if not running.hang_up(outcome.SHUTDOWN):
                    running.cancel(outcome.SHUTDOWN)
            await self._wait_idle(BYE_GRACE_S)
        await self._redirecting.close()
        await self._tasks.close()

    async def _wait_idle(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
