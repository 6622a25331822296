"""CPU and memory of a running process, from /proc."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_s(pid: int) -> float:
    """User + system seconds of a process, all its threads, ended ones included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB


def _foreign_cpu_s(own: frozenset[int]) -> float:
    """CPU seconds used so far by every living process that is not part of the measurement."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in own:
            try:
                total += cpu_s(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return total


@dataclass
class Window:
    """What a process used between the making of this object and now."""

    pid: int
    load_pids: tuple[int, ...] = ()
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._own = frozenset({self.pid, os.getpid(), *self.load_pids})
        self._cpu = cpu_s(self.pid)
        self._foreign = _foreign_cpu_s(self._own)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def used_s(self) -> float:
        return cpu_s(self.pid) - self._cpu

    @property
    def foreign_pct(self) -> float:
        """Share of one core that strangers used meanwhile; a measurement wants it near zero."""
        return 100 * max(0.0, _foreign_cpu_s(self._own) - self._foreign) / self.seconds
