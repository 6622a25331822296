"""Vendor names, what each needs of a credential, and who carries it out.

An SDK is imported when its first bucket is used: together they would double the start-up time.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from voxgate.model.recordings import BucketCredential
from voxgate.storage.contract import Bucket

_AZURE_SUFFIX = "core.windows.net"


@dataclass(frozen=True, slots=True)
class Vendor:
    """`needs`: the fields a credential must have besides `vendor` and `name`."""

    module: str
    bucket: str
    needs: tuple[str, ...]
    secrets: tuple[str, ...]
    hosts: Callable[[BucketCredential], tuple[str, ...]]

    def connect(self, credential: BucketCredential) -> Bucket:
        """Raises StorageRefused for a credential that cannot be used."""
        module: Any = import_module(f"voxgate.storage.vendors.{self.module}")
        made: Bucket = getattr(module, self.bucket)(credential)
        return made


def _endpoint(credential: BucketCredential) -> tuple[str, ...]:
    return (credential.endpoint,) if credential.endpoint else ()


def _google_hosts(credential: BucketCredential) -> tuple[str, ...]:
    """A service key names the host that is asked for tokens, and the cloud it is of."""
    try:
        key = json.loads(credential.service_key or "")
    except ValueError:
        return _endpoint(credential)
    named = key if isinstance(key, dict) else {}
    found = [*_endpoint(credential)]
    if isinstance(token_uri := named.get("token_uri"), str):
        found.append(token_uri)
    if isinstance(universe := named.get("universe_domain"), str) and not credential.endpoint:
        found.append(f"https://storage.{universe}")
    return tuple(found)


def _azure_hosts(credential: BucketCredential) -> tuple[str, ...]:
    """Its SDK reads the names of the parts in any case."""
    parts = {
        key.upper(): value
        for key, _, value in (
            part.partition("=") for part in (credential.connection_string or "").split(";")
        )
    }
    named = [value for key, value in parts.items() if key.endswith("ENDPOINT")]
    if parts.get("USEDEVELOPMENTSTORAGE") == "true":
        named.append("http://127.0.0.1:10000")
    if "BLOBENDPOINT" not in parts:
        protocol = parts.get("DEFAULTENDPOINTSPROTOCOL", "https")
        account, suffix = parts.get("ACCOUNTNAME", ""), parts.get("ENDPOINTSUFFIX", _AZURE_SUFFIX)
        named += [f"{protocol}://{account}.blob.{suffix}", f"https://{account}.blob.{suffix}"]
    return tuple(named)


VENDORS: Mapping[str, Vendor] = {
    "aws_s3": Vendor(
        "s3",
        "S3Bucket",
        ("region", "access_key_id", "secret_access_key"),
        ("secret_access_key",),
        _endpoint,
    ),
    "s3_compatible": Vendor(
        "s3",
        "S3Bucket",
        ("endpoint", "access_key_id", "secret_access_key"),
        ("secret_access_key",),
        _endpoint,
    ),
    "google": Vendor("google", "GoogleBucket", ("service_key",), ("service_key",), _google_hosts),
    "azure": Vendor(
        "azure", "AzureBucket", ("connection_string",), ("connection_string",), _azure_hosts
    ),
}


def hosts_of(credential: BucketCredential) -> list[tuple[str, int]]:
    """The hosts and ports that the credential itself names, for judging them before use."""
    found = []
    for url in VENDORS[credential.vendor].hosts(credential):
        parts = urlsplit(url if "//" in url else f"//{url}")
        found.append((parts.hostname or "", parts.port or 443))
    return found
