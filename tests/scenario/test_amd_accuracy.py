"""Two hundred callees of every kind, and how many of them are taken for what they are."""

import asyncio

import pytest

from voxgate.sandbox.variations import Answering
from voxgate.testing.amd import EXPECTED, Verdict, judged, share_right, table

VARIATIONS = 200
RIGHT_LEAST = 0.95


def judge(kind: Answering) -> list[Verdict]:
    return asyncio.run(judged(kind, range(VARIATIONS)))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.title)
def test_callees_are_taken_for_what_they_are_and_nothing_but_a_beep_for_one(kind):
    verdicts = judge(kind)

    wrong = [f"+{v.number}: {', '.join(v.told)}" for v in verdicts if not v.is_right]
    assert share_right(verdicts) >= RIGHT_LEAST, "\n".join([table(verdicts), *wrong])
    assert [v.number for v in verdicts if v.is_false_beep] == []


def test_the_same_callee_gets_the_same_verdict_at_the_same_moment_again():
    seeds = range(5)

    first, again = (asyncio.run(judged(Answering.VOICEMAIL, seeds)) for _ in range(2))

    assert first == again
