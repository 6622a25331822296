from unit.sip.dialog.test_session import DIGEST, Call
from voxgate.sip.auth import Credentials


def test_a_provisional_response_decides_nothing():
    call = Call().answered()
    call.dialog.info("text/plain", b"x", call.outcomes.append)
    call.net.settle()
    call.bob.reply(call.bob.last("INFO"), 100)
    assert call.outcomes == []

    call.bob.reply(call.bob.last("INFO"), 200)

    assert [o.status for o in call.outcomes] == [200]


def test_a_challenge_is_answered_at_most_twice():
    call = Call(credentials=Credentials("u", "p")).answered()
    call.dialog.info("text/plain", b"x", call.outcomes.append)
    call.net.settle()
    for count in range(5):
        challenge = DIGEST.replace("n1", f"n{count}") + ", stale=true"
        call.bob.reply(call.bob.last("INFO"), 401, headers=[("WWW-Authenticate", challenge)])

    assert len(call.bob.all("INFO")) == 3
    assert [o.status for o in call.outcomes] == [401]


def test_a_transport_failure_reads_503_and_says_why():
    call = Call().answered()
    call.dialog.info("text/plain", b"x", call.outcomes.append)
    call.net.settle()
    branch = call.bob.last("INFO").via.branch
    call.alice.agent.unreachable((branch, "INFO"), "refused")
    call.net.settle()

    (outcome,) = call.outcomes
    assert (outcome.status, outcome.failure) == (503, "transport: refused")
