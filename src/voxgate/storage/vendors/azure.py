"""Azure Blob Storage, by its own client library."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContentSettings

from voxgate.model.recordings import BucketCredential
from voxgate.storage.contract import NoSuchObject, StorageAway, StorageRefused

_SERVER_ERRORS = 500
_TOO_MANY = 429


class AzureBucket:
    def __init__(self, credential: BucketCredential) -> None:
        try:
            service = BlobServiceClient.from_connection_string(
                credential.connection_string or "",
                connection_timeout=5,
                read_timeout=60,
                retry_total=0,  # whoever uploads tries again, from disk
                permit_redirects=False,  # nobody judges where they lead
            )
        except ValueError as unusable:
            raise StorageRefused(f"connection_string: {unusable}") from unusable
        self._container = service.get_container_client(credential.name)
        self._tags = dict(credential.tags) or None

    def put(self, key: str, file: Path, content_type: str) -> None:
        with _translated(), file.open("rb") as content:
            self._container.upload_blob(
                key,
                content,
                overwrite=True,
                content_settings=ContentSettings(content_type=content_type),
                tags=self._tags,
            )

    def get(self, key: str) -> Iterator[bytes]:
        with _translated():
            pieces = self._container.download_blob(key).chunks()
            first = next(pieces, b"")
        return chain((first,), pieces)

    def delete(self, key: str) -> None:
        try:
            with _translated():
                self._container.delete_blob(key)
        except NoSuchObject:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as failure:
        if "ContainerNotFound" in str(failure):
            raise StorageRefused(_first_line(failure)) from failure
        raise NoSuchObject(_first_line(failure)) from failure
    except HttpResponseError as failure:
        status = failure.status_code
        passing = status is None or status >= _SERVER_ERRORS or status == _TOO_MANY
        raise (StorageAway if passing else StorageRefused)(_first_line(failure)) from failure
    except (AzureError, OSError) as failure:
        raise StorageAway(_first_line(failure)) from failure


def _first_line(failure: Exception) -> str:
    return str(failure).partition("\n")[0]
