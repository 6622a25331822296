import itertools

import pytest

from voxgate.sip import challenges as module
from voxgate.sip.auth import Authorization, Challenge, Credentials, answer
from voxgate.sip.challenges import NONCE_LIFE_S, Challenger, Verdict

ALICE = Credentials("alice", "wonderland")
REALM = "home.example"


@pytest.fixture
def challenger() -> Challenger:
    numbers = itertools.count()
    return Challenger(b"k" * 32, lambda n: next(numbers).to_bytes(n, "big"), ("SHA-256", "MD5"))


def reply(challenger, *, now=0.0, nc=1, who=ALICE, algorithm="MD5", qop=True) -> Authorization:
    offered = Challenge.parse_many(v for _, v in challenger.challenges(REALM, now=now))
    chosen = next(c for c in offered if c.algorithm == algorithm)
    return answered(chosen, nc=nc, who=who, qop=qop)


def answered(chosen, *, nc=1, who=ALICE, qop=True) -> Authorization:
    if not qop:
        chosen = Challenge("Digest", chosen.realm, chosen.nonce, chosen.algorithm)
    text = answer(
        chosen, who, method="REGISTER", uri="sip:home.example", body=b"", cnonce="c", nc=nc
    )
    return Authorization.parse(text)


def judge(challenger, authorization, *, now=0.0, known=ALICE, realm=REALM) -> Verdict:
    return challenger.judge(authorization, known, realm=realm, method="REGISTER", body=b"", now=now)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_password_opens(challenger, algorithm):
    assert judge(challenger, reply(challenger, algorithm=algorithm)) is Verdict.GRANTED


def test_a_wrong_password_and_an_unknown_user_are_alike(challenger):
    wrong = reply(challenger, who=Credentials("alice", "guess"))

    assert judge(challenger, wrong) is Verdict.WRONG
    assert judge(challenger, reply(challenger), known=None) is Verdict.WRONG


def test_an_answer_is_good_once_and_the_next_needs_a_higher_count(challenger):
    challenge = Challenge.parse_many(v for _, v in challenger.challenges(REALM, now=0.0))[0]

    assert judge(challenger, answered(challenge, nc=1)) is Verdict.GRANTED
    assert judge(challenger, answered(challenge, nc=1)) is Verdict.STALE
    assert judge(challenger, answered(challenge, nc=5)) is Verdict.GRANTED
    assert judge(challenger, answered(challenge, nc=4)) is Verdict.STALE


def test_a_client_without_qop_gets_in_once_per_nonce(challenger):
    challenge = Challenge.parse_many(v for _, v in challenger.challenges(REALM, now=0.0))[1]

    assert judge(challenger, answered(challenge, qop=False)) is Verdict.GRANTED
    assert judge(challenger, answered(challenge, qop=False)) is Verdict.STALE


def test_an_old_nonce_is_stale_even_with_the_right_password(challenger):
    given = reply(challenger, now=0.0)

    assert judge(challenger, given, now=NONCE_LIFE_S) is Verdict.GRANTED
    assert judge(challenger, reply(challenger), now=NONCE_LIFE_S + 1) is Verdict.STALE


@pytest.mark.parametrize("nonce", ["", "zz", "00" * 32, "0" * 63])
def test_a_nonce_that_we_did_not_make_is_stale(challenger, nonce):
    forged = Challenge("Digest", REALM, nonce or "x", "MD5", ("auth",))

    assert judge(challenger, answered(forged)) is Verdict.STALE


def test_another_realm_does_not_open(challenger):
    assert judge(challenger, reply(challenger), realm="away.example") is Verdict.WRONG


def test_two_processes_do_not_take_each_others_nonces(challenger):
    other = Challenger(b"x" * 32, lambda n: bytes(n))

    assert judge(other, reply(challenger)) is Verdict.STALE


def test_asking_keeps_nothing_and_what_is_kept_is_bounded(challenger, monkeypatch):
    monkeypatch.setattr(module, "COUNTED_MAX", 3)
    first = reply(challenger, now=1.0)
    assert judge(challenger, first, now=1.0) is Verdict.GRANTED
    for second in range(2, 6):
        given = reply(challenger, now=float(second))
        assert judge(challenger, given, now=float(second)) is Verdict.GRANTED

    assert len(challenger) == 3
    # Forgotten, and yet no replay: what is as old as what was forgotten is stale.
    assert judge(challenger, first, now=6.0) is Verdict.STALE


def test_stale_is_said_in_the_challenge(challenger):
    texts = [text for _, text in challenger.challenges(REALM, now=0.0, stale=True)]

    assert len(texts) == 2
    assert all("stale=TRUE" in text for text in texts)


def test_an_answer_that_somebody_else_judges_is_ours_and_counted(challenger):
    given = reply(challenger)

    assert challenger.is_ours(given.nonce, now=1.0)
    assert not challenger.is_ours(given.nonce, now=NONCE_LIFE_S + 1)
    assert not challenger.is_ours("00", now=1.0)
    assert challenger.count(given)
    assert not challenger.count(given)
