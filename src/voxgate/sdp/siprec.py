"""The description of a recording session: one sendonly section per recorded side (RFC 7866)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voxgate.sdp import negotiate
from voxgate.sdp.attributes import Direction
from voxgate.sdp.description import Description
from voxgate.sdp.negotiate import MediaFacts, MediaRefused


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """One side of the recorded call; the metadata knows it by its label (RFC 4574)."""

    label: str
    ip: str
    port: int


def offer(
    streams: Sequence[RecordedStream], *, session_id: int, version: int, paused: bool = False
) -> Description:
    """Raises nothing; `paused`: no sound for now."""
    direction = Direction.INACTIVE if paused else Direction.SENDONLY
    singles = [
        negotiate.offer(
            session_id=session_id,
            version=version,
            ip=stream.ip,
            port=stream.port,
            dtmf_payload_type=None,
            direction=direction,
        )
        for stream in streams
    ]
    sections = tuple(
        replace(single.media[0], attributes=(*single.media[0].attributes, ("label", stream.label)))
        for single, stream in zip(singles, streams, strict=True)
    )
    return replace(singles[0], media=sections)


def accept(offered: Description, answered: Description) -> list[MediaFacts]:
    """What was agreed for each section, in the order of the offer. Raises SdpError."""
    if len(answered.media) < len(offered.media):
        raise MediaRefused("the answer has fewer sections than the offer")
    return [
        negotiate.accept(replace(offered, media=(ours,)), replace(answered, media=(theirs,)))
        for ours, theirs in zip(offered.media, answered.media, strict=False)
    ]
