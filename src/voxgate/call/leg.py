"""One leg: a SIP dialog and its media stream, joined."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from voxgate.base.errors import VoxgateError
from voxgate.base.listeners import Listeners
from voxgate.call import outcome
from voxgate.call.outcome import Cause
from voxgate.media.events import (
    DigitReceived,
    MediaEvent,
    MediaTimeout,
    PlaybackFinished,
    PlaybackId,
)
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.stream import Stream
from voxgate.model.audio import Audio
from voxgate.sdp import negotiate
from voxgate.sdp.description import Description, Origin, SdpError
from voxgate.sdp.negotiate import MediaFacts
from voxgate.sip.dialog.events import (
    AckReceived,
    ByeReceived,
    DialogEvent,
    Ended,
    InfoReceived,
    ReInvited,
    Updated,
)
from voxgate.sip.endpoint import InviteDialog
from voxgate.sip.headers import Reason
from voxgate.sip.message import Headers

_SIGNAL = re.compile(rb"(?i)signal\s*=\s*([0-9*#A-D])")
_PLAIN_DIGIT = re.compile(rb"\s*([0-9*#A-D])\s*")


_NOWHERE = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True)
class LegEnd:
    """How a leg ended. `cause` None: the far end hung up; else the fault that ended it."""

    cause: Cause | None
    reason: Reason | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class NoDialog(VoxgateError):
    """A request inside the call was to be sent before the call was answered."""


class MediaSession:
    """Our side of offer and answer over one stream: versions of our description, and the facts."""

    def __init__(self, stream: Stream, *, session_id: int, rtp_timeout_s: float) -> None:
        self.stream = stream
        self._session_id = session_id
        self._version = 0
        self._rtp_timeout_s = rtp_timeout_s
        self._offered: Description | None = None
        self.facts: MediaFacts | None = None
        self._plan: MediaPlan | None = None
        self.description = b""  # ours, as it was last written

    def offer(self) -> bytes:
        self._version += 1
        self._offered = negotiate.offer(
            session_id=self._session_id,
            version=self._version,
            ip=self.stream.advertised_ip,
            port=self.stream.port,
        )
        self.description = bytes(self._offered)
        return self.description

    def accept(self, answer: bytes) -> MediaFacts:
        """The far end's answer to our last offer. Raises SdpError."""
        if self._offered is None:
            raise SdpError("an answer came to no offer")
        return self._use(negotiate.accept(self._offered, Description.parse(answer)))

    def answer(self, offer: bytes) -> bytes:
        """Our answer to an offer of the far end (re-INVITE, UPDATE). Raises SdpError."""
        self._version += 1
        description, facts = negotiate.answer(
            Description.parse(offer),
            session_id=self._session_id,
            version=self._version,
            ip=self.stream.advertised_ip,
            port=self.stream.port,
        )
        self._use(facts)
        self.description = bytes(description)
        return self.description

    def relay(self, body: bytes) -> bytes:
        """Somebody else's description as our next one here: in our name, its audio elsewhere.

        Raises SdpError.
        """
        self._version += 1
        theirs = Description.parse(body)
        ip = self.stream.advertised_ip
        origin = Origin("-", str(self._session_id), str(self._version), ip)
        self.description = bytes(replace(theirs, origin=origin))
        return self.description

    def rest(self) -> None:
        """The audio goes elsewhere: send nothing and miss nothing until the next offer."""
        if self._plan is not None:
            self.stream.connect(replace(self._plan, send=False, receive=False))

    def back_to(self, facts: MediaFacts) -> None:
        """As it was before an answer that never left."""
        self._use(facts)

    def _use(self, facts: MediaFacts) -> MediaFacts:
        if self.facts is not None and facts.remote_ip in _NOWHERE:
            # Hold as before RFC 3264: the address is nothing to send to, not even RTCP.
            facts = replace(
                facts,
                remote_ip=self.facts.remote_ip,
                remote_port=self.facts.remote_port,
                remote_rtcp_port=self.facts.remote_rtcp_port,
            )
        self.facts = facts
        self._plan = MediaPlan(
            remote_ip=facts.remote_ip,
            remote_port=facts.remote_port,
            remote_rtcp_port=facts.remote_rtcp_port,
            codec=Codec[facts.codec_name],
            payload_type=facts.payload_type,
            dtmf_payload_type=facts.dtmf_payload_type,
            dtmf_receive_payload_type=facts.dtmf_receive_payload_type,
            ptime_ms=facts.ptime_ms,
            send=facts.send,
            receive=facts.receive,
            rtp_timeout_s=self._rtp_timeout_s,
        )
        self.stream.connect(self._plan)
        return facts


class Leg:
    """A leg that has media. The owner must call `release` once it is over.

    A call to us may have media before it is answered, and gets its dialog with the answer.
    `on_end` is called exactly once, from the event loop, when the far end or the network ends it.
    """

    def __init__(
        self,
        dialog: InviteDialog | None,
        media: MediaSession,
        *,
        on_end: Callable[[LegEnd], None],
        on_hold: Callable[[bool], None],
    ) -> None:
        self._dialog = dialog
        self.media = self._media = media
        self._on_end = on_end
        self._on_hold = on_hold
        self._held = False
        self._over = False
        self._bye: ByeReceived | None = None
        self._digit_listeners = Listeners[[str, int]]()
        self._rtp_digits_seen = False
        self._playbacks: dict[PlaybackId, asyncio.Future[int]] = {}

    @property
    def dialog(self) -> InviteDialog:
        """Raises NoDialog while the call was not answered."""
        if self._dialog is None:
            raise NoDialog("the call is not answered yet")
        return self._dialog

    def confirm(self, dialog: InviteDialog) -> None:
        """The call that had early media was answered."""
        self._dialog = dialog

    def supersede(self, dialog: InviteDialog) -> None:
        """Another dialog takes the place of this leg's, which is hung up and heard of no more."""
        former, self._dialog = self._dialog, dialog
        self._rtp_digits_seen = False
        if former is not None:
            former.abandon()
        self._report_hold()

    # What the far end does.

    def on_dialog(self, event: DialogEvent) -> None:
        match event:
            case ReInvited(offer=None):
                event.respond(200, "OK", body=self._media.offer())
            case ReInvited() | Updated():
                self._renegotiate(event)
            case AckReceived() if event.body:
                self._take_late_answer(event.body)
            case InfoReceived():
                self._take_info(event)
            case ByeReceived():
                self._bye = event
                self._end(LegEnd(None, event.reason, _shown(event.headers)))
            case Ended():
                self._end(LegEnd(_ENDED.get(event.cause)))
            case _:
                pass

    def _renegotiate(self, event: ReInvited | Updated) -> None:
        if event.offer is None:
            event.respond(200, "OK")
            return
        try:
            body = self._media.answer(event.offer)
        except SdpError:
            event.respond(488, "Not Acceptable Here")
            return
        event.respond(200, "OK", body=body)
        self._report_hold()

    def _take_late_answer(self, body: bytes) -> None:
        """The answer in the ACK to our offer; a bad one keeps the media as it was."""
        try:
            self._media.accept(body)
        except SdpError:
            return
        self._report_hold()

    def _report_hold(self) -> None:
        facts = self._media.facts
        if facts is not None and facts.on_hold != self._held:
            self._held = facts.on_hold
            self._on_hold(self._held)

    def _take_info(self, event: InfoReceived) -> None:
        pattern = {
            "application/dtmf-relay": _SIGNAL.search,
            "application/dtmf": _PLAIN_DIGIT.fullmatch,
        }.get((event.content_type or "").split(";")[0].strip().lower())
        found = pattern(event.body) if pattern is not None else None
        # A far end that sends digits both ways sends each twice; RTP is the exact one.
        if found is not None and not self._rtp_digits_seen:
            self._digit(found.group(1).decode().upper(), 0)

    def on_media(self, event: MediaEvent) -> None:
        match event:
            case DigitReceived():
                self._rtp_digits_seen = True
                self._digit(event.digit, event.duration_ms)
            case PlaybackFinished():
                waiting = self._playbacks.pop(event.playback, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(event.played_ms)
            case MediaTimeout():
                self._end(LegEnd(outcome.MEDIA_TIMEOUT))
            case _:
                pass

    def _digit(self, digit: str, duration_ms: int) -> None:
        self._digit_listeners.tell(digit, duration_ms)

    def _end(self, end: LegEnd) -> None:
        if not self._over:
            self._over = True
            self._on_end(end)

    # What we do.

    def listen_for_digits(self, listener: Callable[[str, int], None]) -> Callable[[], None]:
        """`listener(digit, duration_ms)` for every key; call the result to stop."""
        return self._digit_listeners.add(listener)

    async def play(self, audio: Audio, *, offset_ms: int = 0) -> int:
        """Returns the milliseconds heard; cancelling it silences the audio at once."""
        heard = self._expect(self._media.stream.play(audio, offset_ms=offset_ms))
        try:
            return await heard
        except asyncio.CancelledError:
            self.silence()
            raise

    def queue(self, audio: Audio) -> "asyncio.Future[int]":
        """Play after what plays, without a gap; the result is the milliseconds heard."""
        return self._expect(self._media.stream.queue(audio))

    def silence(self) -> None:
        """Cut what plays and what waits."""
        for waiting in self._playbacks.values():
            waiting.cancel()
        self._playbacks.clear()
        self._media.stream.stop_playback()

    def _expect(self, playback: PlaybackId) -> "asyncio.Future[int]":
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._playbacks[playback] = heard
        return heard

    def hang_up(self, headers: Mapping[str, str]) -> None:
        self._over = True
        if self._dialog is not None:
            self._dialog.bye(tuple(headers.items()))

    @property
    def on_hold(self) -> bool:
        return self._held

    @property
    def stream(self) -> Stream:
        return self._media.stream

    def release(self) -> None:
        self._over = True
        for waiting in self._playbacks.values():
            waiting.cancel()
        self._digit_listeners.clear()
        self._on_end = self._on_hold = _nobody
        self._media.stream.close()


def _nobody(_: object) -> None:
    """Is told any more."""


# Of a received BYE everything but these reaches the application (contract 3.4).
_CORE_HEADERS = frozenset({
    "via",
    "from",
    "to",
    "call-id",
    "cseq",
    "max-forwards",
    "contact",
    "route",
    "record-route",
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
})


def _shown(headers: Headers) -> dict[str, str]:
    return {
        name: value
        for name, value in headers
        if name.lower() not in _CORE_HEADERS and not name.lower().startswith("content-")
    }


_ENDED = {
    "session-expired": outcome.SESSION_EXPIRED,
    "ack-timeout": outcome.DIALOG_LOST,
    "transport": outcome.DIALOG_LOST,
    "gone": outcome.DIALOG_LOST,
}
