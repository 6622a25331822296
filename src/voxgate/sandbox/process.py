"""The sandbox as a child process: started, told by its first line where it listens, stopped."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import voxgate
from voxgate.base.errors import VoxgateError
from voxgate.base.settings import Listener

START_S = 30.0
STOP_S = 5.0
ANY_UDP = Listener("udp", "127.0.0.1", 0)
ANY_TCP = Listener("tcp", "127.0.0.1", 0)


class ChildFailed(VoxgateError):
    """A child process ended, or said nothing, before it was ready."""


class AnnouncingChild:
    """A program that prints one line when it is ready and lives as long as its owner wants.

    Its standard input is kept open: a child that watches it can stop when we are killed.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> None:
        self._name = name
        self._command = command
        self._env = env  # None: as ours
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """The first line it printed. Raises ChildFailed."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._env,
        )
        self._process = process
        try:
            async with asyncio.timeout(START_S):
                line = await process.stdout.readline() if process.stdout else b""
        except TimeoutError:
            await self.stop()
            raise ChildFailed(f"{self._name} was not ready within {START_S:g} s") from None
        if not line:
            status = await process.wait()
            raise ChildFailed(f"{self._name} ended with status {status} before it was ready")
        return line.decode(errors="replace").strip()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def wait(self) -> int:
        """Its exit status, once it has ended; needs `start` before."""
        if self._process is None:
            raise ChildFailed(f"{self._name} was not started")
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and end it when it does not within a few seconds; idempotent."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class SandboxAddress:
    """Where a sandbox listens."""

    sip: tuple[Listener, ...]
    control_url: str

    @classmethod
    def parse(cls, line: str) -> "SandboxAddress":
        announced = json.loads(line)
        return cls(
            tuple(Listener.parse(text) for text in announced["sip"]), announced["control_url"]
        )

    def announcement(self) -> str:
        sip = [f"{each.transport}:{each.host}:{each.port}" for each in self.sip]
        return json.dumps({"sip": sip, "control_url": self.control_url})


def sandbox_command(
    *,
    listeners: Sequence[Listener] = (ANY_UDP, ANY_TCP),
    control: str = "127.0.0.1:0",
    rtp_ports: tuple[int, int] | None = None,
    personas: Path | None = None,
) -> list[str]:
    """What to run for a sandbox that announces itself and stops when its stdin closes."""
    # By path and not by `-m`: the child finds the same voxgate that runs here, installed or not.
    source = str(Path(voxgate.__file__).parents[1])
    program = (
        f"import sys; sys.path.insert(0, {source!r}); "
        "from voxgate.sandbox.service import main; main(sys.argv[1:])"
    )
    sip = ",".join(f"{each.transport}:{each.host}:{each.port}" for each in listeners)
    options = ["--sip", sip, "--control", control, "--announce", "--stop-with-stdin"]
    if rtp_ports is not None:
        options += ["--rtp-ports", f"{rtp_ports[0]}-{rtp_ports[1]}"]
    if personas is not None:
        options += ["--personas", str(personas)]
    return [sys.executable, "-c", program, *options]


class SandboxProcess:
    """A sandbox of one's own, on free ports of loopback unless told otherwise."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        """`command`: from `sandbox_command`."""
        self._child = AnnouncingChild("the sandbox", command or sandbox_command())

    async def start(self) -> SandboxAddress:
        """Return when it takes calls. Raises ChildFailed."""
        line = await self._child.start()
        try:
            return SandboxAddress.parse(line)
        except (ValueError, KeyError) as error:
            await self.stop()
            raise ChildFailed(f"the sandbox announced {line[:200]!r}") from error

    @property
    def running(self) -> bool:
        return self._child.running

    async def wait(self) -> int:
        return await self._child.wait()

    async def stop(self) -> None:
        await self._child.stop()
