"""The detection on recorded sound: the same core and the same engine, without a network or a clock."""

from dataclasses import dataclass

from voxgate.amd.detector import AmdEvent, Detector
from voxgate.amd.hints import Hints
from voxgate.amd.options import AmdOptions
from voxgate.media.hearing import hear
from voxgate.media.plan import Codec
from voxgate.model.audio import Audio


@dataclass(frozen=True, slots=True)
class Dated:
    """An event, and when it would have been told, in milliseconds after the answer."""

    at_ms: int
    event: AmdEvent


def replay(audio: Audio, options: AmdOptions, codec: Codec = Codec.PCMU) -> list[Dated]:
    """What a call that begins with `audio` would have been told; after its end all is silent."""
    detector = Detector(options, Hints())
    told: list[Dated] = []

    def pass_time(until_ms: int) -> None:
        while (due_ms := detector.deadline_ms) is not None and due_ms <= until_ms:
            told.extend(Dated(due_ms, event) for event in detector.on_time(due_ms))

    for heard in hear(audio, codec):
        pass_time(heard.at_ms)
        told += [Dated(heard.at_ms, event) for event in detector.hear(heard.event, heard.at_ms)]
    pass_time(audio.duration_ms)
    return told
