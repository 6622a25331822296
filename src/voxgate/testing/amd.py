"""How well machine detection judges the sandbox's callees: their sound, the verdicts, a table.

Nothing is sent: what a callee says is rendered as one recording, heard by the media core through
G.711, and judged by the engine, all at once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voxgate.amd.detector import AmdEvent, AmdType, Detector
from voxgate.amd.hints import Hints
from voxgate.amd.options import AmdOptions
from voxgate.media.events import MediaEvent, ToneKind, ToneStarted
from voxgate.media.hearing import hear
from voxgate.media.plan import Codec
from voxgate.model.audio import Audio
from voxgate.sandbox.script import Script
from voxgate.sandbox.sound import RATE_HZ, line_noise, over_noise
from voxgate.sandbox.steps import Beep, Busy, Noise, Ringback, Say, Wait
from voxgate.sandbox.variations import Answering, number_of, variation
from voxgate.sandbox.voice import Throat
from voxgate.speech.registry import Registry
from voxgate.speech.speaker import Speech

QUIET_S = 4.0  # after the callee's last sound: longer than any pause that decides
SHORTEST_S = 6.0  # longer than nobody is waited for
LONGEST_S = 20.0
SAMPLE_BYTES = 2

PERSON = (AmdType.HUMAN,)
MACHINE = (AmdType.MACHINE, AmdType.TONE)
NOBODY = (AmdType.NO_SPEECH,)
EXPECTED = {
    Answering.SHORT_HUMAN: PERSON,
    Answering.SLOW_HUMAN: PERSON,
    Answering.BUSINESS: PERSON,
    Answering.VOICEMAIL: MACHINE,
    Answering.BEEP_ONLY: MACHINE,
    Answering.SILENCE: NOBODY,
    Answering.RINGBACK: NOBODY,
    Answering.BUSY: NOBODY,
    Answering.VOICEMAIL_1000HZ: MACHINE,
    Answering.RINGBACK_HUMAN: PERSON,
}
VERDICTS = (
    AmdType.HUMAN,
    AmdType.MACHINE,
    AmdType.NO_SPEECH,
    AmdType.DECISION_TIMEOUT,
    AmdType.TONE,
)


@dataclass(frozen=True, slots=True)
class Dated:
    """An event, and when it would have been told, in milliseconds after the answer."""

    at_ms: int
    event: AmdEvent


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was told of one callee; `beeps` is how many the core heard, before and after."""

    kind: Answering
    seed: int
    told: tuple[AmdType, ...]
    first_ms: int
    beeps: int

    @property
    def number(self) -> str:
        return number_of(self.kind, self.seed)

    @property
    def is_right(self) -> bool:
        return self.told == EXPECTED[self.kind]

    @property
    def is_false_beep(self) -> bool:
        return self.beeps > (AmdType.TONE in EXPECTED[self.kind])


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


async def recorded(throat: Throat, script: Script) -> Audio:
    """What is heard of a callee from the answer on, with some quiet after it."""
    sound = bytearray()
    noise: Audio | None = None
    for step in script.steps:
        match step:
            case Say() | Beep() | Busy() | Ringback():
                sound += (await throat.sound_of(step)).samples
            case Wait():
                sound += bytes(round(step.for_s * RATE_HZ) * SAMPLE_BYTES)
            case Noise():
                noise = line_noise(step.level_db)
            case _:
                pass
    heard_s = len(sound) / SAMPLE_BYTES / RATE_HZ
    wanted_s = min(max(heard_s + QUIET_S, SHORTEST_S), LONGEST_S)
    wanted = round(wanted_s * RATE_HZ) * SAMPLE_BYTES
    audio = Audio(bytes(sound[:wanted]).ljust(wanted, b"\0"), RATE_HZ)
    return audio if noise is None else over_noise(audio, noise)


async def judged(kind: Answering, seeds: Iterable[int]) -> list[Verdict]:
    throat = Throat(Speech(Registry.offline()))
    await throat.start()
    try:
        work = (_perform(throat, kind, seed) for seed in seeds)
        return await asyncio.gather(*work)
    finally:
        await throat.close()


async def _perform(throat: Throat, kind: Answering, seed: int) -> Verdict:
    return judge(kind, seed, await recorded(throat, variation(kind, seed)))


def judge(kind: Answering, seed: int, audio: Audio) -> Verdict:
    # Every other one through the other law.
    heard = hear(audio, Codec.PCMA if seed % 2 else Codec.PCMU)
    events = [(one.at_ms, one.event) for one in heard]
    dated = replay(events, audio.duration_ms, AmdOptions())
    told = tuple(one.event.type for one in dated if one.event.type in VERDICTS)
    beeps = sum(
        isinstance(event, ToneStarted) and event.kind is ToneKind.BEEP for _, event in events
    )
    return Verdict(kind, seed, told, dated[0].at_ms if dated else 0, beeps)


def table(verdicts: Sequence[Verdict]) -> str:
    """The confusion matrix: a row for each kind, how many were told what, how many are right."""
    columns = ["human", "machine", "no_speech", "timeout", "beep heard", "false beeps"]
    head = f"{'answered by':<18}" + "".join(f"{name:>12}" for name in columns) + f"{'right':>9}"
    return "\n".join([head, *(_row(kind, verdicts) for kind in EXPECTED)])


def _row(kind: Answering, verdicts: Sequence[Verdict]) -> str:
    own = [verdict for verdict in verdicts if verdict.kind is kind]
    counts: Counter[AmdType] = Counter(type_ for verdict in own for type_ in set(verdict.told))
    cells = [counts[type_] for type_ in VERDICTS] + [sum(v.is_false_beep for v in own)]
    right = share_right(own)
    return f"{kind.title:<18}" + "".join(f"{cell:>12}" for cell in cells) + f"{right:>9.1%}"


def share_right(verdicts: Sequence[Verdict]) -> float:
    return sum(verdict.is_right for verdict in verdicts) / max(1, len(verdicts))
