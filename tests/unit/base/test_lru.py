from hypothesis import given
from hypothesis import strategies as st

from voxgate.base.lru import Lru


def cache(limit: int = 100) -> Lru[str, bytes]:
    return Lru(limit, len)


def test_what_was_used_last_stays():
    kept = cache()
    for name in "abcd":
        kept.put(name, b"x" * 25)
    kept.get("a")

    kept.put("e", b"x" * 25)

    assert "a" in kept
    assert "b" not in kept


def test_a_giant_is_not_kept_at_the_expense_of_the_rest():
    kept = cache()
    kept.put("small", b"x")

    kept.put("giant", b"x" * 26)

    assert kept.get("giant") is None
    assert kept.get("small") == b"x"


def test_a_new_value_takes_the_place_of_the_old_one():
    kept = cache()
    for size in (25, 5):
        kept.put("a", b"x" * size)
    for name in "bcd":
        kept.put(name, b"x" * 25)

    assert kept.get("a") == b"x" * 5


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 40))))
def test_the_limit_holds_whatever_is_put_in(puts):
    kept = cache()
    for name, size in puts:
        kept.put(name, b"x" * size)

    assert sum(len(kept.get(name) or b"") for name in "abcdefgh") <= 100
