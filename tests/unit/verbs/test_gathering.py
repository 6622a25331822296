"""The rules of `gather` with speech, on time that is only a number."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.speech.recognition import Alternative, Heard
from voxgate.verbs.digits import DigitRules
from voxgate.verbs.gathering import (
    LATE_SPEECH_S,
    RESULT_S,
    Gathering,
    GatherRules,
    SpeechRules,
)

TIMEOUT = {"reason": "timeout"}
Step = Callable[[Gathering, float], object]


def words(text: str, confidence: float = 0.9, *, final: bool = True) -> Step:
    heard = Heard("acme", "en-US", final, (Alternative(text, confidence),))
    return lambda gathering, now: gathering.heard(heard, now)


def interim(text: str) -> Step:
    return words(text, 0.0, final=False)


def key(digit: str) -> Step:
    return lambda gathering, now: gathering.press(digit, now)


def voice(*, on: bool) -> Step:
    return lambda gathering, now: gathering.voice(now, on=on)


VOICE, QUIET = voice(on=True), voice(on=False)


def prompt_over(gathering: Gathering, now: float) -> None:
    gathering.prompt_ended(now)


def broken(gathering: Gathering, _now: float) -> None:
    gathering.failed("the vendor is gone")


def rules(
    *,
    digits: bool = False,
    timeout: float = 10,
    digit_rules: DigitRules | None = None,
    **speech: object,
) -> GatherRules:
    return GatherRules(
        digit_rules or DigitRules(timeout_s=timeout),
        takes_digits=digits,
        speech=SpeechRules(**speech),  # type: ignore[arg-type]
    )


def let_pass(gathering: Gathering, now: float, until: float) -> float:
    """Time goes by; stops where it ends the gathering."""
    while not gathering.is_over and (wait_s := gathering.wait_s(now)) is not None:
        if now + wait_s > until:
            break
        now += wait_s
        gathering.pass_time(now)
    return now if gathering.is_over else until


def played(wanted: GatherRules, *steps: tuple[float, Step], prompt: bool = False):
    """What came of it: the gathering and when it was over."""
    gathering = Gathering(wanted, prompting=prompt, now=0.0)
    now = 0.0
    for at, step in steps:
        now = let_pass(gathering, now, at)
        if gathering.is_over:
            return gathering, now
        step(gathering, at)
        now = at
    return gathering, let_pass(gathering, now, 1e6)


def said(gathering: Gathering) -> tuple[str, str]:
    result = gathering.result
    return result["reason"], result["speech"]["alternatives"][0]["transcript"]


def test_the_first_final_words_are_the_result():
    gathering, now = played(rules(), (2, words("yes please")))

    assert (said(gathering), now) == (("speechDetected", "yes please"), 2)


def test_nothing_said_is_a_timeout():
    """FS#664: a caller who does nothing always reaches the next verb."""
    assert played(rules(timeout=7))[1] == 7
    assert played(rules(timeout=7))[0].result == TIMEOUT


def test_empty_results_are_no_words_and_do_not_put_off_the_timeout():
    """FS#962: a vendor's continuous empty transcripts prevented the timeout."""
    empties = [(at, words("  ", final=at % 2 == 0)) for at in range(1, 30)]

    gathering, now = played(rules(), *empties)

    assert (gathering.result, now) == (TIMEOUT, 10)


def test_words_under_way_put_off_the_timeout():
    """FS#777: the timeout cut a caller who had started late."""
    gathering, now = played(rules(), (9, interim("I")), (15, words("I want Bob")))

    assert (said(gathering), now) == (("speechDetected", "I want Bob"), 15)


def test_words_that_never_become_final_count_when_the_timeout_after_them_is_over():
    gathering, now = played(rules(), (9, interim("I want")))

    assert (said(gathering), now) == (("speechDetected", "I want"), 19)


def test_a_voice_at_the_timeout_is_heard_out():
    """FS#777, with a recogniser that tells nothing before the end."""
    gathering, now = played(rules(), (9, VOICE), (13, QUIET), (13.5, words("late")))

    assert (said(gathering), now) == (("speechDetected", "late"), 13.5)


def test_speech_that_ended_just_in_time_may_have_its_result_a_little_later():
    gathering, now = played(rules(), (8, VOICE), (9.5, QUIET), (11, words("late")))

    assert (said(gathering), now) == (("speechDetected", "late"), 11)


def test_noise_that_is_no_words_ends_with_the_timeout_and_a_little():
    gathering, now = played(rules(), (9, VOICE), (12, QUIET))

    assert (gathering.result, now) == (TIMEOUT, 12 + RESULT_S)


def test_noise_that_does_not_stop_does_not_hold_the_caller_for_ever():
    """FS#664."""
    coughs = [(at + on, voice(on=on == 0)) for at in range(1, 60) for on in (0, 0.5)]

    assert played(rules(), (3, VOICE))[1] == 10 + LATE_SPEECH_S
    assert played(rules(), *coughs)[1] <= 10 + LATE_SPEECH_S


def test_words_below_the_wanted_confidence_are_told_as_such():
    gathering, _ = played(rules(confidence_min=0.5), (1, words("maybe", 0.3)))

    assert said(gathering) == ("stt-low-confidence", "maybe")


class TestContinuous:
    def test_finals_are_joined_until_nothing_follows(self):
        gathering, now = played(
            rules(continuous_s=2), (1, words("one two")), (2.5, words("three")), (8, words("x"))
        )

        assert (said(gathering), now) == (("speechDetected", "one two three"), 4.5)
        assert isinstance(gathering.result["speech"]["vendor"]["evt"], list)

    def test_its_timer_starts_with_final_words_only(self):
        """FS#1385: continuous recognition in the background made spurious timeouts."""
        gathering = Gathering(rules(timeout=0, continuous_s=2), prompting=False, now=0.0)

        assert gathering.wait_s(0) is None
        gathering.heard(Heard("a", "en", False, (Alternative("yes", 0.1),)), 50)
        assert gathering.wait_s(50) is None

    def test_the_timeout_without_a_word_is_a_timeout_at_once(self):
        assert played(rules(timeout=5, continuous_s=2))[1] == 5

    def test_the_timeout_after_unfinished_words_starts_the_timer_for_more(self):
        gathering, now = played(rules(timeout=5, continuous_s=2), (1, interim("well")))

        assert (said(gathering), now) == (("speechDetected", "well"), 1 + 5 + 2)

    def test_the_main_timeout_does_not_cut_it(self):
        gathering, now = played(
            rules(timeout=5, continuous_s=4), (4, words("a")), (7, words("b")), (10, words("c"))
        )

        assert (said(gathering)[1], now) == ("a b c", 14)

    def test_its_key_ends_it_after_a_second_in_which_the_last_words_arrive(self):
        wanted = rules(continuous_s=5, continuous_key="#", digits=True)
        gathering, now = played(wanted, (1, words("one")), (2, key("#")), (2.6, words("two")))

        assert (said(gathering), now) == (("speechDetected", "one two"), 3)

    def test_its_key_alone_is_a_timeout_after_a_second(self):
        gathering, now = played(rules(continuous_s=5, continuous_key="#"), (2, key("#")))

        assert (gathering.result, now) == (TIMEOUT, 3)

    def test_a_prompt_that_ends_later_does_not_cut_it_short(self):
        wanted = rules(timeout=2, continuous_s=5)
        gathering, now = played(wanted, (1, words("one")), (3, prompt_over), prompt=True)

        assert (said(gathering)[1], now) == ("one", 6)


class TestFast:
    def test_words_that_do_not_change_for_a_while_are_final(self):
        gathering, now = played(
            rules(fast_s=1), (1, interim("I")), (1.5, interim("I do")), (2.2, interim("I do"))
        )

        assert (said(gathering), now) == (("speechDetected", "I do"), 2.5)

    def test_their_confidence_is_not_asked_for(self):
        gathering, _ = played(rules(fast_s=1, confidence_min=0.8), (1, interim("I do")))

        assert said(gathering) == ("speechDetected", "I do")


class TestSpeechTimeout:
    """Gotcha 58: speechTimeout was accepted and ignored."""

    def test_what_was_said_is_the_result_after_so_much_silence(self):
        gathering, now = played(
            rules(silence_s=2), (1, VOICE), (2, words("one")), (2.5, QUIET), (3, VOICE),
            (4, words("two")), (4.5, QUIET),
        )  # fmt: skip

        assert (said(gathering), now) == (("speechDetected", "one two"), 6.5)

    def test_words_that_never_became_final_count_too(self):
        gathering, now = played(rules(silence_s=2), (1, VOICE), (2, interim("one")), (3, QUIET))

        assert (said(gathering), now) == (("speechDetected", "one"), 5)

    def test_it_does_not_start_before_something_was_said(self):
        assert played(rules(timeout=9, silence_s=1))[1] == 9


class TestPrompt:
    def test_the_timeout_starts_when_the_prompt_is_over(self):
        assert played(rules(timeout=5), (3, prompt_over), prompt=True)[1] == 8

    def test_speech_does_not_cut_a_prompt_that_may_not_be_cut(self):
        gathering, now = played(rules(), (1, words("yes")), (4, prompt_over), prompt=True)

        assert (said(gathering)[1], now) == ("yes", 4)

    def test_so_many_words_cut_it_and_the_timeout_starts_then(self):
        """PR FS#1420: the timeout never started when the prompt was killed by barge-in."""
        wanted = rules(timeout=5, cuts_prompt=True, words_to_cut=2)
        gathering = Gathering(wanted, prompting=True, now=0.0)

        interim("one")(gathering, 1)
        assert gathering.prompting
        interim("one two")(gathering, 2)
        assert not gathering.prompting
        assert gathering.wait_s(2) == 5

    def test_final_words_cut_it_however_few(self):
        wanted = rules(cuts_prompt=True, words_to_cut=5)
        gathering, now = played(wanted, (1, words("yes")), prompt=True)

        assert (said(gathering)[1], now) == ("yes", 1)

    def test_with_a_word_count_of_zero_the_voice_cuts_it(self):
        wanted = rules(timeout=5, cuts_prompt=True, words_to_cut=0)
        gathering = Gathering(wanted, prompting=True, now=0.0)

        gathering.voice(1, on=True)

        assert not gathering.prompting
        assert gathering.wait_s(1) == 5

    def test_with_words_wanted_the_voice_alone_cuts_nothing(self):
        gathering = Gathering(rules(cuts_prompt=True), prompting=True, now=0.0)

        gathering.voice(1, on=True)

        assert gathering.prompting

    def test_speech_in_the_prompt_is_nothing_when_nobody_listens_then(self):
        wanted = rules(cuts_prompt=True, counts_in_prompt=False)
        gathering = Gathering(wanted, prompting=True, now=0.0)

        assert not words("yes")(gathering, 1)
        gathering.prompt_ended(2)
        assert words("yes")(gathering, 3)
        assert gathering.is_over

    def test_a_digit_during_the_prompt_starts_the_timeout(self):
        """Gotcha 57."""
        gathering, now = played(rules(digits=True, timeout=5), (2, key("1")), prompt=True)

        assert (gathering.result, now) == ({"reason": "dtmfDetected", "digits": "1"}, 7)


class TestTogether:
    def test_the_first_digit_stops_the_speech(self):
        gathering, now = played(
            rules(digits=True, timeout=5), (1, interim("well")), (2, key("4")), (3, words("well"))
        )

        assert (gathering.result, now) == ({"reason": "dtmfDetected", "digits": "4"}, 7)

    def test_time_between_digits_works_without_a_minimum(self):
        """Gotcha 56, FS#597: without minDigits the digits were lost."""
        wanted = rules(digits=True, digit_rules=DigitRules(timeout_s=10, inter_digit_s=2))
        gathering, now = played(wanted, (1, key("4")), (2, key("2")))

        assert (gathering.result, now) == ({"reason": "dtmfDetected", "digits": "42"}, 4)

    def test_a_prompt_that_digits_may_not_cut_is_heard_out_with_a_time_between_them(self):
        """FS#282: dtmfBargein:false was ignored when interDigitTimeout was set."""
        digit_rules = DigitRules(inter_digit_s=1, digits_max=2, cuts_prompt=False)
        wanted = rules(digits=True, digit_rules=digit_rules)
        gathering, now = played(
            wanted, (1, key("1")), (1.5, key("2")), (6, prompt_over), prompt=True
        )

        assert (gathering.result["digits"], now) == ("12", 6)

    def test_keys_are_nothing_when_only_speech_is_wanted(self):
        gathering, now = played(rules(timeout=5), (1, key("1")))

        assert (gathering.result, now) == (TIMEOUT, 5)

    def test_without_a_recogniser_it_ends_at_once_with_the_reason_and_the_prompt(self):
        gathering, now = played(rules(), (1, broken), prompt=True)

        assert gathering.result == {"reason": "error", "details": "the vendor is gone"}
        assert now == 1

    def test_a_recogniser_that_breaks_after_the_first_digit_disturbs_nobody(self):
        gathering, _ = played(rules(digits=True, timeout=5), (1, key("1")), (2, broken))

        assert gathering.result["digits"] == "1"


STEPS = st.one_of(
    st.builds(words, st.sampled_from(["", "yes", "one two three"])),
    st.builds(interim, st.sampled_from(["", "y", "one two"])),
    st.builds(key, st.sampled_from("012#")),
    st.sampled_from([VOICE, QUIET, prompt_over]),
)
STORIES = st.lists(st.tuples(st.floats(0, 60), STEPS), max_size=15).map(
    lambda story: sorted(story, key=lambda step: step[0])
)
RULES = st.builds(
    rules,
    digits=st.booleans(),
    timeout=st.floats(0.1, 20),
    cuts_prompt=st.booleans(),
    words_to_cut=st.integers(0, 3),
    counts_in_prompt=st.booleans(),
    silence_s=st.sampled_from([0.0, 1.0, 3.0]),
    continuous_s=st.sampled_from([0.0, 2.0]),
    continuous_key=st.sampled_from(["", "#"]),
    fast_s=st.sampled_from([0.0, 1.0]),
    confidence_min=st.sampled_from([0.0, 0.95]),
)


@given(RULES, STORIES, st.booleans())
def test_a_caller_is_never_kept_waiting_for_ever(wanted, story, prompt):
    gathering, _ = played(wanted, *story, (61, prompt_over), prompt=prompt)

    assert gathering.is_over
    assert gathering.result["reason"] in {
        "timeout",
        "dtmfDetected",
        "speechDetected",
        "stt-low-confidence",
    }


@pytest.mark.parametrize("silence_s", [0.0, 2.0])
def test_a_voice_that_never_stops_does_not_keep_what_was_said(silence_s):
    gathering, now = played(rules(silence_s=silence_s), (1, VOICE), (2, interim("hello")))

    assert said(gathering)[1] == "hello"
    assert now <= 30
