"""Sound files from the web and from memory, as telephone audio; all work off the event loop."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from voxgate.base.children import ChildBusy, ChildFailed, Children
from voxgate.base.egress import EgressPolicy, EgressRefused, connector
from voxgate.base.errors import VoxgateError
from voxgate.base.lru import Lru
from voxgate.model.audio import Audio

RATE_HZ = 8000
CONNECT_TIMEOUT_S = 5.0
SILENT_TIMEOUT_S = 5.0
FETCH_TIMEOUT_S = 30.0
FILE_BYTES_MAX = 20 * 1024 * 1024
SILENCE_MS_MAX = 3_600_000
REDIRECTS_MAX = 5
CACHE_BYTES_MAX = 64 * 1024 * 1024
REMEMBERED_URLS_MAX = 2000
DECODERS = 2
WAITING_MAX = 64  # of files up to 20 MiB each
DECODE_TIMEOUT_S = 20.0

_SILENCE = re.compile(r"silence_stream://(\d{1,9})")


class AudioNotFound(VoxgateError):
    """The file could not be fetched; alert `play-url-notfound`."""


class AudioUnreadable(VoxgateError):
    """The file is too large, or not sound in any format FFmpeg knows."""


@dataclass(frozen=True, slots=True)
class _Version:
    """What a server called the file when it last gave it, and which sound that was."""

    etag: str | None
    last_modified: str | None
    digest: bytes

    @property
    def conditions(self) -> dict[str, str]:
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


class AudioFiles:
    """Fetches and decodes; the same bytes are decoded once while the cache remembers them."""

    def __init__(self, policy: EgressPolicy, *, silent_timeout_s: float = SILENT_TIMEOUT_S) -> None:
        """A server that sends nothing for `silent_timeout_s` is given up."""
        self._policy = policy
        self._silent_timeout_s = silent_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._decoders = Children(
            "voxgate.media.decode_worker",
            count=DECODERS,
            waiting_max=WAITING_MAX,
            answer_timeout_s=DECODE_TIMEOUT_S,
        )
        self._versions: Lru[str, _Version] = Lru(REMEMBERED_URLS_MAX, lambda _: 1)
        self._decoded: Lru[bytes, Audio] = Lru(CACHE_BYTES_MAX, lambda audio: len(audio.samples))

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=connector(self._policy),
            timeout=aiohttp.ClientTimeout(
                total=FETCH_TIMEOUT_S,
                sock_connect=CONNECT_TIMEOUT_S,
                sock_read=self._silent_timeout_s,
            ),
            headers={"User-Agent": "voxgate", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self._decoders.close()

    async def open(self, url: str) -> Audio:
        """The sound at an http(s) address, or `silence_stream://<ms>`.

        Raises AudioNotFound and AudioUnreadable; neither tells a URL's credentials or query.
        """
        if silence := _SILENCE.fullmatch(url):
            ms = min(int(silence[1]), SILENCE_MS_MAX)
            return Audio(bytes(ms * RATE_HZ // 1000 * 2), RATE_HZ)
        return await self._fetch(url)

    async def decode(self, content: bytes) -> Audio:
        """The sound of a file in memory, in whatever format; raises AudioUnreadable."""
        return await self._audio(hashlib.sha256(content).digest(), content)

    async def _fetch(self, url: str) -> Audio:
        if self._session is None:
            raise AudioNotFound("the gateway is starting")
        self._check_address(url)
        known = self._versions.get(url)
        kept = self._decoded.get(known.digest) if known else None
        conditions = known.conditions if known and kept else {}
        try:
            async with self._session.get(
                url, headers=conditions, max_redirects=REDIRECTS_MAX
            ) as response:
                if kept is not None and response.status == 304:
                    return kept
                if response.status != 200:
                    raise AudioNotFound(f"the server answered {response.status}")
                content = await _bounded(response)
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            raise AudioNotFound(_reason(failure)) from failure
        digest = hashlib.sha256(content).digest()
        audio = await self._audio(digest, content)
        self._remember(url, response, digest)
        return audio

    def _check_address(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            raise AudioNotFound("the address is malformed") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise AudioNotFound("the address is neither http:// nor https://")
        try:
            self._policy.check_host(host)
        except EgressRefused as refusal:
            raise AudioNotFound(str(refusal)) from refusal

    async def _audio(self, digest: bytes, content: bytes) -> Audio:
        if (kept := self._decoded.get(digest)) is not None:
            return kept
        if len(content) > FILE_BYTES_MAX:
            raise AudioUnreadable(f"the file is larger than {FILE_BYTES_MAX} bytes")
        try:
            sound = await self._decoders.ask(RATE_HZ.to_bytes(4, "big") + content)
        except ChildBusy as failure:
            raise AudioUnreadable("too many files wait to be decoded") from failure
        except ChildFailed as failure:
            raise AudioUnreadable(f"the file cannot be decoded: {failure}") from failure
        audio = Audio(sound, RATE_HZ)
        self._decoded.put(digest, audio)
        return audio

    def _remember(self, url: str, response: aiohttp.ClientResponse, digest: bytes) -> None:
        version = _Version(
            response.headers.get("ETag"), response.headers.get("Last-Modified"), digest
        )
        if version.conditions and digest in self._decoded:
            self._versions.put(url, version)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_chunked(65536):
        content += piece
        if len(content) > FILE_BYTES_MAX:
            raise AudioUnreadable(f"the file is larger than {FILE_BYTES_MAX} bytes")
    return bytes(content)


# The first kind that fits; the words hold no part of the URL.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.TooManyRedirects, f"more than {REDIRECTS_MAX} redirects"),
    (TimeoutError, "the server did not answer in time"),
    (aiohttp.ClientConnectorDNSError, "the host name cannot be resolved"),
    (aiohttp.ClientConnectorError, "the connection was refused or failed"),
    (aiohttp.ClientPayloadError, "the connection broke before the file was complete"),
    (aiohttp.ServerDisconnectedError, "the connection broke before the file was complete"),
)


def _reason(failure: Exception) -> str:
    if isinstance(failure, aiohttp.ClientConnectorError) and isinstance(
        failure.os_error, EgressRefused
    ):
        return str(failure.os_error)
    for kind, reason in _REASONS:
        if isinstance(failure, kind):
            return reason
    return f"the request failed ({type(failure).__name__})"
