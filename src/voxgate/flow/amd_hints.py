"""The operator's file of phrases that only machines say, read again when it has changed."""

from pathlib import Path

from voxgate.amd.hints import BadHints, Hints
from voxgate.base.clock import Clock
from voxgate.base.log import get_logger

log = get_logger("flow")

LOOK_AGAIN_S = 60.0


class HintsFile:
    """Without a path there are no phrases. A file that cannot be used leaves those of before."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._looked_at: float | None = None
        self._changed_at: int | None = None
        self._hints = Hints()

    def current(self) -> Hints:
        now = self._clock.monotonic()
        if self._path is not None and self._is_due(now):
            self._looked_at = now
            self._read(self._path)
        return self._hints

    def _is_due(self, now: float) -> bool:
        return self._looked_at is None or now >= self._looked_at + LOOK_AGAIN_S

    def _read(self, path: Path) -> None:
        try:
            changed_at = path.stat().st_mtime_ns
            if changed_at != self._changed_at:
                self._hints = Hints.parse(path.read_text(encoding="utf-8"))
                self._changed_at = changed_at
        except (OSError, UnicodeDecodeError, BadHints) as wrong:
            log.warning("amd_hints_unusable", path=str(path), error=str(wrong))
