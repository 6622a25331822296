"""What a callee of the sandbox does, one step after the other, and the text it is written in.

    ring 2s; answer; say "Hello?"; listen until silence 1s; press 1; hang up

Steps are separated by `;` or line ends; texts with spaces stand in quotes.
`parse` and `str` are inverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voxgate.base.errors import VoxgateError
from voxgate.sandbox.reading import WrongStep, read_step
from voxgate.sandbox.steps import (
    BEFORE_ANSWER,
    FIRST_ONLY,
    NEED_ANSWER,
    NEED_EARS,
    NEED_SOUND,
    REFUSALS,
    Answer,
    Early,
    HangUp,
    Say,
    Step,
)

STEPS_MAX = 100


class ScriptError(VoxgateError):
    """A script that cannot be played; the message names the step."""

    def __init__(self, position: int, step: str, reason: str) -> None:
        super().__init__(f"step {position} ({step[:60]}): {reason}")
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Script:
    """Steps in an order that can be played; made by `parse` or checked by `of`."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, *steps: Step) -> "Script":
        """Raises ScriptError when a step cannot follow the ones before it."""
        _check_order(steps)
        return cls(steps)

    @classmethod
    def parse(cls, text: str) -> "Script":
        """Raises ScriptError naming the step that cannot be read or cannot stand there."""
        steps: list[Step] = []
        for position, source in enumerate(_split(text), 1):
            if position > STEPS_MAX:
                raise ScriptError(position, source, f"a script has at most {STEPS_MAX} steps")
            try:
                steps.append(read_step(source))
            except WrongStep as wrong:
                raise ScriptError(position, source, str(wrong)) from None
        _check_order(steps)
        return cls(tuple(steps))

    @property
    def spoken(self) -> tuple[Say, ...]:
        """The lines the callee may speak, so that they can be rendered before they are needed."""
        return tuple(step for step in self.steps if isinstance(step, Say))

    def __str__(self) -> str:
        return "; ".join(str(step) for step in self.steps)


def _check_order(steps: Sequence[Step]) -> None:
    if not steps:
        raise ScriptError(1, "", "a script needs at least one step")
    sound = answered = over = mute = False
    for position, step in enumerate(steps, 1):
        complaint = _complaint(step, sound=sound, answered=answered, over=over)
        if complaint is None and isinstance(step, FIRST_ONLY) and position > 1:
            complaint = "this can only be the first step"
        if complaint is None and isinstance(step, NEED_SOUND) and mute:
            complaint = "the call was answered mute"
        if complaint is not None:
            raise ScriptError(position, str(step), complaint)
        sound = sound or isinstance(step, Early | Answer)
        answered = answered or isinstance(step, Answer)
        mute = mute or (isinstance(step, Answer) and step.mute)
        over = over or isinstance(step, HangUp | REFUSALS)


def _complaint(step: Step, *, sound: bool, answered: bool, over: bool) -> str | None:
    if over:
        return "the call is over before this step"
    if answered and isinstance(step, BEFORE_ANSWER | Answer):
        return "this has to come before the answer"
    if isinstance(step, NEED_SOUND | NEED_EARS) and not sound:
        return "there is no sound yet: put answer or early before it"
    if isinstance(step, NEED_ANSWER) and not answered:
        return "this needs an answered call: put answer before it"
    return None


def _split(text: str) -> list[str]:
    """Cut at `;` and line ends, except inside double quotes."""
    parts: list[str] = [""]
    quoted = escaped = False
    for character in text:
        if not quoted and character in ";\n":
            parts.append("")
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
        parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
