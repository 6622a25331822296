"""The engine on virtual time: what is heard is written as stretches, told as the core tells it."""

import random
from itertools import chain

import pytest

from voxgate.amd.detector import AmdEvent, AmdType, Detector, Transcript
from voxgate.amd.hints import Hints
from voxgate.amd.options import AmdOptions, Timers
from voxgate.media.events import (
    MediaEvent,
    ToneHeard,
    ToneKind,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
)

HINTS = Hints.parse('{"de-DE": ["nach dem signalton"]}')
Told = tuple[int, MediaEvent]


def speech(since_ms: int, until_ms: int) -> list[Told]:
    return [
        (since_ms + 300, VoiceStarted(since_ms)),
        (until_ms + 520, VoiceStopped(until_ms, until_ms - since_ms)),
    ]


def tone(
    since_ms: int, until_ms: int, kind: ToneKind = ToneKind.BEEP, hz: float = 1000.0
) -> list[Told]:
    ms = until_ms - since_ms
    return [
        (since_ms + 110, ToneStarted(kind, hz, since_ms, 0.25)),
        (until_ms + 80, ToneStopped(kind, until_ms, ms)),
    ]


class Line:
    """Runs a detector; remembers its events with the time of each."""

    def __init__(self, **options: object) -> None:
        answered_ms = options.pop("answered_ms", 0)
        is_transcribed = options.pop("is_transcribed", False)
        rang_ms = options.pop("rang_ms", None)
        self.detector = Detector(
            AmdOptions(**options),
            HINTS,
            answered_ms=answered_ms,
            rang_ms=rang_ms,
            is_transcribed=is_transcribed,
        )
        self.told: list[tuple[int, AmdEvent]] = []
        self.now_ms = 0

    def keep(self, events: list[AmdEvent]) -> None:
        self.told += [(self.now_ms, event) for event in events]

    def pass_time(self, until_ms: int) -> "Line":
        while (due_ms := self.detector.deadline_ms) is not None and due_ms <= until_ms:
            self.now_ms = due_ms
            self.keep(self.detector.on_time(due_ms))
        self.now_ms = max(self.now_ms, until_ms)
        return self

    def hear(self, *sounds: list[Told], until_ms: int = 60_000) -> "Line":
        for at_ms, event in sorted(chain(*sounds), key=lambda told: told[0]):
            self.pass_time(at_ms)
            self.keep(self.detector.hear(event, at_ms))
        return self.pass_time(until_ms)

    def read(self, at_ms: int, text: str, *, final: bool = True, language: str = "de-DE") -> "Line":
        self.pass_time(at_ms)
        self.keep(self.detector.read(Transcript(text, final, language), at_ms))
        return self

    @property
    def types(self) -> list[str]:
        return [event.type.removeprefix("amd_") for _, event in self.told]

    def facts(self, number: int = 0) -> dict[str, object]:
        return dict(self.told[number][1].facts)


MACHINE = ["machine_detected", "tone_detected", "machine_stopped_speaking", "stopped"]


def test_a_word_and_quiet_is_a_person_within_a_second_and_a_half():
    line = Line().hear(speech(700, 1100))

    assert line.types == ["human_detected", "stopped"]
    assert line.facts() == {"reason": "short greeting"}
    assert line.told[0][0] <= 1100 + 1500


@pytest.mark.parametrize("rang_ms", [200, 5000, 25_000])
@pytest.mark.parametrize(
    "sounds",
    [
        [speech(700, 1100)],
        [speech(300, 2400), speech(2800, 5200)],
        [speech(300, 20_000)],
        [speech(500, 2000), tone(2600, 3000)],
        [],
    ],
    ids=["person", "business", "talks on", "beep", "nobody"],
)
def test_how_long_it_rang_is_told_with_the_verdict_and_changes_none(rang_ms, sounds):
    """FS#1244: ring time as a hint, to the application."""
    without, rang = Line().hear(*sounds), Line(rang_ms=rang_ms).hear(*sounds)

    assert [(at, event.type) for at, event in rang.told] == [
        (at, event.type) for at, event in without.told
    ]
    assert rang.facts() == without.facts() | {"ring_ms": rang_ms}
    assert all("ring_ms" not in event.facts for _, event in rang.told[1:])


def test_a_business_that_greets_at_length_and_waits_is_a_person():
    line = Line().hear(speech(300, 2400), speech(2800, 5200))

    assert line.types == ["human_detected", "stopped"]
    assert line.facts() == {"reason": "timing"}


def test_who_talks_on_is_a_machine_while_it_talks():
    line = Line().hear(speech(300, 14_000))

    assert line.types == ["machine_detected", "machine_stopped_speaking", "stopped"]
    assert line.facts() == {"reason": "long greeting"}
    assert line.told[0][0] < 8000
    assert line.told[1][0] == pytest.approx(16_000, abs=500)


def test_a_beep_after_a_few_words_is_a_machines():
    line = Line().hear(speech(500, 1500), tone(2300, 2700))

    assert line.types == MACHINE
    assert line.facts(0) == {"reason": "timing"}
    assert line.facts(1) == {"frequency": 1000.0, "variance": 0.25}
    assert line.told[1][0] == 2410
    # A second after the beep, not two.
    assert line.told[2][0] == pytest.approx(3700, abs=450)


def test_a_mailbox_that_only_beeps_is_a_machine():
    assert Line().hear(tone(1500, 1900)).types == MACHINE


def test_the_greetings_end_is_two_seconds_after_the_last_word_when_nothing_beeps():
    line = Line().hear(speech(300, 9000), speech(10_500, 12_000))

    assert line.types[-2:] == ["machine_stopped_speaking", "stopped"]
    assert line.told[-2][0] == pytest.approx(14_000, abs=450)


def test_silence_is_nobody_after_five_seconds():
    line = Line().hear()

    assert line.types == ["no_speech_detected", "stopped"]
    assert line.told[0][0] == pytest.approx(5000, abs=450)


@pytest.mark.parametrize("kind", [ToneKind.RINGBACK, ToneKind.BUSY, ToneKind.DIAL])
def test_tones_of_the_network_are_nobody(kind):
    line = Line().hear(tone(500, 2500, kind, 440), tone(4500, 6500, kind, 440))

    assert line.types == ["no_speech_detected", "stopped"]


def test_a_slow_person_is_waited_for():
    line = Line().hear(speech(4500, 5200))

    assert line.types == ["human_detected", "stopped"]


def test_a_decision_that_takes_too_long_is_given_up():
    murmurs = [speech(at_ms, at_ms + 300) for at_ms in range(400, 14_000, 1000)]

    line = Line(timers=Timers(decision_ms=3000)).hear(*murmurs)

    assert line.types == ["decision_timeout", "stopped"]
    assert line.told[0][0] == pytest.approx(3000, abs=450)


def test_gotcha_76_the_tone_timer_does_not_break_off_a_long_greeting():
    line = Line(timers=Timers(tone_ms=20_000)).hear(speech(300, 26_000), tone(26_500, 27_000))

    assert line.types == MACHINE
    assert line.told[-1][0] > 27_000


def test_a_beep_after_the_tone_timer_no_longer_makes_a_machine():
    timers = Timers(no_speech_ms=30_000, decision_ms=25_000, tone_ms=2000)

    line = Line(timers=timers).hear(tone(5000, 5400))

    assert line.types == ["decision_timeout", "stopped"]


def test_the_threshold_moves_with_the_words_asked_for():
    sentence = speech(300, 2800)

    assert Line(threshold_words=9).hear(sentence).facts()["reason"] == "short greeting"
    assert Line(threshold_words=5).hear(sentence).facts()["reason"] == "timing"
    assert Line(threshold_words=3).hear(sentence).types[0] == "machine_detected"


def test_the_clock_starts_at_the_answer_whatever_was_heard_before():
    ringing = [*tone(1000, 3000, ToneKind.RINGBACK), *speech(28_000, 29_500)]

    line = Line(answered_ms=30_000).hear(ringing, speech(31_000, 31_400), until_ms=90_000)

    assert line.types == ["human_detected", "stopped"]
    assert line.told[0][0] == pytest.approx(31_000 + 1600, abs=100)


def test_words_that_began_before_the_answer_count_from_it():
    line = Line(answered_ms=10_000).hear(speech(9800, 10_300), until_ms=90_000)

    assert line.types == ["human_detected", "stopped"]


def test_an_unsure_tone_is_waited_for_before_anybody_is_a_person():
    beep = [
        (2650, ToneHeard(2500)),
        (4200, ToneStarted(ToneKind.BEEP, 440.0, 2500, 0.1)),
        (4200, ToneStopped(ToneKind.BEEP, 3300, 800)),
    ]

    line = Line().hear(speech(700, 2000), beep)

    assert line.types == MACHINE


def test_the_verdict_does_not_depend_on_when_the_sounds_were_told():
    sounds = [*speech(300, 900), *speech(1690, 2500), *tone(3650, 3900)]
    verdicts = set()
    for seed in range(200):
        draw = random.Random(seed)
        late = [(at_ms + draw.randrange(80), event) for at_ms, event in sounds]
        line = Line().hear(late)
        verdicts.add(tuple((e.type, tuple(e.facts.items())) for _, e in line.told))

    assert len(verdicts) == 1


def test_nothing_is_told_after_the_end():
    line = Line().hear(speech(300, 700))
    before = len(line.told)

    line.hear(tone(10_000, 10_400), until_ms=120_000).read(121_000, "hello")
    line.keep(line.detector.stop())
    line.keep(line.detector.fail("x", "y"))

    assert len(line.told) == before
    assert line.detector.deadline_ms is None


def test_a_detection_that_is_stopped_says_so_once():
    detector = Detector(AmdOptions(), HINTS)

    assert [event.to_json() for event in detector.stop()] == [{"type": "amd_stopped"}]
    assert detector.stop() == []


class TestWithARecogniser:
    """Contract section 9: the first rule that a transcript fits decides."""

    def test_a_phrase_of_a_machine_decides_on_an_interim_transcript(self):
        line = Line(is_transcribed=True, language="de-DE")
        line.read(2000, "bitte nach dem Signalton", final=False)

        assert line.types == ["machine_detected"]
        assert line.facts() == {
            "reason": "hint",
            "hint": "nach dem signalton",
            "language": "de-DE",
        }

    def test_digits_in_a_row_decide(self):
        line = Line(is_transcribed=True, digits=6).read(2000, "you called 555 123")

        assert line.facts() == {
            "reason": "digit count",
            "greeting": "you called 555 123",
            "language": "de-DE",
        }

    def test_few_words_that_are_final_are_a_person(self):
        line = Line(is_transcribed=True).read(1500, "ja bitte")

        assert line.types == ["human_detected", "stopped"]
        assert line.facts()["greeting"] == "ja bitte"

    def test_few_words_that_are_not_final_decide_nothing_yet(self):
        assert Line(is_transcribed=True).read(1500, "ja", final=False).types == []

    def test_many_words_are_a_machine_also_while_they_may_change(self):
        """Section 14: decisions on interim results are wanted (FS#1426)."""
        line = Line(is_transcribed=True)
        line.read(3000, "one two three four five six seven eight nine", final=False)

        assert line.types == ["machine_detected"]
        assert line.facts()["reason"] == "long greeting"

    def test_gotcha_77_a_japanese_greeting_is_as_long_as_it_is(self):
        greeting = "ただいま電話に出ることができません。発信音の後にメッセージをお願いします。"

        line = Line(is_transcribed=True).read(4000, greeting, language="ja-JP")

        assert line.types == ["machine_detected"]

    def test_each_later_transcript_puts_off_the_end_of_the_greeting(self):
        line = Line(is_transcribed=True).read(3000, "bitte nach dem signalton")
        line.read(4500, "vielen dank").read(6000, "auf wiederhören").pass_time(60_000)

        assert line.types == ["machine_detected", "machine_stopped_speaking", "stopped"]
        assert line.told[1][0] == pytest.approx(8000, abs=450)

    def test_words_cancel_the_wait_for_speech(self):
        line = Line(is_transcribed=True).read(4000, "ja", final=False).pass_time(60_000)

        assert line.types == ["decision_timeout", "stopped"]

    def test_final_parts_add_up(self):
        line = Line(is_transcribed=True, threshold_words=3)
        line.read(1000, "nach dem", final=False).read(1500, "nach dem signalton", final=False)

        assert line.facts()["reason"] == "hint"

    def test_a_recogniser_that_says_nothing_leaves_the_verdict_to_the_timing(self):
        line = Line(is_transcribed=True).hear(speech(500, 900))

        assert line.types == ["human_detected", "stopped"]
        assert "greeting" not in line.facts()

    def test_gotcha_78_a_recogniser_that_fails_is_an_error_and_the_timing_goes_on(self):
        line = Line(is_transcribed=True)
        line.keep(line.detector.fail("deepgram", "no credentials"))
        line.hear(speech(500, 900))

        assert line.types == ["error", "human_detected", "stopped"]
        assert line.facts() == {"vendor": "deepgram", "error": "no credentials"}


def test_every_event_has_the_name_of_the_contract():
    assert {kind.value for kind in AmdType} == {
        "amd_human_detected",
        "amd_machine_detected",
        "amd_no_speech_detected",
        "amd_decision_timeout",
        "amd_machine_stopped_speaking",
        "amd_tone_detected",
        "amd_error",
        "amd_stopped",
    }
