"""What a live call tells the world: an ordered log, kept by `records` behind this port."""

from typing import Protocol

from voxgate.model.calls import Call, CallEvent, EventType, Json


class EventLog(Protocol):
    """Appends never block and never fail; what cannot be kept is dropped before it gets a seq."""

    def append(
        self, call_sid: str, type_: EventType, data: Json, *, urgent: bool = False
    ) -> CallEvent | None: ...

    def update(self, call: Call) -> None:
        """Write the call's state columns with the next group."""
        ...

    async def committed(self, call_sid: str, seq: int) -> None:
        """Returns once event `seq` is durable; only then may it leave the process."""
        ...
