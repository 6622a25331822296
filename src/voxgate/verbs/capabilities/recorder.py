"""Recording a call: to the account's own keeping (`cloud`), or to a recording server (SIPREC)."""

from dataclasses import dataclass
from typing import Literal, Protocol

RecordKind = Literal["cloud", "siprec"]


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """`servers`, `headers`: SIPREC only, the recording servers' URIs and what their INVITE has."""

    kind: RecordKind
    recording_id: str | None = None
    servers: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Recorder(Protocol):
    """One recording of each kind at a time. All raise NotNow, saying why it cannot be done now."""

    async def start(self, order: RecordOrder) -> None:
        """Returns once the recording runs."""
        ...

    async def stop(self, kind: RecordKind) -> None:
        """Returns once it is complete."""
        ...

    async def pause(self, kind: RecordKind) -> None:
        """What is said until `resume` is left out."""
        ...

    async def resume(self, kind: RecordKind) -> None: ...
