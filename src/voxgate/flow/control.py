"""Every call in progress: admits, starts, changes and, at shutdown, ends them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from voxgate.base.log import get_logger
from voxgate.base.tasks import Nursery
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.call.orphan import intended_facts
from voxgate.flow import commands
from voxgate.flow.commands import InvalidCommand
from voxgate.flow.outbound import OutboundCall
from voxgate.flow.ports import CallPorts
from voxgate.flow.session import Session
from voxgate.flow.sessions import Sessions
from voxgate.model.calls import Call, Json
from voxgate.provisioning.call_update import CallUpdateDraft
from voxgate.provisioning.calls import SipAnswer
from voxgate.provisioning.errors import CallGone, CallIncompatible, Invalid
from voxgate.routing.outbound import RoutePlan
from voxgate.verbs.contract import NotNow

log = get_logger("flow")

BYE_GRACE_S = 2.0  # for the far ends' answers to our BYE and CANCEL at shutdown


class RunningCall(Protocol):
    """A call as control runs it; `run` never raises and ends with the terminal event."""

    @property
    def call(self) -> LiveCall: ...

    @property
    def session(self) -> Session: ...

    async def run(self) -> None: ...


class CallControl:
    """The CallEngine behind `POST Calls`. One per process; `stop` ends it for good."""

    def __init__(
        self,
        ports: CallPorts,
        sessions: Sessions,
        *,
        max_calls: int,
        journal_ready: Callable[[], bool],
        finished: Callable[[Call], None],
    ) -> None:
        self._ports = ports
        self._sessions = sessions
        self._max_calls = max_calls
        self._journal_ready = journal_ready
        self._finished = finished
        self._running: dict[str, RunningCall] = {}
        self._tasks = Nursery("calls")
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def ports(self) -> CallPorts:
        """What its calls are given."""
        return self._ports

    def calls(self) -> list[Call]:
        """The records of the calls in progress."""
        return [running.call.record for running in self._running.values()]

    def conferences(self, account_sid: str) -> Sequence[str]:
        return self._ports.conferences.names(account_sid)

    def queues(self, account_sid: str) -> Mapping[str, int]:
        return self._ports.queues.lengths(account_sid)

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
        self.adopt(OutboundCall(live, plan, self._ports))

    def adopt(self, running: RunningCall) -> None:
        """Run a call that is on disk, until its end."""
        live = running.call
        self._running[live.sid] = running
        self._idle.clear()
        self._tasks.start(self._conduct(running), name=live.sid)

    async def _conduct(self, running: RunningCall) -> None:
        try:
            await running.run()
        finally:
            del self._running[running.call.sid]
            self._finished(running.call.record)
            if not self._running:
                self._idle.set()

    async def update(self, call_sid: str, change: CallUpdateDraft) -> SipAnswer | None:
        session = self._sessions.of(call_sid)
        if session is None:
            raise CallGone.of(call_sid)
        try:
            return await commands.update(session, change)
        except NotNow as why:
            raise CallIncompatible.of(call_sid, str(why)) from why
        except InvalidCommand as invalid:
            raise Invalid(str(invalid)) from invalid

    async def stop(self, grace_s: float) -> None:
        """No new calls; running ones get `grace_s` to end, then CANCEL or BYE."""
        self._stopping = True
        log.info("calls_draining", calls=len(self._running), grace_s=grace_s)
        if not await self._wait_idle(grace_s):
            for running in list(self._running.values()):
                if not running.session.hang_up(outcome.SHUTDOWN):
                    running.session.cancel(outcome.SHUTDOWN)
            await self._wait_idle(BYE_GRACE_S)
        await self._tasks.close()

    async def _wait_idle(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
