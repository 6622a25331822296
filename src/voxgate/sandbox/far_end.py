"""What all callees of one sandbox share."""

from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.base.tasks import Nursery
from voxgate.media.engine import MediaEngine
from voxgate.sandbox.calls import CallBook
from voxgate.sandbox.voice import Throat


@dataclass(frozen=True, slots=True)
class FarEnd:
    media: MediaEngine
    voice: Throat
    clock: Clock
    calls: CallBook
    nursery: Nursery
    capture_ms: int
