"""The callee's end of the media: offer and answer over one stream (RFC 3264)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from voxgate.media.engine import MediaEngine
from voxgate.media.events import MediaEvent
from voxgate.media.plan import Codec, MediaPlan
from voxgate.media.stream import Stream
from voxgate.sdp import negotiate
from voxgate.sdp.description import Description, SdpError
from voxgate.sdp.negotiate import Direction, MediaFacts

CODECS = {"PCMU": negotiate.PCMU, "PCMA": negotiate.PCMA}


@dataclass(frozen=True, slots=True)
class LineSettings:
    codecs: Sequence[str]
    session_id: int
    mute: bool = False  # agree to send, and do not


class Line:
    """One stream with its descriptions; `open` takes the ports, `close` gives them back."""

    def __init__(self, stream: Stream, settings: LineSettings) -> None:
        self.stream = stream
        self._settings = settings
        self._codecs = [CODECS[name] for name in settings.codecs]
        self._version = 0
        self._offered: Description | None = None
        self.facts: MediaFacts | None = None

    @classmethod
    def open(
        cls, media: MediaEngine, settings: LineSettings, listener: Callable[[MediaEvent], None]
    ) -> "Line":
        """Raises MediaError when no port is free."""
        return cls(media.open(listener), settings)

    def mute(self) -> None:
        """From the next answer or offer on, send nothing."""
        self._settings = replace(self._settings, mute=True)
        if self.facts is not None:
            self._connect(self.facts)

    def answer(self, offer: bytes) -> bytes:
        """Our description for theirs. Raises SdpError."""
        self._version += 1
        description, facts = negotiate.answer(
            Description.parse(offer),
            session_id=self._settings.session_id,
            version=self._version,
            ip=self.stream.advertised_ip,
            port=self.stream.port,
            codecs=self._codecs,
        )
        self._connect(facts)
        return bytes(description)

    def offer(self, *, hold: bool = False) -> bytes:
        """Our description when they sent none, or when we change the session."""
        self._version += 1
        self._offered = negotiate.offer(
            session_id=self._settings.session_id,
            version=self._version,
            ip=self.stream.advertised_ip,
            port=self.stream.port,
            codecs=self._codecs,
            direction=Direction.SENDONLY if hold else Direction.SENDRECV,
        )
        return bytes(self._offered)

    def accept(self, answer: bytes) -> None:
        """Their description for our last offer. Raises SdpError."""
        if self._offered is None:
            raise SdpError("an answer came to no offer")
        self._connect(negotiate.accept(self._offered, Description.parse(answer)))

    def close(self) -> None:
        self.stream.close()

    def _connect(self, facts: MediaFacts) -> None:
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
                send=facts.send and not self._settings.mute,
                receive=facts.receive,
                rtp_timeout_s=0,  # a caller without media is a case worth testing
            )
        )
