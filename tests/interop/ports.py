"""Free ports of 127.0.0.1, and waiting until a program has taken one."""

import itertools
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Seen = TypeVar("Seen")

# Below the kernel's range of ephemeral ports, so that nobody is given them by chance.
_LOW, _HIGH = 12_000, 31_000
_next = itertools.count(random.randrange(_LOW, _HIGH, 2), 2)


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port() -> int:
    """An even port whose UDP and TCP sides, and those of the next one, are free now."""
    return free_range(2)


def free_range(count: int) -> int:
    """The first of `count` consecutive free ports; even."""
    while True:
        first = _LOW + (next(_next) - _LOW) % (_HIGH - _LOW - count)
        first -= first % 2
        if all(_is_free(port) for port in range(first, first + count)):
            for _ in range(count // 2):
                next(_next)
            return first


def wait_until(seen: Callable[[], Seen | None], *, within_s: float, what: str) -> Seen:
    """Poll a program of somebody else until it shows something; its value is returned."""
    deadline = time.monotonic() + within_s
    while True:
        if value := seen():
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        time.sleep(0.02)


def wait_bound(port: int, *, kind: str = "udp", within_s: float = 10.0) -> None:
    """Wait until some process has bound the port (`kind`: udp or tcp)."""
    suffix = f":{port:04X}"

    def bound() -> bool:
        lines = Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
        listening = {"udp": {"07"}, "tcp": {"0A"}}[kind]
        return any(
            fields[1].endswith(suffix) and fields[3] in listening
            for fields in map(str.split, lines)
        )

    wait_until(bound, within_s=within_s, what=f"{kind} port {port} bound")
