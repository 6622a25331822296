import pytest

from unit.sip.dialog.rig import ANSWER, OFFER, Net, Peer, Side, label
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.events import ByeReceived, Ended, Outcome
from voxgate.sip.dialog.invite import DialogPhase, InviteDialog
from voxgate.sip.headers import Reason

DIGEST = 'Digest realm="carrier", nonce="n1", qop="auth", algorithm=MD5'


class Call:
    """Alice has called a scripted Bob, who has answered."""

    def __init__(self, *, credentials: Credentials | None = None) -> None:
        self.net = Net()
        self.alice: Side = self.net.side("10.0.0.1")
        self.bob: Peer = self.net.peer("10.0.0.2")
        self.dialog: InviteDialog = self.alice.invite(
            self.bob.address, credentials=credentials, session_expires_s=0
        )
        self.net.settle()
        self.outcomes: list[Outcome] = []

    def answered(self) -> "Call":
        self.bob.reply(self.bob.last("INVITE"), 200, body=ANSWER)
        self.alice.events.clear()
        return self


@pytest.fixture
def call() -> Call:
    return Call().answered()


def test_a_bye_of_the_peer_is_answered_and_its_reason_handed_on(call: Call):
    reasons = [("Reason", 'SIP;cause=200;text="done", Q.850;cause=16;text="Normal"')]

    call.bob.request("BYE", call.alice.address, headers=reasons)

    bye, ended = call.alice.events
    assert isinstance(bye, ByeReceived)
    assert bye.reason == Reason("Q.850", 16, "Normal")
    assert ended == Ended("bye-received")
    assert label(call.bob.inbox[-1]) == "200 BYE"
    assert call.dialog.state is DialogPhase.TERMINATED


def test_a_reason_that_cannot_be_read_does_no_harm(call: Call):
    call.bob.request("BYE", call.alice.address, headers=[("Reason", "Q.850;cause=abc")])

    bye = call.alice.events[0]
    assert isinstance(bye, ByeReceived)
    assert bye.reason is None


def test_byes_that_cross_are_both_answered_and_end_it_once(call: Call):
    call.dialog.bye()
    call.net.settle()
    call.bob.request("BYE", call.alice.address)
    call.bob.reply(call.bob.last("BYE"), 481)

    assert len(call.bob.all("200 BYE")) == 1
    assert call.alice.events == [Ended("bye-sent")]


def test_a_bye_that_nobody_answers_ends_after_32_seconds(call: Call):
    call.dialog.bye((("Reason", "Q.850;cause=16"),))
    call.net.run(31)
    assert call.alice.events == []
    call.net.run(2)

    assert call.alice.events == [Ended("bye-sent")]
    assert call.bob.last("BYE").headers.get("Reason") == "Q.850;cause=16"
    assert call.alice.agent.stats.dialogs == 0


def test_a_challenged_bye_is_sent_again_with_credentials():
    call = Call(credentials=Credentials("u", "p")).answered()
    call.dialog.bye()
    call.net.settle()
    first = call.bob.last("BYE")
    call.bob.reply(first, 407, headers=[("Proxy-Authenticate", DIGEST)])

    second = call.bob.last("BYE")

    assert second.cseq.number == first.cseq.number + 1
    assert 'realm="carrier"' in (second.headers.get("Proxy-Authorization") or "")
    call.bob.reply(second, 200)
    assert call.alice.events == [Ended("bye-sent")]


def test_credentials_of_the_invite_are_reused_with_the_next_count():
    call = Call(credentials=Credentials("u", "p"))
    call.bob.reply(call.bob.last("INVITE"), 407, headers=[("Proxy-Authenticate", DIGEST)])
    call.answered()

    call.dialog.bye()
    call.net.settle()

    assert "nc=00000002" in (call.bob.last("BYE").headers.get("Proxy-Authorization") or "")


def test_a_request_with_an_old_number_gets_500(call: Call):
    call.bob.request("INFO", call.alice.address, cseq=10)
    call.bob.request("INFO", call.alice.address, cseq=9)

    assert len(call.bob.all("200 INFO")) == 1
    assert len(call.bob.all("500 INFO")) == 1


def test_a_stranger_who_knows_only_half_the_dialog_gets_481(call: Call):
    call.bob.request("BYE", call.alice.address, from_="<sip:eve@b.example>;tag=eve")

    assert len(call.bob.all("481 BYE")) == 1
    assert call.alice.events == []


def test_a_481_inside_the_dialog_ends_it(call: Call):
    call.dialog.info("application/dtmf-relay", b"Signal=1", call.outcomes.append)
    call.net.settle()
    call.bob.reply(call.bob.last("INFO"), 481)

    assert [o.status for o in call.outcomes] == [481]
    assert isinstance(call.alice.events[-1], Ended)
    assert call.alice.events[-1].cause == "gone"
    assert call.bob.all("BYE") == []


def test_silence_inside_the_dialog_is_hung_up(call: Call):
    call.dialog.info("text/plain", b"x", call.outcomes.append)
    call.net.run(33)

    assert [o.failure is not None for o in call.outcomes] == [True]
    call.bob.reply(call.bob.last("BYE"), 200)
    assert isinstance(call.alice.events[-1], Ended)
    assert call.alice.events[-1].cause == "transport"


def test_any_method_can_be_sent_and_its_outcome_comes_back(call: Call):
    call.dialog.request(
        "REFER", headers=(("Refer-To", "<sip:c@x>"),), listener=call.outcomes.append
    )
    call.net.settle()
    refer = call.bob.last("REFER")
    call.bob.reply(refer, 202, reason="Accepted")

    assert refer.headers.get("Refer-To") == "<sip:c@x>"
    assert refer.contact is not None
    assert [(o.status, o.success, o.failure) for o in call.outcomes] == [(202, True, None)]


def test_after_the_end_requests_fail_at_once(call: Call):
    call.bob.request("BYE", call.alice.address)

    call.dialog.request("INFO", body=b"x", listener=call.outcomes.append)
    call.dialog.reinvite(OFFER, call.outcomes.append)
    call.dialog.bye()
    call.dialog.cancel()
    call.net.settle()

    assert [o.status for o in call.outcomes] == [481, 481]
    assert call.bob.all("BYE") == []


def test_abandoning_a_call_that_stands_hangs_up_in_silence(call: Call):
    call.dialog.abandon()
    call.net.settle()
    call.bob.reply(call.bob.last("BYE"), 200)

    assert call.alice.events == []
    assert call.alice.agent.stats.dialogs == 0


def test_a_new_contact_of_the_peer_is_where_requests_go(call: Call):
    moved = call.net.peer("10.0.0.7")
    call.bob.request(
        "UPDATE",
        call.alice.address,
        headers=[("Contact", "<sip:bob@10.0.0.7:5060>")],
        contact=False,
    )

    call.dialog.bye()
    call.net.settle()

    assert str(moved.last("BYE").uri) == "sip:bob@10.0.0.7:5060"
