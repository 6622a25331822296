"""A call being dialled without a network: a scripted far end, a log that is a list."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from voxgate.call.call import LiveCall
from voxgate.call.dial import AddressRefused, Connected, Dial, DialSettings, NotConnected
from voxgate.call.leg import MediaSession
from voxgate.call.outcome import CANCELLED
from voxgate.media.plan import MediaPlan
from voxgate.model.calls import (
    Call,
    CallEvent,
    CallRequest,
    CallStatus,
    EventType,
    Json,
    Target,
)
from voxgate.model.carriers import Carrier, Gateway
from voxgate.routing.outbound import Attempt, RoutePlan
from voxgate.sip.dialog.events import (
    Answered,
    DialogState,
    Failed,
    OutgoingInvite,
    Progress,
    Rejected,
    Sent,
)
from voxgate.sip.headers import Headers
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


class FakeClock:
    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return 1_700_000_000.0 + asyncio.get_running_loop().time()


class ListLog:
    def __init__(self) -> None:
        self.events: list[CallEvent] = []

    def append(
        self, call_sid: str, type_: EventType, data: Json, *, urgent: bool = False
    ) -> CallEvent:
        at = asyncio.get_running_loop().time()
        event = CallEvent(call_sid, len(self.events) + 2, at, type_, data)
        self.events.append(event)
        return event

    def update(self, call: Call) -> None:
        pass

    async def committed(self, call_sid: str, seq: int) -> None:
        pass

    def statuses(self) -> list[str]:
        return [e.data["call_status"] for e in self.events if e.type is EventType.STATUS]


class FakeStream:
    advertised_ip, port = "192.0.2.1", 20000

    def __init__(self) -> None:
        self.plans: list[MediaPlan] = []

    def connect(self, plan: MediaPlan) -> None:
        self.plans.append(plan)


# What a far end does: (seconds after the step before, event or "silence").
def progress(status: int, reason: str = "", body: bytes = b"", tag: str | None = "t") -> Progress:
    return Progress(status, reason, Headers(), body, tag, None)


def rejected(status: int, reason: str = "", **headers: str) -> Rejected:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Rejected(status, reason, Headers(fields), b"")


def answered(body: bytes = SDP) -> Answered:
    state = DialogState("sip:far@192.0.2.9", (), "t", 1)
    return Answered(200, "OK", Headers(), body, "t", state)


Step = tuple[float, object]


@dataclass
class FakeDialog:
    """What our side did to one INVITE, at which second."""

    invite: OutgoingInvite
    sent_at: float
    listener: object
    done: list[tuple[str, float]] = field(default_factory=list)
    on_cancel: object = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    cancel_headers: tuple[tuple[str, str], ...] = ()

    def cancel(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._did("cancel")
        self.cancel_headers = tuple(headers)
        if self.on_cancel is not None:
            self.listener(self.on_cancel)

    def abandon(self) -> None:
        self._did("abandon")
        for timer in self.timers:
            timer.cancel()

    def bye(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._did("bye")

    def _did(self, what: str) -> None:
        self.done.append((what, asyncio.get_running_loop().time()))


class FarEnds:
    """Answers the first INVITE by the first script, and so on."""

    def __init__(self, *scripts: Sequence[Step], on_cancel: object = None) -> None:
        self._scripts = list(scripts)
        self._on_cancel = on_cancel
        self.dialogs: list[FakeDialog] = []

    def invite(self, out: OutgoingInvite, listener) -> FakeDialog:
        loop = asyncio.get_running_loop()
        dialog = FakeDialog(out, loop.time(), listener, on_cancel=self._on_cancel)
        script = self._scripts[len(self.dialogs)]
        self.dialogs.append(dialog)
        listener(Sent(out.cseq, out.branch(out.cseq)))
        at = 0.0
        for after, event in script:
            at += after
            dialog.timers.append(loop.call_later(at, listener, event))
        return dialog


NO_ANSWER_TO_CANCEL = Failed("cancel-timeout", "no 487")


def plan_of(*hosts: str) -> RoutePlan:
    carrier = Carrier("c", "carrier-a")
    attempts = tuple(Attempt(carrier, Gateway(f"g-{h}", "c", h), "test") for h in hosts)
    return RoutePlan("named_trunk", "test", attempts)


@dataclass
class Dialled:
    result: Connected | NotConnected
    log: ListLog
    far: FarEnds
    took_s: float
    stream: FakeStream


async def dial(
    far: FarEnds,
    *hosts: str,
    timeout_s: int = 60,
    cancel_at: float | None = None,
    cancel_headers: tuple[tuple[str, str], ...] = (),
    on_progress: Callable[[Progress], None] | None = None,
) -> Dialled:
    """Dial `hosts` in order; the refused address is "refused"."""
    loop = asyncio.get_running_loop()
    log, stream = ListLog(), FakeStream()
    request = CallRequest("+49301", Target("phone", number="+49302"), timeout_s=timeout_s)
    call = Call(
        "sid", "account", "provider", "first-call-id", "outbound", "+49301", "+49302",
        CallStatus.TRYING, request, "trace", 0.0,
    )  # fmt: skip
    dialling = Dial(
        LiveCall(call, log, FakeClock()),
        plan_of(*hosts),
        MediaSession(stream, session_id=1, rtp_timeout_s=60),
        inviter=far,
        locate=_locate,
        settings=DialSettings("198.51.100.1", 4.0, None),
        on_progress=on_progress,
    )
    if cancel_at is not None:
        loop.call_later(cancel_at, dialling.cancel, CANCELLED, cancel_headers)
    result = await dialling.run()
    return Dialled(result, log, far, loop.time(), stream)


async def _locate(uri: Uri, policed: bool) -> Destination:
    if uri.host == "refused":
        raise AddressRefused("refused is not allowed")
    if uri.host == "unknown":
        raise OSError("unknown has no address")
    return Destination("udp", uri.host, uri.port)
