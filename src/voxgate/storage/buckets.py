"""The async face of all buckets: a few threads, one client per credential, no inner hosts."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from voxgate.base.egress import EgressPolicy, EgressRefused
from voxgate.base.ids import new_sid
from voxgate.model.recordings import BucketCredential
from voxgate.storage.contract import Bucket, NoSuchObject, StorageAway, StorageRefused
from voxgate.storage.registry import VENDORS, hosts_of

T = TypeVar("T")

_THREADS = 4  # uploads and downloads at once
_CLIENTS = 64  # kept open


class Buckets:
    """Raises StorageRefused, StorageAway or NoSuchObject. Await `close()` at the end.

    A host that a credential names is resolved and judged before every use; the SDK resolves it
    once more, which is as near as it can be judged without rewriting the SDKs' connections.
    """

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage")
        self._client = lru_cache(maxsize=_CLIENTS)(_connected)

    async def put(
        self, credential: BucketCredential, key: str, file: Path, content_type: str
    ) -> None:
        """Store a file; complete, or not at all."""
        await self._run(credential, lambda bucket: bucket.put(key, file, content_type))

    async def get(self, credential: BucketCredential, key: str) -> AsyncIterator[bytes]:
        """The object in pieces."""
        pieces = await self._run(credential, lambda bucket: bucket.get(key))
        while True:
            piece = await self._run(credential, lambda _bucket: next(pieces, b""))
            if not piece:
                return
            yield piece

    async def delete(self, credential: BucketCredential, key: str) -> None:
        """A key that is not there is no error."""
        await self._run(credential, lambda bucket: bucket.delete(key))

    async def test(self, credential: BucketCredential) -> str | None:
        """Write a small object, read it back and remove it; what went wrong, or None."""
        try:
            await self._run(credential, _try_out)
        except (StorageRefused, StorageAway, NoSuchObject) as failure:
            return str(failure)
        return None

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _run(self, credential: BucketCredential, work: Callable[[Bucket], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._work, credential, work)

    def _work(self, credential: BucketCredential, work: Callable[[Bucket], T]) -> T:
        try:
            for host, port in hosts_of(credential):
                _judge(self._policy, host, port)
            return work(self._client(credential))
        except (StorageRefused, StorageAway, NoSuchObject):
            raise
        except Exception as failure:  # boundary: SDKs raise anything about a tenant's credential
            raise StorageRefused(f"the credential cannot be used: {failure}") from failure


def _connected(credential: BucketCredential) -> Bucket:
    return VENDORS[credential.vendor].connect(credential)


def _judge(policy: EgressPolicy, host: str, port: int) -> None:
    try:
        policy.check_host(host)
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            policy.check(str(address[0]).partition("%")[0])
    except EgressRefused as refused:
        raise StorageRefused(str(refused)) from refused
    except OSError as unknown:
        raise StorageAway(f"{host} cannot be resolved: {unknown}") from unknown


def _try_out(bucket: Bucket) -> None:
    key, content = f"voxgate-test-{new_sid()}.txt", b"voxgate can write here\n"
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        bucket.put(key, Path(file.name), "text/plain")
    found = b"".join(bucket.get(key))
    bucket.delete(key)
    if found != content:
        raise StorageRefused("the bucket gave back something else than was stored")
