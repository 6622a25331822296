"""What can go wrong with media, told to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager

from voxgate.base.errors import VoxgateError
from voxgate.media import _core


class MediaError(VoxgateError):
    """Something asked of the media core cannot be done."""


class NoPortsLeft(MediaError):
    """Every pair of the RTP port range is taken."""


class StreamClosed(MediaError):
    """The stream, or its engine, has ended."""


class Overloaded(MediaError):
    """Too many commands or playbacks wait already."""


def require(field: str, value: float, low: float, high: float) -> None:
    """Raise MediaError naming the field unless `low <= value <= high`."""
    if not low <= value <= high:
        raise MediaError(f"{field} must be {low} to {high}")


@contextmanager
def core_errors() -> Iterator[None]:
    """Turn what the core raises into the errors of this package."""
    try:
        yield
    except _core.NoPortsLeft as error:
        raise NoPortsLeft(str(error)) from error
    except _core.StreamClosed as error:
        raise StreamClosed(str(error)) from error
    except _core.Overloaded as error:
        raise Overloaded(str(error)) from error
    except (ValueError, OverflowError, OSError) as error:
        raise MediaError(str(error)) from error
