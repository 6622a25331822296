import pytest

from voxgate.hooks.retry import Backoff, RetryWish


def test_pauses_double_from_one_second_to_five_minutes():
    backoff = Backoff()

    assert [backoff.pause_s(n) for n in range(1, 12)] == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300,
    ]  # fmt: skip
    assert backoff.pause_s(100_000) == 300


def test_after_a_day_it_is_over():
    backoff = Backoff()

    assert not backoff.gives_up(first_failed_at=1000.0, now=1000.0 + 86399)
    assert backoff.gives_up(first_failed_at=1000.0, now=1000.0 + 86400)


@pytest.mark.parametrize(
    ("fragment", "count", "after"),
    [
        ("", 0, {"ct"}),
        ("rc=2", 2, {"ct"}),
        ("rc=99", 5, {"ct"}),
        ("rc=3&rp=ct,5xx", 3, {"ct", "5xx"}),
        ("rp=all&rc=1", 1, {"all"}),
        ("rc=-1&rp=nonsense", 0, {"ct"}),
        ("rc=²", 0, {"ct"}),
        ("section-2", 0, {"ct"}),
    ],
)
def test_the_fragment_of_a_url_says_how_often_and_after_what(fragment, count, after):
    assert RetryWish.parse(fragment) == RetryWish(count, frozenset(after))


def test_all_covers_every_class_and_ct_only_itself():
    assert RetryWish(1, frozenset({"all"})).covers("5xx")
    assert RetryWish(1).covers("ct")
    assert not RetryWish(1).covers("rt")


def test_pauses_of_call_hooks_grow_as_the_contract_says():
    assert [RetryWish.pause_s(n) for n in range(1, 6)] == [0.5, 1, 2, 4, 6]
