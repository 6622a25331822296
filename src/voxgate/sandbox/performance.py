"""Plays a script: takes what happened and the time, gives back the steps to carry out.

Pure: no clock, no sockets. Whoever plays it feeds `hear` and `on_time`, carries out the steps it
gets in order, and calls `on_time` when `deadline` has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from voxgate.sandbox.script import Script
from voxgate.sandbox.steps import (
    REFUSALS,
    Beep,
    Busy,
    Challenge,
    HangUp,
    Hold,
    Listen,
    ListenForDigits,
    ListenForSilence,
    ListenForSpeech,
    Press,
    Ring,
    Ringback,
    Say,
    Sit,
    Step,
    Wait,
)


class Sign(Enum):
    """Something the callee notices."""

    PLAYED = auto()  # the words or tone of the step have been sent
    PRESSED = auto()  # the digits of the step have been sent
    SPEECH_BEGAN = auto()
    SPEECH_ENDED = auto()
    DIGIT = auto()
    AUTHORIZED = auto()  # the caller proved who it is
    GONE = auto()  # the caller cancelled or hung up


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What the present step waits for: a sign, a time, or whichever comes first."""

    sign: Sign | None = None
    until: float | None = None


class Performance:
    """One script played to one caller."""

    def __init__(self, script: Script) -> None:
        self._steps: Sequence[Step] = script.steps
        self._next = 0
        self._waiting = _Waiting()
        self._speech_now = False
        self._speech_heard = False
        self._quiet_at: float | None = None
        self._digits_missing = 0
        self.over = False

    @property
    def deadline(self) -> float | None:
        """When `on_time` has to be called, unless something is heard before."""
        times = [at for at in (self._waiting.until, self._quiet_at) if at is not None]
        return min(times) if times and not self.over else None

    @property
    def current(self) -> Step | None:
        """The step being played; None before `begin`."""
        return self._steps[self._next - 1] if self._next else None

    def begin(self, now: float) -> list[Step]:
        return self._advance(now)

    def hear(self, sign: Sign, now: float, *, happened_at: float | None = None) -> list[Step]:
        """Take a sign; the steps that follow from it.

        `happened_at`: when it happened, if that was known only later.
        """
        if self.over:
            return []
        if sign is Sign.GONE:
            self._finish()
            return []
        self._follow_speech(sign, now if happened_at is None else happened_at)
        if sign is Sign.DIGIT and self._digits_missing:
            self._digits_missing -= 1
            return [] if self._digits_missing else self._advance(now)
        return self._advance(now) if sign is self._waiting.sign else []

    def on_time(self, now: float) -> list[Step]:
        """The steps whose time has come; nothing when `deadline` lies ahead."""
        deadline = self.deadline
        return self._advance(now) if deadline is not None and now >= deadline else []

    def _follow_speech(self, sign: Sign, at: float) -> None:
        if sign is Sign.SPEECH_BEGAN:
            self._speech_now = self._speech_heard = True
            self._quiet_at = None
        elif sign is Sign.SPEECH_ENDED:
            self._speech_now = False
            step = self.current
            if isinstance(step, ListenForSilence) and self._speech_heard:
                self._quiet_at = at + step.quiet_s

    def _advance(self, now: float) -> list[Step]:
        steps: list[Step] = []
        while True:
            self._quiet_at = None
            self._digits_missing = 0
            if self._next == len(self._steps):
                # A script that ends without hanging up stays on the line until the caller leaves.
                self._waiting = _Waiting()
                return steps
            step = self._steps[self._next]
            self._next += 1
            steps.append(step)
            if isinstance(step, HangUp | REFUSALS):
                self._finish()
                return steps
            waiting = self._wait_for(step, now)
            if waiting is not None:
                self._waiting = waiting
                return steps

    def _wait_for(self, step: Step, now: float) -> _Waiting | None:
        """What has to happen before the next step; None: nothing."""
        waiting: _Waiting | None = None
        match step:
            case Say() | Beep() | Sit() | Ringback() | Busy():
                waiting = _Waiting(Sign.PLAYED)
            case Press():
                waiting = _Waiting(Sign.PRESSED)
            case Challenge():
                waiting = _Waiting(Sign.AUTHORIZED)
            case Wait() | Hold():
                waiting = _Waiting(until=now + step.for_s)
            case Ring() | Listen():
                waiting = _Waiting(until=None if step.for_s is None else now + step.for_s)
            case ListenForSpeech() if not self._speech_now:
                waiting = _Waiting(Sign.SPEECH_BEGAN, now + step.max_s)
            case ListenForSilence():
                self._speech_heard = self._speech_now
                waiting = _Waiting(until=now + step.max_s)
            case ListenForDigits():
                self._digits_missing = step.count
                waiting = _Waiting(until=now + step.max_s)
        return waiting

    def _finish(self) -> None:
        self.over = True
        self._waiting = _Waiting()
        self._quiet_at = None
