"""Where recordings of calls go, as calls see it; `records.recordings` is behind it."""

from pathlib import Path
from typing import Protocol

from voxgate.model.recordings import Recording


class Shelf(Protocol):
    """Hands out files to record into, and takes them back."""

    async def begin(
        self, call_sid: str, account_sid: str, recording_id: str | None = None
    ) -> Recording:
        """Raises VoxgateError when nothing can be written down now."""
        ...

    def path_of(self, recording: Recording) -> Path:
        """The WAV file to write."""
        ...

    async def finish(self, recording: Recording, duration_s: float) -> None:
        """The file is complete."""
        ...
