"""Google Cloud Storage, by its own client library."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import ClientError, GoogleAPIError, NotFound, TooManyRequests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage
from google.oauth2 import service_account

from voxgate.model.recordings import BucketCredential
from voxgate.storage.contract import NoSuchObject, StorageAway, StorageRefused

_TIMEOUT_S = (5.0, 60.0)  # to connect, to hear something
_PIECE_BYTES = 1 << 20  # of a download; each is a request of its own
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


class GoogleBucket:
    def __init__(self, credential: BucketCredential) -> None:
        key = json.loads(credential.service_key or "{}")
        sign_in: Any = service_account.Credentials
        try:
            signer = sign_in.from_service_account_info(key, scopes=[_SCOPE])
        except (ValueError, GoogleAuthError) as unusable:
            raise StorageRefused(f"service_key: {unusable}") from unusable
        # A service key of another universe (Google's sovereign clouds) says which.
        options = ClientOptions(
            api_endpoint=credential.endpoint, universe_domain=key.get("universe_domain")
        )
        client: Any = storage.Client(
            project=key.get("project_id"), credentials=signer, client_options=options
        )
        self._bucket = client.bucket(credential.name)
        self._tags = dict(credential.tags)

    def put(self, key: str, file: Path, content_type: str) -> None:
        with _translated():
            blob = self._bucket.blob(key)
            blob.metadata = self._tags or None
            blob.upload_from_filename(
                str(file), content_type=content_type, timeout=_TIMEOUT_S, retry=None
            )

    def get(self, key: str) -> Iterator[bytes]:
        source = self._bucket.blob(key).open(
            "rb", chunk_size=_PIECE_BYTES, timeout=_TIMEOUT_S, retry=None
        )
        with _translated():
            first: bytes = source.read(_PIECE_BYTES)
        return _pieces(first, source)

    def delete(self, key: str) -> None:
        try:
            with _translated():
                self._bucket.blob(key).delete(timeout=_TIMEOUT_S, retry=None)
        except NoSuchObject:
            return


def _pieces(first: bytes, source: BinaryIO) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        with _translated():
            piece = source.read(_PIECE_BYTES)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except NotFound as failure:
        if "bucket does not exist" in str(failure).lower():
            raise StorageRefused(str(failure)) from failure
        raise NoSuchObject(str(failure)) from failure
    except TooManyRequests as failure:
        raise StorageAway(str(failure)) from failure
    except ClientError as failure:
        raise StorageRefused(str(failure)) from failure
    except TransportError as failure:
        raise StorageAway(str(failure)) from failure
    except GoogleAuthError as failure:
        raise StorageRefused(str(failure)) from failure
    except (GoogleAPIError, OSError) as failure:
        raise StorageAway(str(failure)) from failure
