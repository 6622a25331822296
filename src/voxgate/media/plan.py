"""What was negotiated for a stream, as the core carries it out."""

from dataclasses import dataclass
from enum import IntEnum


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
    `remote_rtcp_port` the port after `remote_port`.
    """

    remote_ip: str
    remote_port: int
    remote_rtcp_port: int | None = None
    codec: Codec = Codec.PCMU
    payload_type: int | None = None
    dtmf_payload_type: int | None = None
    ptime_ms: int = 20
    send: bool = True
    receive: bool = True
    rtp_timeout_s: float = 60.0
    latch: bool = True
    expected_ip: str | None = None
