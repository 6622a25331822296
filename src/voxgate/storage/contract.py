"""What a bucket can do, and how it fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from voxgate.base.errors import VoxgateError


class StorageRefused(VoxgateError):
    """The bucket says no, and will again: wrong credentials, no such bucket, no permission."""


class StorageAway(VoxgateError):
    """The bucket could not be reached or failed; worth trying again."""


class NoSuchObject(VoxgateError):
    """The bucket has nothing of this name."""


class Bucket(Protocol):
    """Blocking; called from the threads of `storage.buckets`. All raise the errors above."""

    def put(self, key: str, file: Path, content_type: str) -> None:
        """Store a file under `key`; what was there is replaced. Complete, or not at all."""
        ...

    def get(self, key: str) -> Iterator[bytes]:
        """The object in pieces; the first one is there when this returns."""
        ...

    def delete(self, key: str) -> None:
        """A key that is not there is no error."""
        ...
