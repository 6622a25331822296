"""The sandbox as a program: sockets, voice, media and control interface, started and stopped."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import web

from voxgate.base.clock import SystemClock
from voxgate.base.errors import VoxgateError
from voxgate.base.log import configure_logging, get_logger
from voxgate.base.settings import Listener
from voxgate.base.tasks import Nursery
from voxgate.media.engine import MediaEngine, MediaSettings
from voxgate.sandbox.calls import CallBook
from voxgate.sandbox.carrier import SandboxCarrier
from voxgate.sandbox.control import control_app
from voxgate.sandbox.far_end import FarEnd
from voxgate.sandbox.personas import BUILTIN, PersonaBook, read_personas
from voxgate.sandbox.process import SandboxAddress
from voxgate.sandbox.voice import Renderer, Throat
from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.endpoint import Endpoint
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech

DEFAULT_SIP = "udp:127.0.0.1:5070,tcp:127.0.0.1:5070"
DEFAULT_CONTROL = "127.0.0.1:5071"
DEFAULT_RTP_PORTS = (30000, 33999)
DEFAULT_CAPTURE_S = 120
PRODUCT = "voxgate sandbox"

log = get_logger("sandbox")


class BadOption(VoxgateError):
    """An option of the sandbox that cannot be used."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Port 0 takes any free one. `capture_s` 0 keeps no sound."""

    listeners: tuple[Listener, ...]
    control_host: str
    control_port: int
    rtp_ports: tuple[int, int] = DEFAULT_RTP_PORTS
    personas: Path | None = None
    capture_s: int = DEFAULT_CAPTURE_S

    @classmethod
    def parse(
        cls,
        sip: str,
        control: str,
        rtp_ports: str,
        personas: Path | None = None,
        *,
        capture_s: int = DEFAULT_CAPTURE_S,
    ) -> "SandboxOptions":
        """Raises BadOption naming the one that is wrong."""
        try:
            listeners = tuple(Listener.parse(each) for each in sip.split(","))
        except ValueError as wrong:
            raise BadOption(f"--sip: {wrong}") from None
        host, _, port = control.rpartition(":")
        if not host or not port.isdecimal():
            raise BadOption(f"--control: {control!r} is not address:port")
        first, _, last = rtp_ports.partition("-")
        if not (first.isdecimal() and last.isdecimal() and int(first) < int(last) <= 65535):
            raise BadOption(f"--rtp-ports: {rtp_ports!r} is not first-last")
        if not 0 <= capture_s <= 3600:
            raise BadOption("--capture-s: a time from 0 to 3600 seconds")
        ports = (int(first), int(last))
        return cls(listeners, host.strip("[]"), int(port), ports, personas, capture_s)


class Sandbox:
    """Everything of one sandbox; `start`, then calls may come until `stop`."""

    def __init__(self, options: SandboxOptions, speech: Renderer | None = None) -> None:
        """`speech`: None takes the offline voice. Raises PersonaFileError."""
        own = () if options.personas is None else read_personas(options.personas)
        self.personas = PersonaBook([*BUILTIN, *own])
        self.calls = CallBook()
        self._options = options
        self._throat = Throat(speech or Speech(Registry.offline()))
        self._nursery = Nursery("sandbox")
        host = options.listeners[0].host
        self._media = MediaEngine(
            MediaSettings(bind_ip=host, advertised_ip=host, rtp_ports=options.rtp_ports)
        )
        clock = SystemClock()
        self._endpoint = Endpoint(
            options.listeners,
            public_ip=None,
            clock=clock,
            user_agent=PRODUCT,
            options=SipOptions(),
        )
        far_end = FarEnd(
            media=self._media,
            voice=self._throat,
            clock=clock,
            calls=self.calls,
            nursery=self._nursery,
            capture_ms=options.capture_s * 1000,
        )
        self._carrier = SandboxCarrier(far_end, self.personas, self._endpoint.invite)
        self._control = web.AppRunner(
            control_app(self.calls, self.personas, self._carrier.place), access_log=None
        )

    async def start(self) -> SandboxAddress:
        """Return when calls can come. Raises BadOption when an address cannot be used."""
        try:
            await self._media.start()
            self._endpoint.on_invite(self._carrier.take)
            await self._endpoint.start()
            await self._control.setup()
            site = web.TCPSite(
                self._control, self._options.control_host, self._options.control_port
            )
            await site.start()
        except OSError as taken:
            await self.stop()
            raise BadOption(f"the sandbox cannot listen: {taken}") from taken
        self._nursery.start(self._throat.start(), name="voice")
        host, port = self._control.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        return SandboxAddress(tuple(self._endpoint.bound), f"http://{shown}:{port}")

    @property
    def open_streams(self) -> int:
        return self._media.stats().open_streams

    async def stop(self) -> None:
        """Leave every call and close everything; idempotent."""
        self._carrier.stop()
        await self._control.cleanup()
        await self._endpoint.stop()
        await self._nursery.close()
        await self._throat.close()
        await self._media.stop()


async def _serve(options: SandboxOptions, *, announce: bool, stop_with_stdin: bool) -> None:
    sandbox = Sandbox(options)
    address = await sandbox.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    try:
        if announce:
            sys.stdout.write(address.announcement() + "\n")
            sys.stdout.flush()
        if stop_with_stdin:
            # Our parent holds the other end: it closes when the parent dies, however it dies.
            loop.add_reader(sys.stdin.fileno(), lambda: _read_on(stop))
        await stop.wait()
    finally:
        if stop_with_stdin:
            loop.remove_reader(sys.stdin.fileno())
        await sandbox.stop()


def _read_on(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m voxgate.sandbox`: what the gateway runs as a child."""
    parser = argparse.ArgumentParser(prog="voxgate.sandbox", description=__doc__)
    parser.add_argument("--sip", default=DEFAULT_SIP)
    parser.add_argument("--control", default=DEFAULT_CONTROL)
    parser.add_argument("--rtp-ports", default="{}-{}".format(*DEFAULT_RTP_PORTS))
    parser.add_argument("--capture-s", type=int, default=DEFAULT_CAPTURE_S)
    parser.add_argument("--personas", type=Path)
    parser.add_argument("--announce", action="store_true", help="print the addresses as JSON")
    parser.add_argument("--stop-with-stdin", action="store_true", help="stop when stdin closes")
    given = parser.parse_args(arguments)
    configure_logging("warning", json_lines=True)
    try:
        options = SandboxOptions.parse(
            given.sip, given.control, given.rtp_ports, given.personas, capture_s=given.capture_s
        )
        uvloop.run(_serve(options, announce=given.announce, stop_with_stdin=given.stop_with_stdin))
    except VoxgateError as wrong:
        parser.exit(2, f"{wrong}\n")
