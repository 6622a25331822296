"""A telephone that tests drive: real SIP and RTP on loopback, caller or callee, one story at a time.

It runs on a thread of its own, so that stories read from top to bottom.
"""

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np

from interop.ports import free_range, wait_until
from voxgate.base.clock import SystemClock
from voxgate.base.settings import Listener
from voxgate.media.engine import MediaEngine, MediaSettings
from voxgate.media.events import DigitReceived, MediaEvent
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.stream import Stream
from voxgate.model.audio import Audio
from voxgate.sdp import negotiate
from voxgate.sdp.attributes import Direction
from voxgate.sdp.description import Description
from voxgate.sdp.negotiate import MediaFacts
from voxgate.sip.dialog.events import (
    AckReceived,
    Answered,
    ByeReceived,
    DialogEvent,
    Ended,
    Failed,
    InfoReceived,
    MessageReceived,
    NotifyReceived,
    Outcome,
    OutgoingInvite,
    Progress,
    ReferReceived,
    ReInvited,
    Rejected,
)
from voxgate.sip.dialog.options import ALLOWED
from voxgate.sip.endpoint import Destination, Endpoint, IncomingInvite, InviteDialog, SipOptions
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers
from voxgate.sip.uri import Uri

T = TypeVar("T")
RATE = 8000
CAPTURE_MS = 60_000


def tone(hertz: float, seconds: float) -> Audio:
    times = np.arange(int(RATE * seconds)) / RATE
    samples = (np.sin(2 * np.pi * hertz * times) * 9000).astype("<i2")
    return Audio(samples.tobytes(), RATE)


@dataclass
class Line:
    """One call as this telephone sees it. Everything but `wait` and `until` returns at once."""

    phone: "Softphone"
    call_id: str
    stream: Stream
    invite: IncomingInvite | None = None
    dialog: InviteDialog | None = None
    offered: Description | None = None
    facts: MediaFacts | None = None
    version: int = 1
    progress: list[int] = field(default_factory=list)
    early_media: bool = False
    status: int | None = None
    ended: str | None = None
    cancelled: bool = False
    bye_headers: dict[str, str] = field(default_factory=dict)
    digits: str = ""
    offers: list[str] = field(default_factory=list)  # of re-INVITEs
    notifies: list[str] = field(default_factory=list)
    subscriptions: list[str] = field(default_factory=list)
    infos: list[tuple[str, str]] = field(default_factory=list)
    refers: list[ReferReceived] = field(default_factory=list)

    def until(self, what: Callable[["Line"], Any], name: str, *, within_s: float = 10.0) -> Any:
        return wait_until(lambda: what(self), within_s=within_s, what=name)

    def header(self, name: str) -> str | None:
        assert self.invite is not None
        return self.invite.request.headers.get(name)

    @property
    def from_user(self) -> str:
        assert self.invite is not None
        return self.invite.request.from_.uri.user or ""

    # What a callee does.

    def ring(self, status: int = 180, reason: str = "Ringing", *, early: bool = False) -> None:
        def go() -> None:
            assert self.invite is not None
            self.invite.ring(status, reason, self._answer_body() if early else b"")

        self.phone.do(go)

    def answer(self) -> None:
        def go() -> None:
            assert self.invite is not None
            body = self._answer_body()
            self.dialog = self.invite.answer(body, lambda e: self.phone.on_dialog(self, e))
            self.status = 200

        self.phone.do(go)

    def reject(self, status: int, reason: str = "") -> None:
        self.phone.do(lambda: self.invite and self.invite.reject(status, reason))

    def _answer_body(self) -> bytes:
        assert self.invite is not None
        self.version += 1
        body, facts = negotiate.answer(
            Description.parse(self.invite.request.body),
            session_id=7,
            version=self.version,
            ip="127.0.0.1",
            port=self.stream.port,
        )
        self.connect(facts)
        return bytes(body)

    # What both do.

    def hang_up(self) -> None:
        self.phone.do(lambda: self.dialog and self.dialog.bye())

    def say(self, hertz: float, seconds: float = 20.0) -> None:
        self.phone.do(lambda: self.stream.play(tone(hertz, seconds)))

    def press(self, digits: str) -> None:
        self.phone.do(lambda: self.stream.send_digits(digits))

    def heard_since(self) -> np.ndarray:
        """What was heard since the last time this was asked."""
        pcm = self.phone.ask(self.stream.take_capture)
        return np.frombuffer(pcm, dtype="<i2").astype(np.float64)

    def hears(self, hertz: float, *, within_s: float = 5.0) -> None:
        """Wait until half a second of this tone was heard; raises when something else is."""
        got = np.zeros(0)

        def loud_enough() -> bool:
            nonlocal got
            got = np.concatenate([got, self.heard_since()])[-RATE // 2 :]
            return len(got) == RATE // 2 and strength(got, hertz) > 0.5

        wait_until(loud_enough, within_s=within_s, what=f"{hertz} Hz at {self.call_id}")

    def level(self) -> float:
        """The loudest sample of the next tenth of a second."""
        self.heard_since()
        got = np.zeros(0)

        def enough() -> bool:
            nonlocal got
            got = np.concatenate([got, self.heard_since()])
            return len(got) >= RATE // 10

        wait_until(enough, within_s=5, what="audio")
        return float(np.abs(got).max())

    def hold(self, *, held: bool = True) -> None:
        self.reinvite(Direction.SENDONLY if held else Direction.SENDRECV)

    def reinvite(self, direction: Direction) -> Outcome:
        answered: Future[Outcome] = Future()

        def go() -> None:
            assert self.dialog is not None
            self.version += 1
            self.offered = negotiate.offer(
                session_id=7,
                version=self.version,
                ip="127.0.0.1",
                port=self.stream.port,
                direction=direction,
            )
            self.dialog.reinvite(bytes(self.offered), answered.set_result)

        self.phone.do(go)
        outcome = answered.result(10)
        if outcome.success and self.offered is not None:
            offered = self.offered
            self.phone.do(
                lambda: self.connect(negotiate.accept(offered, Description.parse(outcome.body)))
            )
        return outcome

    def request(
        self, method: str, *headers: tuple[str, str], body: bytes = b"", kind: str = ""
    ) -> Outcome:
        answered: Future[Outcome] = Future()

        def go() -> None:
            assert self.dialog is not None
            self.dialog.request(
                method,
                headers=headers,
                body=body,
                content_type=kind or "text/plain",
                listener=answered.set_result,
            )

        self.phone.do(go)
        return answered.result(40)

    def refer(self, to: str, *headers: tuple[str, str]) -> Outcome:
        return self.request("REFER", ("Refer-To", to), *headers)

    def notify(self, sipfrag: str, *, over: bool) -> None:
        state = "terminated;reason=noresource" if over else "active;expires=60"
        self.request(
            "NOTIFY",
            ("Event", "refer"),
            ("Subscription-State", state),
            body=sipfrag.encode(),
            kind="message/sipfrag;version=2.0",
        )

    def connect(self, facts: MediaFacts) -> None:
        first = self.facts is None
        self.facts = facts
        self.stream.connect(
            MediaPlan(
                remote_ip=facts.remote_ip,
                remote_port=facts.remote_port,
                remote_rtcp_port=facts.remote_rtcp_port,
                codec=Codec[facts.codec_name],
                payload_type=facts.payload_type,
                dtmf_payload_type=facts.dtmf_payload_type,
                ptime_ms=facts.ptime_ms,
                send=facts.send,
                receive=facts.receive,
            )
        )
        if first:
            self.stream.start_capture(limit_ms=CAPTURE_MS)


def strength(samples: np.ndarray, hertz: float) -> float:
    """The share of the energy that lies at `hertz`."""
    energy = float((samples**2).sum())
    if energy < len(samples) * 100:  # next to silence
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    at = round(hertz * len(samples) / RATE)
    return float(spectrum[max(0, at - 3) : at + 4].sum() / spectrum.sum())


class Softphone:
    """`with Softphone() as phone:`; it takes calls on `port` and places them with `call`."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        low = free_range(40)
        self._media = MediaEngine(MediaSettings(bind_ip="127.0.0.1", rtp_ports=(low, low + 39)))
        self._endpoint = Endpoint(
            [Listener("udp", address, 0)],
            clock=SystemClock(),
            user_agent="softphone",
            options=SipOptions(allow_methods=(*ALLOWED, "REFER")),
        )
        self.lines: list[Line] = []
        self.takes_refer = 202

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_rest: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        await self._media.start()
        await self._endpoint.start()
        self._endpoint.on_invite(self._on_invite)

    async def _stop(self) -> None:
        for line in self.lines:
            if line.dialog is not None and line.ended is None:
                line.dialog.abandon()
        await self._endpoint.stop()
        await self._media.stop()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(15)

    def do(self, work: Callable[[], Any]) -> None:
        self.ask(work)

    def ask(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return self._run(run())

    @property
    def port(self) -> int:
        return self._endpoint.bound[0].port

    def expect_call(self, *, nth: int = 1, within_s: float = 10.0) -> Line:
        def there() -> Line | None:
            return self.lines[nth - 1] if len(self.lines) >= nth else None

        return wait_until(there, within_s=within_s, what="a call")

    def pick_up(self, *, nth: int = 1) -> Line:
        line = self.expect_call(nth=nth)
        line.ring()
        line.answer()
        return line

    def call(self, number: str, port: int, *headers: tuple[str, str]) -> Line:
        def go() -> Line:
            line = self._line(secrets.token_hex(8))
            line.offered = negotiate.offer(
                session_id=7, version=1, ip="127.0.0.1", port=line.stream.port
            )
            uri = Uri.parse(f"sip:{number}@127.0.0.1:{port}")
            out = OutgoingInvite(
                uri=uri,
                destination=Destination("udp", "127.0.0.1", port),
                from_=NameAddr.parse(f"<sip:+49171000@{self.address}>"),
                to=NameAddr(None, uri),
                call_id=line.call_id,
                from_tag=secrets.token_hex(4),
                branch_seed=secrets.token_hex(8),
                body=bytes(line.offered),
                headers=headers,
            )
            line.dialog = self._endpoint.invite(out, lambda event: self.on_dialog(line, event))
            return line

        return self.ask(go)

    def _line(self, call_id: str) -> Line:
        stream = self._media.open(lambda event: self._on_media(line, event))
        line = Line(self, call_id, stream)
        self.lines.append(line)
        return line

    def _on_media(self, line: Line, event: MediaEvent) -> None:
        if isinstance(event, DigitReceived):
            line.digits += event.digit

    def _on_invite(self, invite: IncomingInvite) -> None:
        line = self._line(invite.request.call_id)
        line.invite = invite

        def cancelled() -> None:
            line.cancelled, line.ended = True, "cancelled"

        invite.on_cancel(cancelled)

    def on_dialog(self, line: Line, event: DialogEvent) -> None:
        match event:
            case Progress():
                line.progress.append(event.status)
                if event.body and line.offered is not None:
                    line.early_media = True
                    line.connect(negotiate.accept(line.offered, Description.parse(event.body)))
            case Answered():
                line.status = event.status
                if event.body and line.offered is not None:
                    line.connect(negotiate.accept(line.offered, Description.parse(event.body)))
            case Rejected():
                line.status, line.ended = event.status, "rejected"
            case Failed():
                line.status, line.ended = 0, event.cause
            case ByeReceived():
                line.bye_headers = _plain(event.headers)
            case Ended():
                line.ended = event.cause
            case _:
                self._inside(line, event)

    def _inside(self, line: Line, event: DialogEvent) -> None:
        match event:
            case ReInvited():
                self._reinvited(line, event)
            case AckReceived() if event.body and line.offered is not None:
                line.connect(negotiate.accept(line.offered, Description.parse(event.body)))
            case NotifyReceived():
                line.notifies.append(event.body.decode().strip())
                line.subscriptions.append(event.headers.get("Subscription-State") or "")
            case InfoReceived() | MessageReceived():
                line.infos.append((event.content_type or "", event.body.decode()))
            case ReferReceived():
                line.refers.append(event)
                event.respond(self.takes_refer)
            case _:
                pass

    def _reinvited(self, line: Line, event: ReInvited) -> None:
        line.version += 1
        if event.offer is None:
            line.offered = negotiate.offer(
                session_id=7, version=line.version, ip="127.0.0.1", port=line.stream.port
            )
            line.offers.append("")
            event.respond(200, "OK", body=bytes(line.offered))
            return
        line.offers.append(event.offer.decode())
        body, facts = negotiate.answer(
            Description.parse(event.offer),
            session_id=7,
            version=line.version,
            ip="127.0.0.1",
            port=line.stream.port,
        )
        line.connect(facts)
        event.respond(200, "OK", body=bytes(body))


def _plain(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
