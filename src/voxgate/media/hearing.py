"""What a stream would have told of recorded sound: the same core, without network and time."""

from dataclasses import dataclass

from voxgate.media import _core
from voxgate.media.errors import core_errors
from voxgate.media.events import EVENTS, MediaEvent
from voxgate.media.plan import Codec
from voxgate.model.audio import Audio

RATE_HZ = 8000


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and when a listener would have been told, in milliseconds from the beginning."""

    at_ms: int
    event: MediaEvent


def hear(audio: Audio, codec: Codec = Codec.PCMU) -> list[Told]:
    """Tones and voices in `audio`, which is sent through `codec` first. Needs 8 kHz."""
    if audio.rate_hz != RATE_HZ:
        raise ValueError(f"rate_hz must be {RATE_HZ}")
    with core_errors():
        told = _core.Hearing(int(codec)).hear(audio.samples)
    return [Told(at_ms, EVENTS[kind](*arguments)) for at_ms, kind, arguments in told]
