"""Answering machine detection on a call."""

from dataclasses import dataclass, field
from typing import Protocol

from voxgate.amd.options import AmdOptions
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear


@dataclass(frozen=True, slots=True)
class AmdOrder:
    """Who is told, and what counts. `ear` None: the session's recogniser, if it has one."""

    hook: Hook
    options: AmdOptions = field(default_factory=AmdOptions)
    ear: Ear | None = None


class Amd(Protocol):
    """Runs beside the verbs; each event is told to the order's hook, whose verbs replace them."""

    def start(self, order: AmdOrder) -> None:
        """Begin, in place of a detection that runs. Raises NotNow when the call has no media."""
        ...

    def stop(self) -> None:
        """End a detection that runs; its hook is told `amd_stopped`."""
        ...
