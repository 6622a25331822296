"""Recordings of calls, and the buckets that tenants keep them in."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BucketCredential:
    """A tenant's bucket. Which fields a vendor needs: `storage.registry`."""

    vendor: str
    name: str  # of the bucket, or of the container
    region: str | None = None
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    service_key: str | None = None  # Google's JSON
    connection_string: str | None = None  # Azure's
    tags: tuple[tuple[str, str], ...] = ()  # of every object

    def to_json(self) -> str:
        """With its secrets: for the sealed column only."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "BucketCredential":
        values = json.loads(text)
        return cls(**values | {"tags": tuple((key, value) for key, value in values["tags"])})


class RecordingState(StrEnum):
    """Where a recording is. It is in one place at any time, and never in none."""

    OPEN = "open"  # being written
    LOCAL = "local"  # complete, on this gateway's disk, on its way to the bucket
    KEPT = "kept"  # complete, on this gateway's disk, of an account without a bucket
    STORED = "stored"  # in the bucket
    REFUSED = "refused"  # the bucket will not take it; kept on disk


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of one call; a call that was recorded twice has two."""

    recording_sid: str
    call_sid: str
    account_sid: str
    format: str  # "wav" or "mp3"
    file: str  # name of the file in the recordings directory
    started_at: float
    state: RecordingState = RecordingState.OPEN
    recording_id: str | None = None  # the application's own name for it
    duration_s: float | None = None
    bucket_key: str | None = None
    hook_told: bool = False  # the account's recording_hook heard of it, or there is none
    attempts: int = 0
    next_at: float = 0.0
    error: str | None = None

    @property
    def url(self) -> str:
        """Where the API gives it out, relative to /v1 (contract section 10.2)."""
        day = datetime.fromtimestamp(self.started_at, UTC).strftime("%Y/%m/%d")
        base = f"/Accounts/{self.account_sid}/RecentCalls/{self.call_sid}/record"
        return f"{base}/{day}/{self.format}?recording_sid={self.recording_sid}"
