from hypothesis import given
from hypothesis import strategies as st

from voxgate.verbs.digits import DigitCollector, DigitRules

TIMEOUT = {"reason": "timeout"}


def typed(rules: DigitRules, *presses: tuple[float, str]) -> tuple[DigitCollector, float]:
    """Press keys without a prompt, let time pass until it is over; how it ended and when."""
    collector = DigitCollector(rules, prompting=False, now=0.0)
    now = 0.0
    for at, key in presses:
        while (wait_s := collector.wait_s(now)) is not None and now + wait_s <= at:
            now += wait_s
            collector.pass_time(now)
        now = at
        collector.press(key, now)
    while (wait_s := collector.wait_s(now)) is not None:
        now += wait_s
        collector.pass_time(now)
    return collector, now


def detected(digits: str) -> dict[str, str]:
    return {"reason": "dtmfDetected", "digits": digits}


def test_no_key_at_all_is_a_timeout():
    collector, now = typed(DigitRules(timeout_s=15))

    assert (collector.result, now) == (TIMEOUT, 15)


def test_digits_before_the_timeout_count_although_no_minimum_was_set():
    collector, _ = typed(DigitRules(timeout_s=5), (1, "4"), (2, "2"))

    assert collector.result == detected("42")


def test_the_timeout_starts_anew_with_the_first_digit_only():
    collector, now = typed(DigitRules(timeout_s=5), (4, "1"), (8, "2"))

    assert (collector.result, now) == (detected("12"), 9)


def test_fewer_digits_than_the_minimum_are_a_timeout():
    collector, _ = typed(DigitRules(timeout_s=5, digits_min=3), (1, "4"), (2, "2"))

    assert collector.result == TIMEOUT


def test_the_wanted_number_of_digits_ends_it_at_once():
    collector, now = typed(DigitRules(digits_max=2), (1, "4"), (2, "2"), (3, "9"))

    assert (collector.result, now) == (detected("42"), 3)


def test_the_finish_key_ends_it_and_is_not_a_digit():
    collector, _ = typed(DigitRules(finish_keys="#"), (1, "7"), (2, "#"))

    assert collector.result == detected("7")


def test_the_finish_key_alone_gives_no_digits():
    collector, _ = typed(DigitRules(finish_keys="#"), (1, "#"))

    assert collector.result == detected("")


def test_the_time_between_digits_replaces_the_timeout():
    rules = DigitRules(timeout_s=5, inter_digit_s=3)
    collector, now = typed(rules, (1, "1"), (3.5, "2"), (6, "3"))

    assert (collector.result, now) == (detected("123"), 9)


def test_the_time_between_digits_starts_with_the_minimum():
    rules = DigitRules(timeout_s=10, inter_digit_s=1, digits_min=2)
    collector, now = typed(rules, (1, "1"), (5, "2"))

    assert (collector.result, now) == (detected("12"), 6)


def test_no_timeout_waits_for_ever():
    collector = DigitCollector(DigitRules(timeout_s=0), prompting=False, now=0.0)

    assert collector.wait_s(0.0) is None
    collector.pass_time(1e9)
    assert not collector.is_over


def test_the_timeout_waits_for_the_prompt():
    collector = DigitCollector(DigitRules(timeout_s=5), prompting=True, now=0.0)
    assert collector.wait_s(100.0) is None

    collector.prompt_ended(100.0)

    assert collector.wait_s(100.0) == 5


def test_a_digit_cuts_the_prompt_and_starts_the_timeout():
    collector = DigitCollector(DigitRules(timeout_s=5), prompting=True, now=0.0)

    collector.press("1", 2.0)

    assert not collector.prompting
    assert collector.wait_s(2.0) == 5


def test_a_prompt_that_may_not_be_cut_is_heard_out_although_the_digits_are_complete():
    rules = DigitRules(inter_digit_s=1, digits_max=2, cuts_prompt=False)
    collector = DigitCollector(rules, prompting=True, now=0.0)

    collector.press("1", 1.0)
    collector.press("2", 1.5)
    assert collector.prompting
    assert not collector.is_over

    collector.prompt_ended(4.0)
    assert collector.is_over
    assert collector.result == detected("12")


def test_digits_in_the_prompt_do_not_count_when_nobody_listens_then():
    rules = DigitRules(cuts_prompt=False, counts_in_prompt=False, digits_max=1)
    collector = DigitCollector(rules, prompting=True, now=0.0)

    collector.press("1", 1.0)
    collector.prompt_ended(4.0)
    assert not collector.is_over

    collector.press("2", 5.0)
    assert collector.result == detected("2")


KEYS = st.lists(
    st.tuples(st.floats(0, 60, allow_nan=False), st.sampled_from("0123456789*#ABCD")), max_size=12
).map(sorted)
RULES = st.builds(
    DigitRules,
    timeout_s=st.floats(0.1, 20),
    inter_digit_s=st.sampled_from([0.0, 1.0, 4.0]),
    digits_min=st.integers(1, 5),
    digits_max=st.integers(0, 6),
    finish_keys=st.sampled_from(["", "#", "*#"]),
    cuts_prompt=st.booleans(),
    counts_in_prompt=st.booleans(),
)


@given(RULES, KEYS)
def test_a_caller_is_never_kept_waiting_for_ever(rules, presses):
    collector, _ = typed(rules, *presses)

    assert collector.is_over


@given(RULES, KEYS)
def test_the_digits_are_what_was_pressed_within_the_limits(rules, presses):
    collector, _ = typed(rules, *presses)

    digits = collector.result.get("digits", "")
    assert "".join(key for _, key in presses if key not in rules.finish_keys).startswith(digits)
    assert not rules.digits_max or len(digits) <= rules.digits_max
    assert not set(digits) & set(rules.finish_keys)
