"""SIPp as the callee: started by a test, judged by its exit code."""

import re
import subprocess
from pathlib import Path
from typing import Self

from interop.ports import free_port, free_range, wait_bound
from interop.scenario import Scenario

_SEPARATOR = re.compile(r"^-{10,}.*\n", re.MULTILINE)
_HEAD = re.compile(r"(UDP|TCP) message (received|sent) .*?:\n\n", re.DOTALL)


class SippFailed(AssertionError):
    """SIPp judged the gateway's side of the story wrong, or nothing came."""


class Sipp:
    """One SIPp process that plays `scenario` for `calls` calls.

    Leaving the `with` block waits for its end and raises SippFailed unless it exits with 0.
    """

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        *,
        calls: int = 1,
        transport: str = "u1",
        port: int | None = None,
        limit_s: int = 60,
        echo: bool = False,
    ) -> None:
        self.scenario = scenario
        self.port = port or free_port()
        self.media_port = free_range(4)
        self._transport = transport
        self._limit_s = limit_s
        stem = f"{scenario.name}-{self.port}"
        self._messages = folder / f"{stem}.messages"
        self._errors = folder / f"{stem}.errors"
        self._output = folder / f"{stem}.out"
        script = folder / f"{stem}.xml"
        script.write_text(scenario.xml())
        self._command = [
            *("sipp", "-sf", str(script), "-i", "127.0.0.1", "-p", str(self.port)),
            *("-mi", "127.0.0.1", "-mp", str(self.media_port), "-t", transport),
            *("-m", str(calls), "-nostdin", "-timeout", f"{limit_s}s", "-timeout_error"),
            *("-trace_msg", "-message_file", str(self._messages)),
            *("-trace_err", "-error_file", str(self._errors)),
            *(["-rtp_echo"] if echo else []),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        wait_bound(self.port, kind="udp" if self._transport.startswith("u") else "tcp")
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        assert self._process is not None
        if kind is not None:
            self._process.kill()
            self._process.wait(10)
            return
        try:
            code = self._process.wait(self._limit_s + 10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            code = -9
        if code != 0:
            raise SippFailed(f"{self.scenario.name}: sipp exited with {code}\n{self._told()}")

    def _told(self) -> str:
        parts = [
            path.read_text(errors="replace")[-6000:]
            for path in (self._errors, self._messages)
            if path.exists()
        ]
        return "\n".join(parts) or self._output.read_text(errors="replace")[-3000:]

    def received(self, method: str | None = None) -> list[str]:
        """Whole messages that SIPp got, in order (all, or the requests of one method)."""
        found = []
        for part in _SEPARATOR.split(self._messages.read_text(errors="replace")):
            head = _HEAD.match(part)
            if head and head[2] == "received":
                text = part[head.end() :].rstrip("\n").replace("\r\n", "\n")
                if method is None or text.startswith(method + " "):
                    found.append(text)
        return found


def header_values(message: str, name: str) -> list[str]:
    """Values of a header in a message as text, in order."""
    head = message.partition("\n\n")[0]
    prefix = name.lower() + ":"
    return [
        line.partition(":")[2].strip()
        for line in head.splitlines()[1:]
        if line.lower().startswith(prefix)
    ]


def header_value(message: str, name: str) -> str:
    """The one value of a header; more or fewer is an error."""
    (value,) = header_values(message, name)
    return value
