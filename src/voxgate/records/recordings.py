"""Recordings from the disk to where the account keeps them.

A recording is on this gateway's disk until its bucket has it whole. What is to be done about it
stands in the database, so that neither a bucket that is down nor a restart loses one.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from voxgate.base.children import ChildFailed, Children
from voxgate.base.clock import Clock, iso
from voxgate.base.ids import new_sid
from voxgate.base.log import get_logger
from voxgate.base.secrets import SecretBox
from voxgate.base.tasks import Nursery
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.retry import Backoff
from voxgate.model.accounts import Account
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.model.recordings import BucketCredential, Recording, RecordingState
from voxgate.records.journal import Journal
from voxgate.storage.buckets import Buckets
from voxgate.storage.contract import StorageAway, StorageRefused
from voxgate.store import recordings
from voxgate.store.engine import Database, StoreUnavailable

log = get_logger("recordings")

_AT_ONCE = 4
_LOOK_S = 5.0
_ENCODE_S = 600.0
_WAITING_MOST = 1000
_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_DETAIL_MOST = 400


class Teller(Protocol):
    async def tell(self, hook: Hook, payload: Json, *, secret: str) -> object:
        """Raises HookFailed."""
        ...


@dataclass(frozen=True, slots=True)
class RecordingPorts:
    """`directory`: where files are written; it is made when it is not there."""

    database: Database
    box: SecretBox
    clock: Clock
    journal: Journal
    buckets: Buckets
    teller: Teller
    account_of: Callable[[str], Awaitable[Account | None]]
    directory: Path


class Recordings:
    """Hands out files to record into and sees to what becomes of them. `start()`, `close()`."""

    def __init__(
        self, ports: RecordingPorts, *, backoff: Backoff | None = None, look_s: float = _LOOK_S
    ) -> None:
        """Every `look_s` seconds those are looked for whose next try has come."""
        self._ports = ports
        self._look_s = look_s
        self._backoff = backoff or Backoff(first_s=5.0, most_s=3600.0)
        self._encoder = Children(
            "voxgate.media.mp3_worker",
            count=1,
            waiting_max=_WAITING_MOST,
            answer_timeout_s=_ENCODE_S,
        )
        self._nursery = Nursery("recordings")
        self._wake = asyncio.Event()
        self._busy: set[str] = set()

    async def start(self) -> None:
        await asyncio.to_thread(self._ports.directory.mkdir, parents=True, exist_ok=True)
        self._nursery.start(self._work_forever(), name="shelf")

    async def close(self) -> None:
        await self._nursery.close()
        await self._encoder.close()

    def path_of(self, recording: Recording) -> Path:
        return self._ports.directory / recording.file

    async def begin(
        self, call_sid: str, account_sid: str, recording_id: str | None = None
    ) -> Recording:
        """A new recording and, by `path_of`, the WAV file to write. Raises StoreUnavailable."""
        account = await self._ports.account_of(account_sid)
        sid = new_sid()
        recording = Recording(
            recording_sid=sid,
            call_sid=call_sid,
            account_sid=account_sid,
            format=account.record_format if account is not None else "wav",
            file=f"{sid}.wav",
            started_at=self._ports.clock.wall(),
            recording_id=recording_id,
        )
        box = self._ports.box
        await self._ports.database.write(lambda c: recordings.insert(c, recording, box))
        return recording

    async def finish(self, recording: Recording, duration_s: float) -> None:
        """The file is complete. A recording of nothing is dropped."""
        if duration_s <= 0:
            await self._drop(recording)
            return
        await self._keep(
            replace(recording, state=RecordingState.LOCAL, duration_s=round(duration_s, 3))
        )
        self._wake.set()

    # The shelf.

    async def _work_forever(self) -> None:
        await self._recover()
        while True:
            self._wake.clear()
            try:
                await self._work()
            except StoreUnavailable as away:
                log.warning("recordings_wait", reason=str(away))
            try:
                async with asyncio.timeout(self._look_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _recover(self) -> None:
        """What the last process was writing is as long as its file."""
        ports = self._ports
        try:
            left = await ports.database.read(lambda c: recordings.left_open(c, ports.box))
        except StoreUnavailable as away:
            log.warning("recordings_not_recovered", reason=str(away))
            return
        for recording in left:
            seconds = await asyncio.to_thread(_repaired, self.path_of(recording))
            await self.finish(recording, seconds)

    async def _work(self) -> None:
        ports = self._ports
        while True:
            found = await ports.database.read(
                partial(recordings.due, box=ports.box, now=ports.clock.wall(), limit=_AT_ONCE)
            )
            if not found:
                return
            async with asyncio.TaskGroup() as tasks:
                for recording in found:
                    tasks.create_task(self._advance(recording))

    async def _advance(self, recording: Recording) -> None:
        """One step nearer to its end; after a failure, later."""
        try:
            account = await self._ports.account_of(recording.account_sid)
            if account is None:
                await self._drop(recording)
                return
            if not recording.file.endswith(recording.format):
                recording = await self._encoded(recording)
            if recording.state != RecordingState.STORED:
                recording = await self._stored(recording, account)
            if not recording.hook_told:
                recording = await self._told(recording, account)
            await self._keep(replace(recording, attempts=0, error=None))
        except (StorageAway, StorageRefused, ChildFailed, HookFailed, OSError) as failure:
            await self._later(recording, failure)

    async def _encoded(self, recording: Recording) -> Recording:
        source = self.path_of(recording)
        target = source.with_suffix(f".{recording.format}")
        await self._encoder.ask(json.dumps([str(source), str(target)]).encode())
        encoded = replace(recording, file=target.name)
        await self._keep(encoded)
        await asyncio.to_thread(source.unlink, missing_ok=True)
        return encoded

    async def _stored(self, recording: Recording, account: Account) -> Recording:
        if account.bucket_credential is None:
            kept = replace(recording, state=RecordingState.KEPT)
            self._note(kept, {"type": "recording_kept"})
            return kept
        credential = BucketCredential.from_json(account.bucket_credential)
        key = await self._key(recording)
        path = self.path_of(recording)
        await self._ports.buckets.put(credential, key, path, _TYPES[recording.format])
        stored = replace(recording, state=RecordingState.STORED, bucket_key=key)
        await self._keep(stored)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        self._note(stored, {"type": "recording_stored", "vendor": credential.vendor, "key": key})
        return stored

    async def _key(self, recording: Recording) -> str:
        """`2026/11/22/<call_sid>.mp3`; later ones of the call have their own sid beside it."""
        ports = self._ports
        of_call = await ports.database.read(
            partial(recordings.of_call, call_sid=recording.call_sid, box=ports.box)
        )
        day = datetime.fromtimestamp(recording.started_at, UTC).strftime("%Y/%m/%d")
        name = recording.call_sid
        if of_call and of_call[0].recording_sid != recording.recording_sid:
            name = f"{name}-{recording.recording_sid}"
        return f"{day}/{name}.{recording.format}"

    async def _told(self, recording: Recording, account: Account) -> Recording:
        if account.recording_hook is not None:
            payload = {"event": "recording-stored"} | facts_of(recording)
            await self._ports.teller.tell(
                account.recording_hook, payload, secret=account.webhook_secret
            )
        return replace(recording, hook_told=True)

    async def _later(self, recording: Recording, failure: Exception) -> None:
        attempts = recording.attempts + 1
        reason = str(failure)[:_DETAIL_MOST]
        if attempts == 1:
            data: Json = {"alert_type": "recording-failure", "message": _wording(failure)}
            self._ports.journal.append(
                recording.call_sid, EventType.ALERT, data | {"detail": reason}
            )
        state = recording.state
        if isinstance(failure, StorageRefused):
            state = RecordingState.REFUSED
        due = self._ports.clock.wall() + self._backoff.pause_s(attempts)
        await self._keep(
            replace(recording, state=state, attempts=attempts, next_at=due, error=reason)
        )

    async def _keep(self, recording: Recording) -> None:
        box = self._ports.box
        await self._ports.database.write(lambda c: recordings.update(c, recording, box))

    async def _drop(self, recording: Recording) -> None:
        sid = recording.recording_sid
        await self._ports.database.write(lambda c: recordings.delete_one(c, sid))
        await asyncio.to_thread(self.path_of(recording).unlink, missing_ok=True)

    def _note(self, recording: Recording, data: Json) -> None:
        facts = facts_of(recording)
        about = {name: facts[name] for name in ("recording_sid", "recording_url", "duration")}
        self._ports.journal.append(recording.call_sid, EventType.MEDIA, data | about)


def facts_of(recording: Recording) -> Json:
    """What hooks and the API say about a recording; its URL is relative to /v1."""
    facts: Json = {
        "recording_sid": recording.recording_sid,
        "call_sid": recording.call_sid,
        "account_sid": recording.account_sid,
        "recording_url": recording.url,
        "format": recording.format,
        "duration": recording.duration_s,
        "state": str(recording.state),
        "started_at": iso(recording.started_at),
    }
    if recording.recording_id is not None:
        facts["recording_id"] = recording.recording_id
    return facts


def _wording(failure: Exception) -> str:
    if isinstance(failure, HookFailed):
        return "the recording hook could not be told"
    if isinstance(failure, ChildFailed | OSError):
        return "a recording could not be prepared for storing"
    return "a recording could not be stored in the bucket; it is kept on disk"


def _repaired(path: Path) -> float:
    """Seconds in a WAV file of 16 bits whose header may be that of an empty one; 0: nothing."""
    header = 44
    try:
        size = path.stat().st_size
        with path.open("r+b") as file:
            start = file.read(header)
            if size <= header or len(start) < header:
                return 0.0
            file.seek(4)
            file.write((size - 8).to_bytes(4, "little"))
            file.seek(40)
            file.write((size - header).to_bytes(4, "little"))
    except OSError:
        return 0.0
    bytes_per_s = int.from_bytes(start[28:32], "little")
    return (size - header) / bytes_per_s if bytes_per_s else 0.0
