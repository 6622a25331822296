"""What was negotiated for a stream, as the core carries it out."""

from dataclasses import dataclass
from enum import IntEnum

from voxgate.media.errors import require

# A day: no call waits longer for its media.
RTP_TIMEOUT_S_MAX = 86_400


class Codec(IntEnum):
    """By static payload type (RFC 3551 section 6)."""

    PCMU = 0
    PCMA = 8


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """How to talk to the far end, from an offer and its answer.

    Hold is `send` or `receive` false: the RTP timeout then rests. With `latch` the far end may
    turn out to send from another address than it said, `expected_ip` narrowing which; the first
    valid packet decides. Without `payload_type` it is the codec's static one, without
    `remote_rtcp_port` the port after `remote_port`, without `dtmf_receive_payload_type` the one
    digits are sent with.
    """

    remote_ip: str
    remote_port: int
    remote_rtcp_port: int | None = None
    codec: Codec = Codec.PCMU
    payload_type: int | None = None
    dtmf_payload_type: int | None = None
    dtmf_receive_payload_type: int | None = None
    ptime_ms: int = 20
    send: bool = True
    receive: bool = True
    rtp_timeout_s: float = 60.0
    latch: bool = True
    expected_ip: str | None = None

    @property
    def wire_payload_type(self) -> int:
        return int(self.codec) if self.payload_type is None else self.payload_type

    @property
    def wire_dtmf_receive_payload_type(self) -> int | None:
        if self.dtmf_receive_payload_type is None:
            return self.dtmf_payload_type
        return self.dtmf_receive_payload_type

    @property
    def rtcp_port(self) -> int:
        return self.remote_port + 1 if self.remote_rtcp_port is None else self.remote_rtcp_port

    def check(self) -> None:
        """Raise MediaError naming the first number that does not fit; the core checks the rest."""
        require("remote_port", self.remote_port, 1, 65535)
        require("remote_rtcp_port", self.rtcp_port, 1, 65535)
        require("payload_type", self.wire_payload_type, 0, 127)
        require("dtmf_payload_type", self.dtmf_payload_type or 0, 0, 127)
        require("dtmf_receive_payload_type", self.wire_dtmf_receive_payload_type or 0, 0, 127)
        require("ptime_ms", self.ptime_ms, 10, 60)
        require("rtp_timeout_s", self.rtp_timeout_s, 0, RTP_TIMEOUT_S_MAX)
