"""Recordings as their accounts see them: which there are, their sound, and taking them away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from voxgate.model.recordings import BucketCredential, Recording, RecordingState
from voxgate.provisioning import reach
from voxgate.provisioning.accounts import Accounts
from voxgate.provisioning.errors import NotFound, Unavailable, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal
from voxgate.storage.buckets import Buckets
from voxgate.storage.contract import NoSuchObject, StorageAway, StorageRefused
from voxgate.store import calls, recordings
from voxgate.store.engine import Connection

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording's sound in pieces; the first one is there already."""

    recording: Recording
    pieces: AsyncIterator[bytes]


class CallRecordings:
    """Every method checks first that the caller may."""

    def __init__(
        self,
        inventory: Inventory,
        accounts: Accounts,
        buckets: Buckets,
        path_of: Callable[[Recording], Path],
    ) -> None:
        self._inventory = inventory
        self._accounts = accounts
        self._buckets = buckets
        self._path_of = path_of

    async def test_bucket(
        self, caller: Principal, account_sid: str, document: object
    ) -> str | None:
        """Write to the bucket in `document`, read back, remove; what went wrong, or None."""
        return await self._buckets.test(await self._accounts.bucket(caller, account_sid, document))

    async def of_call(
        self, caller: Principal, account_sid: str, call_sid: str
    ) -> Sequence[Recording]:
        """The oldest first."""
        box = self._inventory.box

        def question(connection: Connection) -> Sequence[Recording]:
            reach.account_in_path(connection, caller, account_sid, box)
            call = calls.get(connection, call_sid, box)
            if call is None or call.account_sid != account_sid:
                raise NotFound(f"there is no call {call_sid}")
            return recordings.of_call(connection, call_sid, box)

        return await self._inventory.read(question)

    async def sound(
        self,
        caller: Principal,
        account_sid: str,
        call_sid: str,
        *,
        format_: str,
        recording_sid: str | None = None,
    ) -> Sound:
        """From the disk or from the bucket, wherever it is. Raises NotFound or Unavailable."""
        recording = await self._one(caller, account_sid, call_sid, recording_sid)
        if recording.state == RecordingState.OPEN:
            raise Unprocessable("the recording is still being made")
        if recording.format != format_:
            raise NotFound(f"the recording is {recording.format}")
        path = self._path_of(recording)
        if recording.state == RecordingState.STORED and recording.bucket_key is not None:
            return Sound(recording, await self._from_bucket(caller, recording))
        if not path.name.endswith(format_):
            raise Unprocessable("the recording is being prepared; try again in a moment")
        return Sound(recording, await _started(_from_disk(path)))

    async def delete(
        self,
        caller: Principal,
        account_sid: str,
        call_sid: str,
        *,
        recording_sid: str | None = None,
    ) -> None:
        """From the disk, from the bucket and from the books."""
        recording = await self._one(caller, account_sid, call_sid, recording_sid)
        if recording.state == RecordingState.OPEN:
            raise Unprocessable("the recording is still being made; stop it first")
        if recording.state == RecordingState.STORED and recording.bucket_key is not None:
            credential = await self._credential(caller, account_sid)
            try:
                await self._buckets.delete(credential, recording.bucket_key)
            except (StorageAway, StorageRefused) as failure:
                raise Unavailable(f"the bucket: {failure}") from failure
        await self._inventory.write(partial(recordings.delete_one, sid=recording.recording_sid))
        await asyncio.to_thread(self._path_of(recording).unlink, missing_ok=True)

    async def _one(
        self, caller: Principal, account_sid: str, call_sid: str, recording_sid: str | None
    ) -> Recording:
        for recording in await self.of_call(caller, account_sid, call_sid):
            if recording_sid in {None, recording.recording_sid}:
                return recording
        raise NotFound("there is no such recording")

    async def _credential(self, caller: Principal, account_sid: str) -> BucketCredential:
        account = await self._accounts.get(caller, account_sid)
        if account.bucket_credential is None:
            raise Unprocessable("the account's bucket_credential was taken away")
        return BucketCredential.from_json(account.bucket_credential)

    async def _from_bucket(self, caller: Principal, recording: Recording) -> AsyncIterator[bytes]:
        credential = await self._credential(caller, recording.account_sid)
        try:
            return await _started(self._buckets.get(credential, recording.bucket_key or ""))
        except NoSuchObject as missing:
            raise NotFound("the recording is no longer in the bucket") from missing
        except (StorageAway, StorageRefused) as failure:
            raise Unavailable(f"the bucket: {failure}") from failure


async def _from_disk(path: Path) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as missing:
        raise NotFound("the recording is no longer on the disk") from missing
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


async def _started(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, the first one read: what fails, fails before an answer has begun."""
    first = await anext(pieces, b"")

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()
