"""`voxgate doctor`: can this machine, with these settings, place calls? Each check really tries."""

import asyncio
import os
import resource
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.markup import escape

from voxgate.base.clock import SystemClock
from voxgate.base.errors import VoxgateError
from voxgate.base.settings import Settings
from voxgate.cli.client import answers
from voxgate.cli.ports import is_free
from voxgate.cli.screen import verdict
from voxgate.media.engine import MediaEngine, MediaSettings
from voxgate.media.events import MediaEvent, PlaybackFinished
from voxgate.media.plan import MediaPlan
from voxgate.model.speech import Voice
from voxgate.sandbox.hearing import measure
from voxgate.sandbox.sound import beep
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech
from voxgate.store.engine import Database

FREE_BYTES_WANTED = 500 * 1024 * 1024
FILES_PER_CALL = 4  # two media sockets, and room for SIP and hooks
PORTS_TRIED = 20
LOOPBACK_S = 5.0
TONE_MS = 400


class Grade(Enum):
    GOOD = "[green]✓[/]"
    WARNING = "[yellow]![/]"
    BAD = "[red]✗[/]"


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Grade
    text: str
    advice: str = ""


Check = Callable[[Settings], Awaitable[Finding]]


async def examine(console: Console, settings: Settings) -> int:
    """Exit status: 0 unless a check failed."""
    findings = []
    for name, check in CHECKS.items():
        finding = await check(settings)
        findings.append(finding)
        console.print(f"  {finding.grade.value} [bold]{name:<9}[/] {escape(finding.text)}")
        if finding.advice:
            console.print(f"              [dim]{escape(finding.advice)}[/]")
    bad = [finding for finding in findings if finding.grade is Grade.BAD]
    verdict(
        console,
        good=not bad,
        title="ready" if not bad else "not ready",
        text="voxgate can run here" if not bad else "; ".join(finding.text for finding in bad),
    )
    return 1 if bad else 0


async def _data_dir(settings: Settings) -> Finding:
    folder = settings.data_dir.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"voxgate")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as denied:
        advice = "choose another folder with VOXGATE_DATA_DIR"
        return Finding(Grade.BAD, f"{folder} cannot be written: {denied}", advice)
    free = shutil.disk_usage(folder).free
    text = f"{folder} can be written, {free // 1024**2} MiB free"
    if free < FREE_BYTES_WANTED:
        return Finding(Grade.WARNING, text, "less than 500 MiB: the call log may run full")
    return Finding(Grade.GOOD, text)


async def _database(settings: Settings) -> Finding:
    advice = "check VOXGATE_DATABASE_URL"
    try:
        database = Database(settings.sqlalchemy_url)
    except VoxgateError as wrong:
        return Finding(Grade.BAD, str(wrong), advice)
    try:
        await database.migrate()
    except VoxgateError as away:
        return Finding(Grade.BAD, f"the database cannot be used: {away}", advice)
    finally:
        await database.close()
    kind = "SQLite file" if database.is_sqlite else "PostgreSQL database"
    return Finding(Grade.GOOD, f"the {kind} can be written and has this version's schema")


async def _http(settings: Settings) -> Finding:
    if is_free(socket.SOCK_STREAM, settings.http_host, settings.http_port):
        return Finding(Grade.GOOD, f"{settings.http} is free")
    if await answers(f"http://{settings.http}"):
        return Finding(Grade.WARNING, f"a gateway runs at {settings.http} already")
    advice = "stop what listens there, or set VOXGATE_HTTP"
    return Finding(Grade.BAD, f"{settings.http} is taken by another program", advice)


async def _sip(settings: Settings) -> Finding:
    kinds = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
    names = [f"{each.transport}:{each.host}:{each.port}" for each in settings.sip]
    taken = [
        name
        for name, each in zip(names, settings.sip, strict=True)
        if not is_free(kinds[each.transport], each.host, each.port)
    ]
    if not taken:
        return Finding(Grade.GOOD, f"{', '.join(names)} can be bound")
    if await answers(f"http://{settings.http}"):
        return Finding(Grade.WARNING, f"in use, probably by the gateway: {', '.join(taken)}")
    advice = "stop what listens there, or set VOXGATE_SIP to addresses of this machine"
    return Finding(Grade.BAD, f"cannot be bound: {', '.join(taken)}", advice)


async def _rtp(settings: Settings) -> Finding:
    first, last = settings.rtp_ports
    host = settings.sip[0].host
    step = max(2, (last - first) // PORTS_TRIED // 2 * 2)
    tried = range(first, last, step)
    taken = [port for port in tried if not is_free(socket.SOCK_DGRAM, host, port)]
    calls = (last - first + 1) // 2
    text = f"ports {first}-{last}: room for {calls} calls, {len(taken)} of {len(tried)} tried taken"
    if len(taken) == len(tried):
        return Finding(Grade.BAD, text, "set VOXGATE_RTP_PORTS to a range that is free")
    if calls < settings.max_calls:
        advice = f"VOXGATE_MAX_CALLS is {settings.max_calls}: widen VOXGATE_RTP_PORTS or lower it"
        return Finding(Grade.WARNING, text, advice)
    return Finding(Grade.GOOD, text)


async def _files(settings: Settings) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_calls * FILES_PER_CALL
    text = f"{hard} open files allowed, {wanted} wanted for {settings.max_calls} calls"
    if hard < wanted:
        return Finding(Grade.WARNING, text, "raise the limit (ulimit -Hn, LimitNOFILE)")
    return Finding(Grade.GOOD, text)


async def _media(settings: Settings) -> Finding:
    """Two streams of the media core talk to each other over loopback."""
    engine = MediaEngine(MediaSettings(bind_ip="127.0.0.1", rtp_ports=settings.rtp_ports))
    played = asyncio.Event()

    def listen(event: MediaEvent) -> None:
        if isinstance(event, PlaybackFinished):
            played.set()

    try:
        await engine.start()
        speaker, ear = engine.open(listen), engine.open(listen)
        speaker.connect(MediaPlan("127.0.0.1", ear.port))
        ear.connect(MediaPlan("127.0.0.1", speaker.port))
        ear.start_capture(limit_ms=10 * TONE_MS)
        speaker.play(beep((1000,), TONE_MS / 1000))
        async with asyncio.timeout(LOOPBACK_S):
            await played.wait()
            while ear.stats().packets_received < TONE_MS // 20:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.02)
        heard = measure(ear.take_capture())
    except (VoxgateError, OSError, TimeoutError) as failure:
        return Finding(Grade.BAD, f"the media core does not work: {failure or 'no sound came'}")
    finally:
        await engine.stop()
    text = f"a tone of {TONE_MS} ms over RTP on loopback: {heard.audible_ms} ms were heard"
    good = heard.audible_ms >= TONE_MS * 9 // 10
    return Finding(Grade.GOOD if good else Grade.WARNING, text)


async def _voice(_settings: Settings) -> Finding:
    speech = Speech(Registry.offline())
    clock = SystemClock()
    try:
        await speech.start()
        began = clock.monotonic()
        audio = await speech.render("Hello from vox gate.", Voice())
        took_ms = round((clock.monotonic() - began) * 1000)
    except (VoxgateError, OSError) as failure:
        return Finding(Grade.BAD, f"the offline voice does not speak: {failure}")
    finally:
        await speech.close()
    heard = measure(audio.samples)
    text = f"the offline voice spoke {audio.duration_ms} ms of sound in {took_ms} ms"
    return Finding(Grade.GOOD if heard.audible_ms else Grade.BAD, text)


CHECKS: dict[str, Check] = {
    "data": _data_dir,
    "database": _database,
    "HTTP": _http,
    "SIP": _sip,
    "RTP": _rtp,
    "files": _files,
    "media": _media,
    "voice": _voice,
}
