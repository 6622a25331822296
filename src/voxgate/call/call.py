"""A live call: its record, its event log, and the one way each of its statuses is reported."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from voxgate.base.clock import Clock
from voxgate.call.events import EventLog
from voxgate.model.calls import Call, CallEvent, CallStatus, EventType, Json, Outcome

SETTLE_S = 1.0

# A status is reported only when it is further than the last one, so never twice or backwards.
_RANK = {
    CallStatus.TRYING: 1,
    CallStatus.RINGING: 2,
    CallStatus.EARLY_MEDIA: 3,
    CallStatus.IN_PROGRESS: 4,
}


class LiveCall:
    """Keeps the record true and writes every change to the log.

    One task drives it; it does no I/O itself.
    """

    def __init__(self, record: Call, log: EventLog, clock: Clock) -> None:
        self.record = record
        self._log = log
        self._clock = clock
        self._rank = 0
        self._answered_at: float | None = None
        self._rang_at: float | None = None
        self._on_answer: list[Callable[[], None]] = []
        self._last_seq = record.last_seq
        self.ended = False

    @property
    def sid(self) -> str:
        return self.record.call_sid

    @property
    def is_answered(self) -> bool:
        return self._answered_at is not None

    @property
    def rang_ms(self) -> int | None:
        """From the first ringing to the answer; None when it was answered without ringing."""
        if self._rang_at is None or self._answered_at is None:
            return None
        return round((self._answered_at - self._rang_at) * 1000)

    def note(self, type_: EventType, data: Json, *, urgent: bool = False) -> CallEvent | None:
        """Put a fact on the timeline."""
        event = self._log.append(self.sid, type_, data, urgent=urgent)
        if event is not None:
            self._last_seq = event.seq
        return event

    def alert(self, alert_type: str, message: str, detail: str | None = None) -> None:
        data = {"alert_type": alert_type, "message": message}
        self.note(EventType.ALERT, data | ({"detail": detail} if detail else {}))

    def report(self, status: CallStatus, sip_status: int, sip_reason: str) -> None:
        """A provisional status, or in-progress; what does not lead further is not reported."""
        if _RANK[status] <= self._rank or self.ended:
            return
        self._rank = _RANK[status]
        if status in {CallStatus.RINGING, CallStatus.EARLY_MEDIA} and self._rang_at is None:
            self._rang_at = self._clock.monotonic()
        self._change(status=status, sip_status=sip_status, sip_reason=sip_reason)
        self.note(EventType.STATUS, self._status_data(), urgent=status is CallStatus.IN_PROGRESS)

    def complain(self, error: str, reason: str) -> None:
        """Tell the status as it stands once more, with what went wrong (contract 3.6)."""
        if not self.ended:
            data = self._status_data() | {"error": error, "reason": reason}
            self.note(EventType.STATUS, data)

    def answer(self, sbc_callid: str, facts: Json) -> None:
        """The 200 OK came; `facts` is what recovery needs to end the dialog after a crash."""
        self._answered_at = self._clock.monotonic()
        self._change(answered_at=self._clock.wall(), sbc_callid=sbc_callid)
        self.note(EventType.ANSWERED, facts)
        self.report(CallStatus.IN_PROGRESS, 200, "OK")
        for listener in self._on_answer:
            listener()

    def when_answered(self, listener: Callable[[], None]) -> None:
        """Call `listener` once the call is answered; at once when it is."""
        if self.is_answered:
            listener()
        else:
            self._on_answer.append(listener)

    def tag(self, data: Json) -> None:
        """Replace customerData; later payloads carry it."""
        self._change(tag=data)

    def route_via(self, trunk: str | None, sbc_callid: str) -> None:
        """The attempt now under way."""
        self._change(trunk=trunk, sbc_callid=sbc_callid)

    def end(
        self,
        status: CallStatus,
        outcome: Outcome,
        *,
        by: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """The terminal event; the first one counts. `by`: "caller" (the far end) or "jambonz"."""
        if self.ended:
            return
        self.ended = True
        answered_s = None
        if self._answered_at is not None:
            answered_s = max(0, round(self._clock.monotonic() - self._answered_at))
        self._change(
            status=status,
            sip_status=outcome.sip_status,
            sip_reason=outcome.sip_reason,
            ended_at=self._clock.wall(),
            duration_s=answered_s,
            termination_by=by,
            outcome=outcome.to_json(),
        )
        data = self._status_data() | {"call_termination_by": by, "outcome": outcome.to_json()}
        if answered_s is not None:
            data["duration"] = answered_s
        if headers:
            data["headers"] = dict(headers)
        self.note(EventType.ENDED, data, urgent=True)

    async def settled(self) -> None:
        """Wait until everything said so far is durable, at most a second.

        While the journal cannot be written the call goes on: its callee must not hear silence.
        """
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._log.committed(self.sid, self._last_seq)
        except TimeoutError:
            return

    @property
    def last_seq(self) -> int:
        return self._last_seq

    def _status_data(self) -> Json:
        record = self.record
        data: Json = {
            "call_status": record.status.value,
            "sip_status": record.sip_status,
            "sip_reason": record.sip_reason,
        }
        if record.sbc_callid is not None:
            data["sbc_callid"] = record.sbc_callid
        if record.tag:
            data["tag"] = record.tag
        return data

    def _change(self, **changes: object) -> None:
        self.record = replace(self.record, **changes)  # type: ignore[arg-type]
        self._log.update(self.record)
