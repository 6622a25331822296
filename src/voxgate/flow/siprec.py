"""Has a call recorded by recording servers: a SIPREC client (RFC 7866).

Each server gets a session of its own, with one stream for what this leg says and one for what it
hears. A server that refuses or hangs up does not disturb the others, nor the call.
"""

import asyncio
import secrets

from voxgate.base.errors import VoxgateError
from voxgate.call import siprec
from voxgate.call.siprec import Participant, RecordedCall
from voxgate.flow.session import Session
from voxgate.media.errors import MediaError
from voxgate.media.events import MediaEvent
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.stream import Stream
from voxgate.media.taps import Injection, Tap
from voxgate.model.calls import EventType
from voxgate.sdp import siprec as description
from voxgate.sdp.description import Description, SdpError
from voxgate.sdp.siprec import RecordedStream
from voxgate.sip.dialog.events import (
    Answered,
    ByeReceived,
    DialogEvent,
    Ended,
    Failed,
    Outcome,
    OutgoingInvite,
    ReInvited,
    Rejected,
)
from voxgate.sip.endpoint import InviteDialog
from voxgate.sip.headers import NameAddr
from voxgate.sip.uri import Uri
from voxgate.verbs.capabilities.recorder import RecordOrder
from voxgate.verbs.contract import NotNow

LABELS = ("1", "2")  # what this leg says, what it hears
NOTICE_MS = 60  # of sound handed on at a time
SOURCE = ("+sip.src",)  # RFC 7866 section 6.1.1: a recording client's Contact says so


class SiprecRecording:
    """One recording of one call, on every server of its order."""

    def __init__(self, session: Session, order: RecordOrder) -> None:
        self._session = session
        self._order = order
        self._servers: list[RecordingServer] = []
        self._tap: Tap | None = None

    async def start(self) -> None:
        """Returns once a server records. Raises NotNow when none will."""
        session, order = self._session, self._order
        if not order.servers:
            raise NotNow("siprecServerURL is required to start a SIPREC recording")
        leg = session.leg
        if leg is None:
            raise NotNow("the call has no media")
        recorded = self._recorded()
        servers = [RecordingServer(session, uri, recorded, order) for uri in order.servers]
        failures = await asyncio.gather(*(server.begin() for server in servers))
        self._servers = [
            server for server, why in zip(servers, failures, strict=True) if why is None
        ]
        for server, why in zip(servers, failures, strict=True):
            if why is not None:
                session.call.alert("recording-failure", f"{server.uri} does not record", why)
        if not self._servers:
            raise NotNow("; ".join(why for why in failures if why is not None))
        self._tap = leg.stream.tap(mix="stereo", on_audio=self._on_audio, notice_ms=NOTICE_MS)

    async def stop(self) -> None:
        if self._tap is not None:
            self._tap.close()
        for server in self._servers:
            server.end()
        self._servers.clear()

    def pause(self, *, paused: bool) -> None:
        for server in self._servers:
            server.pause(paused=paused)

    def _on_audio(self, stereo: bytes) -> None:
        samples = memoryview(stereo).cast("h")
        said, heard = bytes(samples[0::2]), bytes(samples[1::2])
        for server in self._servers:
            server.write(said, heard)

    def _recorded(self) -> RecordedCall:
        """Who talks to whom: of a call to us the far end is the caller, of ours the callee."""
        record, host = self._session.call.record, self._session.ports.dial_settings.local_host
        sides = ((record.from_, record.request.caller_name), (record.to, None))
        far, near = sides if record.direction == "inbound" else sides[::-1]
        said, heard = (
            Participant(f"sip:{user}@{host}", name, label)
            for (user, name), label in zip((far, near), LABELS, strict=True)
        )
        return RecordedCall(
            record.call_sid,
            (said, heard),
            self._session.ports.clock.wall(),
            self._order.recording_id,
        )


class RecordingServer:
    """One server's session: its dialog and its two streams."""

    def __init__(
        self, session: Session, uri: str, recorded: RecordedCall, order: RecordOrder
    ) -> None:
        self.uri = uri
        self._session = session
        self._recorded = recorded
        self._headers = order.headers
        self._sdp_id = session.ports.session_id()
        self._version = 0
        self._streams: list[Stream] = []
        self._injections: list[Injection] = []
        self._offered: Description | None = None
        self._dialog: InviteDialog | None = None
        self._begun: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._over = False

    async def begin(self) -> str | None:
        """Returns None once the server records, else why it does not."""
        try:
            await self._invite()
        except (VoxgateError, OSError) as failure:
            self._close()
            return str(failure)
        why = await self._begun
        if why is not None:
            self._close()
        return why

    async def _invite(self) -> None:
        ports = self._session.ports
        uri = Uri.parse(self.uri)
        destination = await ports.locate(uri, True)  # noqa: FBT003 - the port's own signature
        self._streams = [ports.open_stream(_ignore) for _ in LABELS]
        content_type, body = siprec.body(bytes(self._offer()), self._recorded.metadata())
        from_ = NameAddr.parse(f"<sip:voxgate@{ports.dial_settings.local_host}>")
        self._dialog = ports.inviter.invite(
            OutgoingInvite(
                uri=uri,
                destination=destination,
                from_=from_,
                to=NameAddr.parse(f"<{uri}>"),
                call_id=secrets.token_hex(16),
                from_tag=secrets.token_hex(8),
                branch_seed=secrets.token_hex(8),
                body=body,
                content_type=content_type,
                headers=(("Require", "siprec"), *self._headers),
                contact_parameters=SOURCE,
            ),
            self._on_dialog,
        )

    def _offer(self, *, paused: bool = False) -> Description:
        self._version += 1
        sides = [
            RecordedStream(label, stream.advertised_ip, stream.port)
            for label, stream in zip(LABELS, self._streams, strict=True)
        ]
        self._offered = description.offer(
            sides, session_id=self._sdp_id, version=self._version, paused=paused
        )
        return self._offered

    def write(self, said: bytes, heard: bytes) -> None:
        """A server that takes nothing for a minute loses sound, and nobody else notices."""
        for injection, sound in zip(self._injections, (said, heard), strict=False):
            try:
                injection.write(sound)
            except MediaError:
                injection.clear()

    def pause(self, *, paused: bool) -> None:
        if self._dialog is not None and not self._over:
            self._dialog.reinvite(bytes(self._offer(paused=paused)), self._on_changed)

    def end(self) -> None:
        """BYE, and the ports are free again."""
        if self._dialog is not None and not self._over:
            self._dialog.bye()
        self._close()

    def _on_changed(self, outcome: Outcome) -> None:
        if outcome.success and not self._over:
            self._take(outcome.body)

    def _on_dialog(self, event: DialogEvent) -> None:
        match event:
            case Answered():
                self._settle(self._take(event.body))
            case Rejected():
                self._settle(f"{self.uri} answered {event.status} {event.reason}")
            case Failed():
                self._settle(f"{self.uri}: {event.detail or event.cause}")
            case ReInvited():
                event.respond(200, "OK", body=bytes(self._offered) if self._offered else b"")
            case ByeReceived() | Ended():
                self._gone()
            case _:
                pass

    def _take(self, answer: bytes) -> str | None:
        """Send where the server wants it; why not, if that cannot be."""
        if self._offered is None or self._over:
            return "the recording is over"
        try:
            agreed = description.accept(self._offered, Description.parse(answer))
        except SdpError as unusable:
            if self._dialog is not None:
                self._dialog.bye()
            return f"{self.uri}: {unusable}"
        for stream, facts in zip(self._streams, agreed, strict=True):
            stream.connect(
                MediaPlan(
                    remote_ip=facts.remote_ip,
                    remote_port=facts.remote_port,
                    remote_rtcp_port=facts.remote_rtcp_port,
                    codec=Codec[facts.codec_name],
                    payload_type=facts.payload_type,
                    ptime_ms=facts.ptime_ms,
                    send=facts.send,
                    receive=False,
                    rtp_timeout_s=0,
                )
            )
        if not self._injections:
            self._injections = [stream.inject() for stream in self._streams]
        return None

    def _settle(self, why: str | None) -> None:
        if not self._begun.done():
            self._begun.set_result(why)

    def _gone(self) -> None:
        """The server hung up, or was lost."""
        if self._over:
            return
        self._settle(f"{self.uri} hung up")
        self._session.call.alert("recording-failure", f"{self.uri} ended the recording")
        self._session.call.note(EventType.MEDIA, {"type": "siprec_lost", "server": self.uri})
        self._close()

    def _close(self) -> None:
        self._over = True
        for stream in self._streams:
            stream.close()


def _ignore(_event: MediaEvent) -> None:
    """Nothing comes from a recording server."""
