"""Real HTTP servers, real files made by FFmpeg, real decoding processes."""

import asyncio
import io
import ipaddress
import math
import socket
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from aiohttp import web

from voxgate.base.egress import EgressPolicy
from voxgate.media.files import FILE_BYTES_MAX, AudioFiles, AudioNotFound, AudioUnreadable
from voxgate.model.audio import Audio

LOOPBACK = EgressPolicy([ipaddress.ip_network("127.0.0.0/8")])


def encoded(
    container: str, codec: str, *, seconds: float = 1.0, rate_hz: int = 44100, hz: float = 1000
) -> bytes:
    """A stereo file with a tone on the left only."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate_hz)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "stereo"
        resampler = av.AudioResampler(
            format=stream.codec_context.format or "fltp",
            layout="stereo",
            rate=rate_hz,
            frame_size=stream.codec_context.frame_size or 1152,
        )
        count = int(seconds * rate_hz)
        left = 20000 * np.sin(2 * math.pi * hz * np.arange(count) / rate_hz)
        both = np.stack([left, np.zeros(count)], axis=1).astype("<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate = rate_hz
        frame.time_base = Fraction(1, rate_hz)
        frame.pts = 0
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return out.getvalue()


WAV = encoded("wav", "pcm_s16le")


def loudest_hz(audio: Audio) -> float:
    sound = np.frombuffer(audio.samples, "<i2").astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(sound)))) * audio.rate_hz / len(sound)


class Server:
    """Answers every path by one handler and remembers what was asked."""

    def __init__(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._handler = handler
        self.requests: list[web.Request] = []
        self.url = ""

    async def __aenter__(self) -> "Server":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self._handler(request)


def serving(content: bytes, status: int = 200, **headers: str) -> Server:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, status=status, headers=headers)

    return Server(handler)


def with_files(
    story: Callable[[AudioFiles], Awaitable[Any]], policy: EgressPolicy = LOOPBACK
) -> Any:
    async def scenario() -> Any:
        files = AudioFiles(policy)
        await files.start()
        try:
            return await story(files)
        finally:
            await files.close()

    return asyncio.run(scenario())


def opened(server: Server, path: str = "/a.wav", policy: EgressPolicy = LOOPBACK) -> Audio:
    async def story(files: AudioFiles) -> Audio:
        async with server:
            return await files.open(server.url + path)

    audio = with_files(story, policy)
    assert isinstance(audio, Audio)
    return audio


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("wav", "pcm_mulaw"),
        ("wav", "pcm_f32le"),
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("flac", "flac"),
        ("ipod", "aac"),
        ("adts", "aac"),
        ("matroska", "libopus"),
        ("aiff", "pcm_s16be"),
        ("au", "pcm_s16be"),
    ],
)
def test_any_common_format_becomes_telephone_audio(container, codec):
    """FS#585, FS#1037: what a vendor gives as wav or as mp3 can be played."""
    rate_hz = 48000 if codec == "libopus" else 44100
    content = encoded(container, codec, rate_hz=rate_hz)

    audio = with_files(lambda files: files.decode(content))

    assert audio.rate_hz == 8000
    assert audio.duration_ms == pytest.approx(1000, abs=120)
    assert loudest_hz(audio) == pytest.approx(1000, abs=10)


def test_what_a_telephone_cannot_carry_does_not_fold_back():
    content = encoded("wav", "pcm_s16le", hz=6000)

    audio = with_files(lambda files: files.decode(content))

    sound = np.frombuffer(audio.samples, "<i2").astype(float)[400:-400]
    assert np.sqrt(np.mean(sound**2)) < 20


def test_a_file_is_fetched_and_decoded():
    assert opened(serving(WAV)).duration_ms == pytest.approx(1000, abs=2)


def test_silence_of_any_length_needs_no_server():
    audio = with_files(lambda files: files.open("silence_stream://250"))

    assert audio == Audio(bytes(4000))


def test_a_redirect_is_followed():
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/old.wav":
            raise web.HTTPFound("/new.wav")
        return web.Response(body=WAV)

    assert opened(Server(handler), "/old.wav").duration_ms > 0


def test_a_file_that_has_not_changed_is_not_sent_again():
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.Response(body=WAV, headers={"ETag": '"v1"'})

    async def story(files: AudioFiles) -> None:
        async with Server(handler) as server:
            first = await files.open(server.url + "/a.wav")
            assert await files.open(server.url + "/a.wav") is first
            asked = [request.headers.get("If-None-Match") for request in server.requests]
            assert asked == [None, '"v1"']

    with_files(story)


def test_a_file_that_has_changed_is_heard_in_its_new_form():
    versions = iter([(b'"v1"', WAV), (b'"v2"', encoded("wav", "pcm_s16le", seconds=2.0))])

    async def handler(_request: web.Request) -> web.StreamResponse:
        etag, content = next(versions)
        return web.Response(body=content, headers={"ETag": etag.decode()})

    async def story(files: AudioFiles) -> list[int]:
        async with Server(handler) as server:
            return [(await files.open(server.url + "/a.wav")).duration_ms for _ in range(2)]

    assert with_files(story) == [1000, 2000]


@pytest.mark.parametrize("status", [204, 304, 403, 404, 500])
def test_an_error_of_the_server_is_named(status):
    with pytest.raises(AudioNotFound, match=f"the server answered {status}"):
        opened(serving(b"", status))


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("ftp://media.example/a.wav", "neither http:// nor https://"),
        ("file:///etc/passwd", "neither http:// nor https://"),
        ("http://", "neither http:// nor https://"),
        ("http://[::1/a.wav", "the address is malformed"),
        ("a.wav", "neither http:// nor https://"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 is not a public address"),
        ("http://10.0.0.1/a.wav", "10.0.0.1 is not a public address"),
        ("http://0x7f000001/a.wav", "0x7f000001 is not a public address"),
        ("http://media.invalid/a.wav", "the host name cannot be resolved"),
    ],
)
def test_an_address_that_leads_nowhere_or_inside_is_refused(url, complaint):
    async def story(files: AudioFiles) -> None:
        with pytest.raises(AudioNotFound) as refused:
            await files.open(url)
        assert complaint in str(refused.value)

    with_files(story)


def test_nobody_listening_is_named():
    async def story(files: AudioFiles) -> None:
        with pytest.raises(AudioNotFound, match="the connection was refused or failed"):
            await files.open(f"http://127.0.0.1:{unused_port()}/secret.wav?token=x")

    with_files(story)


def test_loopback_is_refused_where_the_operator_does_not_allow_it():
    async def story(files: AudioFiles) -> None:
        async with serving(WAV) as server:
            with pytest.raises(AudioNotFound, match="is not a public address"):
                await files.open(server.url + "/a.wav")
            assert server.requests == []

    with_files(story, EgressPolicy())


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://10.0.0.1/", "file:///etc/passwd"]
)
def test_a_redirect_to_where_tenants_may_not_go_is_not_followed(target):
    async def handler(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(target)

    with pytest.raises(AudioNotFound):
        opened(Server(handler))


def test_redirects_without_end_are_given_up():
    async def handler(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"/{len(request.path) * 'x'}")

    with pytest.raises(AudioNotFound, match="more than 5 redirects"):
        opened(Server(handler))


def test_a_connection_that_breaks_half_way_is_named():
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(WAV))})
        await response.prepare(request)
        await response.write(WAV[:1000])
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(AudioNotFound, match="broke before the file was complete"):
        opened(Server(handler))


def test_a_server_that_falls_silent_is_given_up():
    """FS#1390."""

    async def story() -> None:
        given_up = asyncio.Event()

        async def handler(_request: web.Request) -> web.StreamResponse:
            await given_up.wait()
            return web.Response()

        files = AudioFiles(LOOPBACK, silent_timeout_s=0.1)
        await files.start()
        async with Server(handler) as server:
            with pytest.raises(AudioNotFound, match="did not answer in time"):
                await files.open(server.url + "/a.wav")
            given_up.set()
        await files.close()

    asyncio.run(story())


def test_a_file_that_is_too_large_is_not_read_to_its_end():
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(65536))

    with pytest.raises(AudioUnreadable, match=f"larger than {FILE_BYTES_MAX} bytes"):
        opened(Server(handler))


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\nfile://%s\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile '%s'\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"not a sound", b"<html>404</html>", WAV[:20], b"RIFF" + bytes(5000), bytes(100_000)],
)
def test_what_is_no_sound_is_unreadable(content):
    async def story(files: AudioFiles) -> Audio:
        with pytest.raises(AudioUnreadable, match="the file cannot be decoded"):
            await files.decode(content)
        return await files.decode(WAV)

    assert with_files(story).duration_ms == 1000


@pytest.mark.parametrize("template", [PLAYLIST, CONCAT])
def test_a_file_cannot_make_the_decoder_open_other_files(tmp_path: Path, template):
    inside = tmp_path / "inside.wav"
    inside.write_bytes(WAV)

    async def story(files: AudioFiles) -> None:
        with pytest.raises(AudioUnreadable):
            await files.decode(template % str(inside).encode())

    with_files(story)


def test_pictures_have_no_sound():
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as target:
        stream = target.add_stream("mjpeg", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p"
        target.mux(stream.encode(av.VideoFrame(64, 64, "yuvj420p")))
        target.mux(stream.encode(None))

    async def story(files: AudioFiles) -> None:
        with pytest.raises(AudioUnreadable, match="there is no sound in it"):
            await files.decode(out.getvalue())

    with_files(story)


def test_the_same_bytes_are_decoded_once():
    async def story(files: AudioFiles) -> None:
        assert await files.decode(WAV) is await files.decode(bytes(WAV))

    with_files(story)
