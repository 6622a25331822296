"""Recordings on their way from the disk, against a bucket, a hook and a clock that obey the test."""

import asyncio
import json
import wave
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import pytest

from unit.records.samples import BOX, Witness, journal_in, sample_call
from voxgate.base.clock import SystemClock
from voxgate.base.ids import new_sid
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.retry import Backoff
from voxgate.model.accounts import Account
from voxgate.model.hooks import Hook
from voxgate.model.recordings import BucketCredential, Recording, RecordingState
from voxgate.records.recordings import RecordingPorts, Recordings
from voxgate.storage.contract import StorageAway, StorageRefused
from voxgate.store import recordings
from voxgate.store.engine import Database

BUCKET = BucketCredential("s3_compatible", "calls", endpoint="https://s3.example.com")
HOOK = Hook("https://example.com/stored")


@dataclass
class Far:
    """The bucket and the account's hook; `troubles` happen first, one per attempt."""

    troubles: list[Exception] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)

    async def put(self, _bucket: BucketCredential, key: str, file: Path, _type: str) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.objects[key] = await asyncio.to_thread(file.read_bytes)

    async def tell(self, _hook: Hook, payload: dict[str, Any], *, secret: str) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        assert secret == "wh"
        self.told.append(payload)


@dataclass
class Stage:
    shelf: Recordings
    far: Far
    database: Database
    witness: Witness
    call_sid: str
    account: Account

    async def made(self, *, seconds: float = 0.5) -> Recording:
        """A recording whose file is complete."""
        recording = await self.shelf.begin(self.call_sid, self.account.account_sid, "mine")
        write_wav(self.shelf.path_of(recording), seconds)
        await self.shelf.finish(recording, seconds)
        return recording

    async def found(self, recording: Recording) -> Recording | None:
        return await self.database.read(lambda c: recordings.get(c, recording.recording_sid, BOX))

    async def until(self, recording: Recording, happened: Any) -> Recording:
        while True:
            found = await self.found(recording)
            if happened(found):
                return found
            await asyncio.sleep(0.01)


def write_wav(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setframerate(8000)
        sound.setsampwidth(2)
        sound.writeframes(bytes(range(200)) * int(seconds * 160))


@asynccontextmanager
async def stage(folder: Path, **account_fields: Any):
    account = Account(
        new_sid(), new_sid(), "tenant", webhook_secret="wh", record_format="wav", created_at=1.0
    )
    account = replace(account, **account_fields)
    far = Far()

    async def account_of(_sid: str) -> Account:
        return account

    async with journal_in(folder) as (journal, database):
        witness = Witness()
        journal.follow(witness)
        call = sample_call()
        await journal.create(call, {}, None)
        ports = RecordingPorts(
            database=database,
            box=BOX,
            clock=SystemClock(),
            journal=journal,
            buckets=far,
            teller=far,
            account_of=account_of,
            directory=folder / "recordings",
        )
        shelf = Recordings(ports, backoff=Backoff(first_s=0.01, most_s=0.01), look_s=0.02)
        await shelf.start()
        try:
            yield Stage(shelf, far, database, witness, call.call_sid, account)
        finally:
            await shelf.close()


def tell(story: Any) -> None:
    async def told() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(told())


def in_state(state: RecordingState) -> Any:
    return lambda found: found is not None and found.state == state


def test_without_a_bucket_a_recording_stays_on_the_disk(tmp_path):
    async def story():
        async with stage(tmp_path) as at:
            recording = await at.made()
            kept = await at.until(recording, in_state(RecordingState.KEPT))
            assert (kept.duration_s, kept.recording_id) == (0.5, "mine")
            assert at.shelf.path_of(kept).stat().st_size > 8000

    tell(story)


def test_a_stored_recording_leaves_the_disk_and_the_hook_is_told_once(tmp_path):
    async def story():
        fields = {"bucket_credential": BUCKET.to_json(), "recording_hook": HOOK}
        async with stage(tmp_path, **fields) as at:
            recording = await at.made()
            stored = await at.until(recording, lambda found: found.hook_told)
            assert stored.state == RecordingState.STORED
            (key,) = at.far.objects
            assert key.endswith(f"/{at.call_sid}.wav")
            assert not at.shelf.path_of(stored).exists()
            (told,) = at.far.told
            assert (told["event"], told["recording_url"]) == ("recording-stored", stored.url)

    tell(story)


def test_an_mp3_is_made_of_both_channels_before_it_is_stored(tmp_path):
    async def story():
        fields = {"bucket_credential": BUCKET.to_json(), "record_format": "mp3"}
        async with stage(tmp_path, **fields) as at:
            recording = await at.made(seconds=1.0)
            await at.until(recording, lambda found: found.hook_told)
            ((key, sound),) = at.far.objects.items()
            (tmp_path / "x.mp3").write_bytes(sound)
            with av.open(str(tmp_path / "x.mp3")) as mp3:
                assert (mp3.streams.audio[0].rate, mp3.streams.audio[0].layout.nb_channels) == (
                    8000,
                    2,
                )
            assert key.endswith(".mp3")
            assert list((tmp_path / "recordings").iterdir()) == []

    tell(story)


@pytest.mark.parametrize(
    "trouble",
    [
        StorageAway("nobody there"),
        StorageRefused("no such bucket"),
        HookFailed("status", "https://example.com", "500", status=500),
    ],
    ids=["away", "refused", "hook"],
)
def test_after_a_failure_it_is_tried_again_and_alerted_once(tmp_path, trouble):
    async def story():
        fields = {"bucket_credential": BUCKET.to_json(), "recording_hook": HOOK}
        async with stage(tmp_path, **fields) as at:
            at.far.troubles = [trouble] * 3
            recording = await at.made()
            stored = await at.until(recording, lambda found: found.hook_told)
            assert (stored.state, stored.attempts, stored.error) == (
                RecordingState.STORED,
                0,
                None,
            )
            await at.shelf._ports.journal.settled()  # noqa: SLF001 - what it writes to
            alerts = [e.data for e in at.witness.events if e.type == "alert"]
            assert [alert["alert_type"] for alert in alerts] == ["recording-failure"]

    tell(story)


def test_the_second_recording_of_a_call_has_a_name_of_its_own(tmp_path):
    async def story():
        async with stage(tmp_path, bucket_credential=BUCKET.to_json()) as at:
            for recording in [await at.made(), await at.made()]:
                await at.until(recording, lambda found: found.hook_told)
            assert len(at.far.objects) == 2

    tell(story)


def test_nothing_recorded_is_no_recording(tmp_path):
    async def story():
        async with stage(tmp_path) as at:
            recording = await at.made(seconds=0)
            assert await at.found(recording) is None
            assert not at.shelf.path_of(recording).exists()

    tell(story)


def test_what_a_crash_cut_off_is_as_long_as_what_was_written(tmp_path):
    async def story():
        async with stage(tmp_path) as at:
            cut = await at.shelf.begin(at.call_sid, at.account.account_sid)
            path = at.shelf.path_of(cut)
            write_wav(path, 2.0)
            with path.open("r+b") as file:  # the header of an empty file
                file.seek(40)
                file.write(bytes(4))
            gone = await at.shelf.begin(at.call_sid, at.account.account_sid)
            await at.shelf.close()

            after = Recordings(at.shelf._ports)  # noqa: SLF001 - the next process has the same
            await after.start()
            kept = await at.until(cut, in_state(RecordingState.KEPT))
            assert kept.duration_s == 2.0
            with wave.open(str(path)) as sound:
                assert sound.getnframes() == 16_000
            await at.until(gone, lambda found: found is None)
            await after.close()

    tell(story)


def test_a_credential_survives_its_column():
    credential = replace(BUCKET, tags=(("team", "bots"),), secret_access_key="s")
    assert BucketCredential.from_json(credential.to_json()) == credential
    assert json.loads(credential.to_json())["tags"] == [["team", "bots"]]
