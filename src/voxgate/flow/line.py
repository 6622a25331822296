"""How a call's far end is reached before it is answered, and let go."""

from collections.abc import Mapping
from typing import Protocol

from voxgate.verbs.contract import NotNow


class Line(Protocol):
    """The SIP side of a session; the leg comes from `answer` or `early_media`."""

    @property
    def is_answered(self) -> bool: ...

    def ring(self) -> None:
        """Tell the caller that it rings (180), unless there is media or an answer already."""
        ...

    async def answer(self) -> None:
        """Send the 200 and have media; at once when answered already."""
        ...

    async def early_media(self) -> None:
        """Open the media before the answer (183); at once when there is media already."""
        ...

    def decline(self, _status: int, _reason: str, _headers: Mapping[str, str]) -> None:
        """Refuse a call that was not answered. Raises NotNow on one that was."""
        ...


class AnsweredLine:
    """A call that we placed and whose far end answered."""

    is_answered = True

    def ring(self) -> None:
        """It has rung."""

    async def answer(self) -> None:
        """It was the far end that answered."""

    async def early_media(self) -> None:
        """There is media already."""

    def decline(self, _status: int, _reason: str, _headers: Mapping[str, str]) -> None:
        raise NotNow("the call was answered")
