"""What the sandbox knows about the calls it got: kept in memory, bounded, oldest dropped first."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from voxgate.base.clock import iso
from voxgate.sandbox.hearing import measure

CALLS_MAX = 2000
CAPTURE_BYTES_MAX = 128 * 1024 * 1024


@dataclass(slots=True)
class CallRecord:
    """One INVITE with what came of it. Times are seconds since 1970."""

    call_id: str
    number: str  # digits of the dialled user part
    persona: str
    script: str
    uri: str
    from_: str
    source: str
    headers: list[tuple[str, str]]
    started_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: str | None = None  # caller, callee, or network
    sip_status: int = 0
    codec: str | None = None
    steps: list[tuple[float, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    pressed: str = ""
    digits: str = ""
    speech: list[tuple[float, float | None]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    bye_headers: list[tuple[str, str]] = field(default_factory=list)
    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    captured: bytes = b""
    capture_dropped: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> str:
        if self.ended_at is not None:
            return "ended"
        return "ringing" if self.answered_at is None else "answered"

    def summary(self) -> dict[str, Any]:
        return {
            "call_id": self.call_id,
            "number": self.number,
            "persona": self.persona,
            "uri": self.uri,
            "from": self.from_,
            "state": self.state,
            "sip_status": self.sip_status,
            "started_at": iso(self.started_at),
        }

    def to_json(self) -> dict[str, Any]:
        return self.summary() | {
            "script": self.script,
            "source": self.source,
            "headers": [list(header) for header in self.headers],
            "answered_at": self._iso(self.answered_at),
            "ended_at": self._iso(self.ended_at),
            "ended_by": self.ended_by,
            "steps": [{"at_ms": self._since_start(at), "step": step} for at, step in self.steps],
            "said": self.said,
            "pressed": self.pressed,
            "heard": self._heard(),
            "bye_headers": [list(header) for header in self.bye_headers],
            "problems": self.problems,
        }

    def _heard(self) -> dict[str, Any]:
        heard = measure(self.captured)
        return {
            "digits": self.digits,
            "codec": self.codec,
            "received_ms": heard.received_ms,
            "audio_ms": heard.audible_ms,
            "first_audio_ms": heard.first_ms,
            "loudest_rms": heard.loudest_rms,
            "speech": [
                {
                    "at_ms": self._since_start(began),
                    "for_ms": None if ended is None else round((ended - began) * 1000),
                }
                for began, ended in self.speech
            ],
            "packets_received": self.packets_received,
            "packets_sent": self.packets_sent,
            "packets_lost": self.packets_lost,
            "wav": bool(self.captured),
            "capture_dropped": self.capture_dropped,
        }

    def _since_start(self, at: float) -> int:
        return round((at - self.started_at) * 1000)

    @staticmethod
    def _iso(at: float | None) -> str | None:
        return None if at is None else iso(at)


class CallBook:
    """The records by Call-ID; the newest call of a Call-ID wins."""

    def __init__(
        self, *, calls_max: int = CALLS_MAX, capture_bytes_max: int = CAPTURE_BYTES_MAX
    ) -> None:
        self._records: OrderedDict[str, CallRecord] = OrderedDict()
        self._calls_max = calls_max
        self._capture_bytes_max = capture_bytes_max
        self._capture_bytes = 0
        self._arrived = asyncio.Event()

    def add(self, record: CallRecord) -> None:
        previous = self._records.pop(record.call_id, None)
        if previous is not None:
            self._drop_capture(previous)
        self._records[record.call_id] = record
        while len(self._records) > self._calls_max:
            _, oldest = self._records.popitem(last=False)
            self._drop_capture(oldest)
        self._arrived.set()
        self._arrived = asyncio.Event()

    def get(self, call_id: str) -> CallRecord | None:
        return self._records.get(call_id)

    def newest_first(self) -> list[CallRecord]:
        return list(reversed(self._records.values()))

    def clear(self) -> None:
        """Forget the calls that have ended."""
        for call_id, record in list(self._records.items()):
            if record.ended.is_set():
                del self._records[call_id]
                self._drop_capture(record)

    def keep_capture(self, record: CallRecord, samples: bytes) -> None:
        """Store what a call heard; the oldest captures go when memory is full."""
        record.captured = samples
        self._capture_bytes += len(samples)
        for old in list(self._records.values()):
            if self._capture_bytes <= self._capture_bytes_max:
                return
            if old is not record:
                self._drop_capture(old)

    async def wait_for(self, call_id: str, *, ended: bool, within_s: float) -> CallRecord | None:
        """The record as soon as it exists (and has ended, if asked); what there is at timeout."""
        try:
            async with asyncio.timeout(within_s):
                while (record := self._records.get(call_id)) is None:
                    await self._arrived.wait()
                if ended:
                    await record.ended.wait()
        except TimeoutError:
            pass
        return self._records.get(call_id)

    async def wait_at(self, number: str, *, within_s: float) -> list[CallRecord]:
        """Calls to a number, newest first, once the newest has ended; what there is at timeout."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := self.at(number)):
                    await self._arrived.wait()
                await found[0].ended.wait()
        except TimeoutError:
            pass
        return self.at(number)

    def at(self, number: str) -> list[CallRecord]:
        """Calls to a number, newest first."""
        return [record for record in self.newest_first() if record.number == number]

    def _drop_capture(self, record: CallRecord) -> None:
        if record.captured:
            self._capture_bytes -= len(record.captured)
            record.captured = b""
            record.capture_dropped = True
