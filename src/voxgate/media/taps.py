"""What listens in on a stream, plays into it piece by piece, or writes it to a file.

All sound is PCM, 16-bit little endian.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from voxgate.media import _core
from voxgate.media.errors import core_errors, require

Mix = Literal["mono", "mixed", "stereo"]
RATES_HZ = (8000, 16000, 24000, 32000, 48000, 64000)
FRAME_MS = 20

# How far whoever takes a tap's sound may be behind, and who injects ahead, unless told otherwise.
TAP_MS = 2_000
INJECTED_MS = 60_000
INJECTED_MS_MAX = 3_600_000
TAP_MS_MAX = 3_600_000


def _nothing(*_: object) -> None:
    """It is closed, and its owner not held on to."""


class Tap:
    """Made by `Stream.tap`. Hands over sound until it, or its stream, is closed."""

    def __init__(
        self, core: _core.Tap, on_audio: Callable[[bytes], None], on_close: Callable[[int], None]
    ) -> None:
        self._core = core
        self._on_audio = on_audio
        self._on_close = on_close

    @property
    def dropped_ms(self) -> int:
        """Sound that was lost because the loop did not come to take it in time."""
        return self._core.dropped_ms

    def pause(self) -> None:
        """Let sound pass by."""
        self._core.pause(True)  # noqa: FBT003 - the core's own signature

    def resume(self) -> None:
        self._core.pause(False)  # noqa: FBT003 - the core's own signature

    def close(self) -> None:
        """Hand over nothing more. Safe to call again."""
        self._core.close()
        self._on_close(self._core.id)
        self._on_audio = _nothing

    def on_ready(self) -> None:
        """Sound waits. For the engine."""
        if audio := self._core.take():
            self._on_audio(audio)


class Injection:
    """Made by `Stream.inject`. What is written is heard by the far end, mixed over what plays.

    It begins once 80 ms wait, or nothing more came for as long; likewise after it ran dry.
    """

    def __init__(
        self,
        core: _core.Injection,
        on_mark: Callable[[str], None],
        on_drained: Callable[[], None],
        on_close: Callable[[int], None],
    ) -> None:
        self._core = core
        self._on_mark = on_mark
        self._on_drained = on_drained
        self._on_close = on_close
        self._marks: dict[int, str] = {}
        self._next_mark = 0

    @property
    def waiting_ms(self) -> int:
        """What was written and not heard yet."""
        return self._core.waiting_ms

    def write(self, samples: bytes) -> None:
        """Play this after everything before. Raises Overloaded, keeping none of it, at the limit."""
        with core_errors():
            self._core.write(samples)

    def mark(self, name: str) -> None:
        """`on_mark(name)` once everything written so far was heard."""
        self._next_mark += 1
        with core_errors():
            self._core.mark(self._next_mark)
        self._marks[self._next_mark] = name

    @property
    def marks(self) -> int:
        """How many have not been heard."""
        return len(self._marks)

    def clear(self) -> list[str]:
        """Drop what was not heard, and the marks, whose names are returned."""
        with core_errors():
            self._core.clear()
        return self.forget_marks()

    def forget_marks(self) -> list[str]:
        """Drop the marks only."""
        forgotten = list(self._marks.values())
        self._marks.clear()
        return forgotten

    def close(self) -> None:
        """Drop what was not heard. Safe to call again."""
        self._core.close()
        self._marks.clear()
        self._on_close(self._core.id)
        self._on_mark = self._on_drained = _nothing

    def on_mark(self, number: int) -> None:
        """A mark was reached. For the engine."""
        if (name := self._marks.pop(number, None)) is not None:
            self._on_mark(name)

    def on_drained(self) -> None:
        """Nothing waits any more. For the engine."""
        self._on_drained()


class Recording:
    """Made by `Stream.record`. The file is a complete sound file at most a second old, always."""

    def __init__(self, core: _core.Recording) -> None:
        self._core = core
        self.id = core.id

    @property
    def written_ms(self) -> int:
        """What is in the file."""
        return self._core.written_ms

    @property
    def dropped_ms(self) -> int:
        """What is missing because the disk was too slow."""
        return self._core.dropped_ms

    @property
    def failure(self) -> str | None:
        """Why the file could not be written to the end; also told by RecordingFailed."""
        return None if self._core.error is None else os.strerror(self._core.error)

    def pause(self) -> None:
        """Leave out what is said from now on."""
        self._core.pause(True)  # noqa: FBT003 - the core's own signature

    def resume(self) -> None:
        self._core.pause(False)  # noqa: FBT003 - the core's own signature

    async def stop(self) -> None:
        """Returns once the file is complete. Safe to call again, also when the stream is gone."""
        await asyncio.to_thread(self._core.stop)


class Tapped:
    """The part of a stream that serves those who listen in, play into it, or record it."""

    def __init__(self, core: _core.Stream) -> None:
        self._core = core
        self._taps: dict[int, Tap] = {}
        self._injections: dict[int, Injection] = {}

    def tap(
        self,
        *,
        mix: Mix = "mono",
        rate_hz: int = 8000,
        on_audio: Callable[[bytes], None],
        notice_ms: int = FRAME_MS,
        limit_ms: int = TAP_MS,
    ) -> Tap:
        """Listen in: `on_audio` gets whole frames of 20 ms, `notice_ms` of them at a time or more.

        "mono" is what the far end says, "mixed" that and what it hears, "stereo" the one on the
        left and the other on the right. At most 8 taps and recordings at a time (Overloaded).
        """
        require("notice_ms", notice_ms, FRAME_MS, limit_ms)
        require("limit_ms", limit_ms, FRAME_MS, TAP_MS_MAX)
        with core_errors():
            core = self._core.tap(mix, rate_hz, notice_ms, limit_ms)
        tap = self._taps[core.id] = Tap(core, on_audio, self._taps_forget)
        return tap

    def inject(
        self,
        rate_hz: int = 8000,
        *,
        on_mark: Callable[[str], None] = lambda _name: None,
        on_drained: Callable[[], None] = lambda: None,
        limit_ms: int = INJECTED_MS,
    ) -> Injection:
        """Play sound that comes piece by piece, mixed over what plays. At most 4 (Overloaded)."""
        require("limit_ms", limit_ms, FRAME_MS, INJECTED_MS_MAX)
        with core_errors():
            core = self._core.inject(rate_hz, limit_ms)
        injection = Injection(core, on_mark, on_drained, self._injections_forget)
        self._injections[core.id] = injection
        return injection

    def record(self, path: Path) -> Recording:
        """Write what the far end says (left) and hears (right) into a new WAV file at 8 kHz.

        Raises MediaError when the file exists or cannot be made. The caller stops it.
        """
        with core_errors():
            return Recording(self._core.record(str(path)))

    def on_part(self, kind: str, arguments: tuple[Any, ...]) -> bool:
        """Hand an event of the core to the tap or injection it is about. For the engine."""
        number, *facts = arguments
        if kind == "tap_ready":
            if (tap := self._taps.get(number)) is not None:
                tap.on_ready()
        elif kind == "mark_played":
            if (injection := self._injections.get(number)) is not None:
                injection.on_mark(*facts)
        elif kind == "drained":
            if (injection := self._injections.get(number)) is not None:
                injection.on_drained()
        else:
            return False
        return True

    def forget_parts(self) -> None:
        """The stream is closed: nothing is told any more."""
        self._taps.clear()
        self._injections.clear()

    def _taps_forget(self, number: int) -> None:
        self._taps.pop(number, None)

    def _injections_forget(self, number: int) -> None:
        self._injections.pop(number, None)
