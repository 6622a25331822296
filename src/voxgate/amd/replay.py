"""The detection on what was heard before: the same engine, without a network or a clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxgate.amd.detector import AmdEvent, Detector
from voxgate.amd.hints import Hints
from voxgate.amd.options import AmdOptions
from voxgate.media.events import MediaEvent


@dataclass(frozen=True, slots=True)
class Dated:
    """An event, and when it would have been told, in milliseconds after the answer."""

    at_ms: int
    event: AmdEvent


def replay(
    heard: Iterable[tuple[int, MediaEvent]], until_ms: int, options: AmdOptions
) -> list[Dated]:
    """What a call would have been told on which this was heard, each when it was told."""
    detector = Detector(options, Hints())
    told: list[Dated] = []

    def pass_time(until_ms: int) -> None:
        while (due_ms := detector.deadline_ms) is not None and due_ms <= until_ms:
            told.extend(Dated(due_ms, event) for event in detector.on_time(due_ms))

    for at_ms, event in heard:
        pass_time(at_ms)
        told += [Dated(at_ms, amd) for amd in detector.hear(event, at_ms)]
    pass_time(until_ms)
    return told
