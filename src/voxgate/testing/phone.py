"""A phone for tests: calls and is called over real SIP and RTP, and notes what it sees and hears.

It takes every call at once.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from voxgate.base.clock import SystemClock
from voxgate.base.settings import Listener
from voxgate.media.engine import MediaEngine, MediaSettings
from voxgate.media.events import DigitReceived, MediaEvent
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.stream import Stream
from voxgate.model.audio import Audio
from voxgate.sdp import negotiate
from voxgate.sdp.description import Description
from voxgate.sdp.negotiate import MediaFacts
from voxgate.sip.auth import Credentials
from voxgate.sip.endpoint import (
    Answered,
    Destination,
    DialogEvent,
    Ended,
    Endpoint,
    Failed,
    IncomingInvite,
    InfoReceived,
    InviteDialog,
    OutgoingInvite,
    Progress,
    ReInvited,
    Rejected,
    SipOptions,
    Updated,
)
from voxgate.sip.headers import Headers, NameAddr
from voxgate.sip.uri import Uri

CAPTURE_MS = 60_000
INCOMING_MAX = 100
RTP_PORTS = (36000, 37999)


@dataclass(slots=True)
class PhoneCall:
    """One call of a `Phone`. Wait for what should happen; look at what did."""

    call_id: str
    stream: Stream
    offered: Description
    progress: list[int] = field(default_factory=list)
    status: int | None = None  # of the final response; 0 when there was none
    reason: str = ""
    headers: Headers = field(default_factory=Headers)
    ended: str | None = None
    digits: str = ""
    holds: list[bool] = field(default_factory=list)
    infos: list[InfoReceived] = field(default_factory=list)
    dialog: InviteDialog | None = None
    capturing: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, happened: Callable[["PhoneCall"], bool]) -> None:
        """Return once `happened(self)` is true; it is asked again whenever something happens."""
        while not happened(self):
            await self._changed.wait()

    async def until_answered(self) -> None:
        await self.until(lambda call: call.status is not None)
        if self.status != 200:
            raise AssertionError(f"the call was not answered: {self.status} {self.reason}")

    async def until_final(self) -> int:
        """The status of the final response, 0 when none came."""
        await self.until(lambda call: call.status is not None)
        return self.status or 0

    async def until_ended(self) -> None:
        await self.until(lambda call: call.ended is not None)

    def heard(self) -> bytes:
        """PCM of what was heard since the last time this was asked."""
        return self.stream.take_capture()

    def say(self, audio: Audio) -> None:
        self.stream.play(audio)

    def press(self, digits: str) -> None:
        self.stream.send_digits(digits)

    def hang_up(self) -> None:
        """BYE, or CANCEL while it still rings."""
        if self.dialog is not None:
            self.dialog.bye()

    def wake(self) -> None:
        """Something happened. For the phone."""
        self._changed.set()
        self._changed = asyncio.Event()


class Phone:
    """Use `async with Phone.plugged_in() as phone`; each `call` returns at once."""

    def __init__(self, endpoint: Endpoint, media: MediaEngine) -> None:
        self._endpoint = endpoint
        self._media = media
        self.calls: list[PhoneCall] = []
        self._incoming: asyncio.Queue[PhoneCall] = asyncio.Queue(INCOMING_MAX)
        endpoint.on_invite(self._on_invite)

    @classmethod
    @asynccontextmanager
    async def plugged_in(cls, *, rtp_ports: tuple[int, int] = RTP_PORTS) -> AsyncIterator["Phone"]:
        """A phone on free ports of loopback."""
        media = MediaEngine(MediaSettings(bind_ip="127.0.0.1", rtp_ports=rtp_ports))
        endpoint = Endpoint(
            [Listener("udp", "127.0.0.1", 0), Listener("tcp", "127.0.0.1", 0)],
            clock=SystemClock(),
            user_agent="voxgate test phone",
            options=SipOptions(),
        )
        await media.start()
        await endpoint.start()
        phone = cls(endpoint, media)
        try:
            yield phone
        finally:
            for call in phone.calls:
                call.stream.close()
            await endpoint.stop()
            await media.stop()

    def call(
        self,
        number: str,
        destination: Destination,
        *,
        headers: Sequence[tuple[str, str]] = (),
        credentials: Credentials | None = None,
        dtmf: bool = True,
        offer: bytes | None = None,
    ) -> PhoneCall:
        """Send an INVITE for `number` to `destination`; `offer` in place of our own description."""
        stream = self._media.open(lambda event: self._on_media(call, event))
        description = negotiate.offer(
            session_id=1,
            version=1,
            ip=stream.advertised_ip,
            port=stream.port,
            dtmf_payload_type=101 if dtmf else None,
        )
        call = PhoneCall(secrets.token_hex(12), stream, description)
        uri = Uri.parse(f"sip:{number}@{destination.sent_by}")
        own = NameAddr.parse("<sip:+15005550001@127.0.0.1>")
        invite = OutgoingInvite(
            uri=uri,
            destination=destination,
            from_=own,
            to=NameAddr.parse(f"<{uri}>"),
            call_id=call.call_id,
            from_tag=secrets.token_hex(6),
            branch_seed=secrets.token_hex(8),
            body=bytes(description) if offer is None else offer,
            headers=tuple(headers),
            credentials=credentials,
        )
        self.calls.append(call)
        call.dialog = self._endpoint.invite(invite, lambda event: self._on_dialog(call, event))
        return call

    @property
    def port(self) -> int:
        """Where it is called, over UDP."""
        return next(one.port for one in self._endpoint.bound if one.transport == "udp")

    async def next_call(self) -> PhoneCall:
        """The next call to this phone, in the order in which they came; it is answered already."""
        return await self._incoming.get()

    def _on_invite(self, invite: IncomingInvite) -> None:
        stream = self._media.open(lambda event: self._on_media(call, event))
        description, facts = negotiate.answer(
            Description.parse(invite.request.body),
            session_id=1,
            version=1,
            ip=stream.advertised_ip,
            port=stream.port,
        )
        call = PhoneCall(invite.request.call_id, stream, description)
        self.calls.append(call)
        self._listen(call, facts)
        call.headers = invite.request.headers
        call.dialog = invite.answer(bytes(description), lambda event: self._on_dialog(call, event))
        call.status = 200
        self._incoming.put_nowait(call)

    def _on_dialog(self, call: PhoneCall, event: DialogEvent) -> None:
        match event:
            case Progress():
                call.progress.append(event.status)
                if event.body:
                    self._connect(call, event.body)
            case Answered():
                if event.body:
                    self._connect(call, event.body)
                call.status, call.reason = event.status, event.reason
            case Rejected():
                call.status, call.reason, call.headers = event.status, event.reason, event.headers
                call.ended = "rejected"
            case Failed():
                call.status, call.reason, call.ended = 0, event.detail, event.cause
            case ReInvited() | Updated() if event.offer is not None:
                self._renegotiate(call, event)
            case InfoReceived():
                call.infos.append(event)
            case Ended():
                call.ended = event.cause
            case _:
                pass
        call.wake()

    def _renegotiate(self, call: PhoneCall, event: ReInvited | Updated) -> None:
        description, facts = negotiate.answer(
            Description.parse(event.offer or b""),
            session_id=1,
            version=2 + len(call.holds),
            ip=call.stream.advertised_ip,
            port=call.stream.port,
        )
        call.holds.append(facts.on_hold)
        event.respond(200, body=bytes(description))

    def _connect(self, call: PhoneCall, answer: bytes) -> None:
        self._listen(call, negotiate.accept(call.offered, Description.parse(answer)))

    @staticmethod
    def _listen(call: PhoneCall, facts: MediaFacts) -> None:
        call.stream.connect(
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
        if not call.capturing:
            call.capturing = True
            call.stream.start_capture(limit_ms=CAPTURE_MS)

    def _on_media(self, call: PhoneCall, event: MediaEvent) -> None:
        if isinstance(event, DigitReceived):
            call.digits += event.digit
            call.wake()
