"""Amazon S3, and servers that speak its API, by boto3."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
from boto3.exceptions import Boto3Error, S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from voxgate.model.recordings import BucketCredential
from voxgate.storage.contract import NoSuchObject, StorageAway, StorageRefused

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"total_max_attempts": 1},  # whoever uploads tries again, from disk
    user_agent_extra="voxgate",
    # Servers that are not Amazon's often know neither its newest checksums nor virtual hosts.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_COMPATIBLE = _CONFIG.merge(Config(s3={"addressing_style": "path"}))
_PIECE = 64 * 1024
_MISSING = {"NoSuchKey", "404"}
_PASSING = {"InternalError", "SlowDown", "RequestTimeout", "ServiceUnavailable", "503", "500"}


class S3Bucket:
    def __init__(self, credential: BucketCredential) -> None:
        session = boto3.session.Session(
            aws_access_key_id=credential.access_key_id,
            aws_secret_access_key=credential.secret_access_key,
            region_name=credential.region or "us-east-1",
        )
        self._s3: Any = session.client(
            "s3",
            endpoint_url=credential.endpoint,
            config=_COMPATIBLE if credential.endpoint else _CONFIG,
        )
        self._bucket = credential.name
        self._tags = urlencode(credential.tags)

    def put(self, key: str, file: Path, content_type: str) -> None:
        extra = {"ContentType": content_type}
        if self._tags:
            extra["Tagging"] = self._tags
        with _translated():
            self._s3.upload_file(
                str(file),
                self._bucket,
                key,
                ExtraArgs=extra,
                Config=TransferConfig(use_threads=False),
            )

    def get(self, key: str) -> Iterator[bytes]:
        with _translated():
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            pieces: Iterator[bytes] = body.iter_chunks(_PIECE)
            first = next(pieces, b"")
        return chain((first,), pieces)

    def delete(self, key: str) -> None:
        with _translated():
            self._s3.delete_object(Bucket=self._bucket, Key=key)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as failure:
        raise _meaning(failure) from failure
    except S3UploadFailedError as failure:
        # boto3 keeps the server's answer only as the text and the cause of its own error.
        cause = failure.__context__
        if isinstance(cause, ClientError):
            raise _meaning(cause) from failure
        raise StorageAway(str(failure)) from failure
    except (BotoCoreError, Boto3Error, OSError) as failure:
        raise StorageAway(str(failure)) from failure


def _meaning(failure: ClientError) -> Exception:
    code = str(failure.response.get("Error", {}).get("Code", ""))
    if code in _MISSING:
        return NoSuchObject(code)
    return (StorageAway if code in _PASSING else StorageRefused)(str(failure))
