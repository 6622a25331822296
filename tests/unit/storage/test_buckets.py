"""Every vendor's SDK against a server that speaks its protocol, over HTTP on loopback."""

import asyncio
import base64
import ipaddress
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.server import ThreadedMotoServer

from voxgate.base.egress import EgressPolicy
from voxgate.model.recordings import BucketCredential
from voxgate.storage.buckets import Buckets
from voxgate.storage.contract import NoSuchObject, StorageAway, StorageRefused

LOOPBACK = EgressPolicy([ipaddress.ip_network("127.0.0.0/8")])
SOUND = b"RIFF" + bytes(range(256)) * 1000


class Objects(BaseHTTPRequestHandler):
    """The part of Google's JSON API and of Azure's Blob API that the SDKs use for one object."""

    protocol_version = "HTTP/1.1"
    kept: dict[str, tuple[bytes, str]]
    status: int | None  # to answer everything with
    pieces: list[int]  # bytes of each download's answer

    def log_message(self, *_args: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:  # Google: token, upload
        body = self._body()
        if self.path.startswith("/token"):
            self._answer(200, json.dumps({"access_token": "t", "expires_in": 3600}).encode())
            return
        if self._fails():
            return
        query = parse_qs(urlsplit(self.path).query)
        if query.get("uploadType") == ["multipart"]:
            boundary = self.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
            _, about, content, _ = body.split(b"--" + boundary)
            name = json.loads(about.partition(b"\r\n\r\n")[2])["name"]
            head, _, data = content[2:-2].partition(b"\r\n\r\n")  # without the line ends around
            self.kept[name] = data, head.decode().partition(":")[2].strip()
        self._answer(200, json.dumps({"name": "x"}).encode())

    def do_PUT(self) -> None:  # Azure: upload
        body = self._body()
        if self._fails():
            return
        name = unquote(urlsplit(self.path).path.split("/", 3)[3])
        self.kept[name] = body, self.headers["x-ms-blob-content-type"]
        self._answer(201, b"", {"ETag": '"1"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"})

    def do_GET(self) -> None:
        if self._fails():
            return
        name = unquote(re.split(r"/o/|/devstoreaccount1/calls/", urlsplit(self.path).path)[-1])
        if name not in self.kept:
            self._answer(404, b"{}", {"x-ms-error-code": "BlobNotFound"})
            return
        data, kind = self.kept[name]
        asked = self.headers["Range"] or self.headers["x-ms-range"] or "bytes=0-"
        first, _, last = asked.removeprefix("bytes=").partition("-")
        piece = data[int(first) : int(last or len(data)) + 1]
        if not piece:
            self._answer(416, b"{}")
            return
        self.pieces.append(len(piece))
        self._answer(
            206,
            piece,
            {
                "Content-Type": kind,
                "Content-Range": f"bytes {first}-{int(first) + len(piece) - 1}/{len(data)}",
                "ETag": '"1"',
                "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT",
                "x-ms-blob-type": "BlockBlob",
            },
        )

    def do_DELETE(self) -> None:
        if self._fails():
            return
        name = unquote(re.split(r"/o/|/devstoreaccount1/calls/", urlsplit(self.path).path)[-1])
        missing = self.kept.pop(name, None) is None
        self._answer(404 if missing else 202, b"{}", {"x-ms-error-code": "BlobNotFound"})

    def _fails(self) -> bool:
        if self.status is not None:
            self._answer(self.status, b"{}")
        return self.status is not None

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Type" not in (headers or {}):
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Far:
    """A vendor's server, and a credential for a bucket on it."""

    def __init__(self, credential: BucketCredential, handler: Any = None) -> None:
        self.credential = credential
        self.handler = handler


@contextmanager
def objects_server() -> Iterator[tuple[str, Any]]:
    handler = type("Kept", (Objects,), {"kept": {}, "status": None, "pieces": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def s3() -> Iterator[Far]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        credential = BucketCredential(
            "s3_compatible",
            "calls",
            endpoint=f"http://{host}:{port}",
            access_key_id="key",
            secret_access_key="secret",
            tags=(("team", "voice bots"),),
        )
        boto3.client(
            "s3",
            endpoint_url=credential.endpoint,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            region_name="us-east-1",
        ).create_bucket(Bucket="calls")
        yield Far(credential)
    finally:
        server.stop()


@pytest.fixture
def google() -> Iterator[Far]:
    with objects_server() as (url, handler):
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        service_key = {
            "type": "service_account",
            "project_id": "project",
            "client_email": "gateway@project.example",
            "private_key": private.decode(),
            "token_uri": f"{url}/token",
            "universe_domain": "cloud.example",  # of the real one more than this server is asked
        }
        credential = BucketCredential(
            "google", "calls", endpoint=url, service_key=json.dumps(service_key)
        )
        yield Far(credential, handler)


@pytest.fixture
def azure() -> Iterator[Far]:
    with objects_server() as (url, handler):
        key = base64.b64encode(b"secret").decode()
        parts = {
            "DefaultEndpointsProtocol": "http",
            "AccountName": "devstoreaccount1",
            "AccountKey": key,
            "BlobEndpoint": f"{url}/devstoreaccount1",
        }
        text = ";".join(f"{name}={value}" for name, value in parts.items())
        yield Far(BucketCredential("azure", "calls", connection_string=text), handler)


@pytest.fixture(params=["s3", "google", "azure"])
def far(request: pytest.FixtureRequest) -> Far:
    found: Far = request.getfixturevalue(request.param)
    return found


def on_buckets(story: Any, policy: EgressPolicy = LOOPBACK) -> None:
    async def run() -> None:
        buckets = Buckets(policy)
        try:
            await story(buckets)
        finally:
            await buckets.close()

    asyncio.run(run())


async def whole(buckets: Buckets, credential: BucketCredential, key: str) -> bytes:
    return b"".join([piece async for piece in buckets.get(credential, key)])


def test_what_was_put_comes_back_until_it_is_deleted(far: Far, tmp_path: Any):
    file = tmp_path / "call.wav"
    file.write_bytes(SOUND)

    async def story(buckets: Buckets) -> None:
        await buckets.put(far.credential, "2026/11/22/a call.wav", file, "audio/wav")
        assert await whole(buckets, far.credential, "2026/11/22/a call.wav") == SOUND
        await buckets.delete(far.credential, "2026/11/22/a call.wav")
        with pytest.raises(NoSuchObject):
            await whole(buckets, far.credential, "2026/11/22/a call.wav")
        await buckets.delete(far.credential, "2026/11/22/a call.wav")

    on_buckets(story)


def test_a_long_recording_is_fetched_from_google_piece_by_piece(google: Far, tmp_path: Any):
    file = tmp_path / "long.wav"
    file.write_bytes(SOUND * 12)

    async def story(buckets: Buckets) -> None:
        await buckets.put(google.credential, "long.wav", file, "audio/wav")
        assert await whole(buckets, google.credential, "long.wav") == SOUND * 12

    on_buckets(story)

    assert max(google.handler.pieces) < 2 << 20
    assert sum(google.handler.pieces) == 12 * len(SOUND)


def test_a_test_of_a_bucket_that_works_says_nothing(far: Far):
    async def story(buckets: Buckets) -> None:
        assert await buckets.test(far.credential) is None

    on_buckets(story)


@pytest.mark.parametrize("vendor", ["google", "azure"])
@pytest.mark.parametrize(("status", "error"), [(403, StorageRefused), (503, StorageAway)])
def test_a_refusal_is_told_from_an_outage(
    vendor: str, status: int, error: type[Exception], tmp_path: Any, request: pytest.FixtureRequest
):
    far: Far = request.getfixturevalue(vendor)
    far.handler.status = status
    file = tmp_path / "call.wav"
    file.write_bytes(SOUND)

    async def story(buckets: Buckets) -> None:
        with pytest.raises(error):
            await buckets.put(far.credential, "call.wav", file, "audio/wav")

    on_buckets(story)


def test_a_bucket_that_is_not_there_is_refused(s3: Far, tmp_path: Any):
    file = tmp_path / "call.wav"
    file.write_bytes(SOUND)
    credential = BucketCredential(
        "s3_compatible",
        "no-such-bucket",
        endpoint=s3.credential.endpoint,
        access_key_id="key",
        secret_access_key="secret",
    )

    async def story(buckets: Buckets) -> None:
        with pytest.raises(StorageRefused, match="NoSuchBucket"):
            await buckets.put(credential, "call.wav", file, "audio/wav")
        assert "NoSuchBucket" in (await buckets.test(credential) or "")

    on_buckets(story)


def test_a_bucket_on_an_inner_host_is_refused_before_anything_is_sent(far: Far):
    async def story(buckets: Buckets) -> None:
        assert "EGRESS_ALLOW" in (await buckets.test(far.credential) or "")

    on_buckets(story, EgressPolicy())


def test_a_service_key_that_is_none_is_refused():
    async def story(buckets: Buckets) -> None:
        credential = BucketCredential("google", "calls", service_key='{"type": "other"}')
        assert "service_key" in (await buckets.test(credential) or "")

    on_buckets(story)


@pytest.mark.parametrize(
    "credential",
    [
        BucketCredential("aws_s3", "b", "a b#", access_key_id="a", secret_access_key="s"),
        BucketCredential(
            "s3_compatible",
            "b",
            endpoint="http://h:99999",
            access_key_id="a",
            secret_access_key="s",
        ),
        BucketCredential("google", "b", service_key="[]"),
        BucketCredential("google", "b", service_key="nonsense"),
        BucketCredential("azure", "b", connection_string="AccountName=a;BlobEndpoint=http://[x"),
    ],
)
def test_a_credential_that_an_sdk_chokes_on_is_refused(credential: BucketCredential):
    """Anything else would end the shelf, which stores the recordings of all tenants."""

    async def reason() -> str | None:
        buckets = Buckets(EgressPolicy())
        try:
            return await buckets.test(credential)
        finally:
            await buckets.close()

    assert "cannot be used" in (asyncio.run(reason()) or "")
