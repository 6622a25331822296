import pytest

from unit.sip.dialog.rig import ANSWER, OFFER, Net, Peer, Side, label
from voxgate.sip.dialog.callee import IncomingInvite
from voxgate.sip.dialog.events import AckReceived, ByeReceived, Ended
from voxgate.sip.message import Request, Response


class Ringing:
    """A scripted Bob calls Alice."""

    def __init__(self, **options: object) -> None:
        self.net = Net()
        self.alice: Side = self.net.side("10.0.0.1")
        self.bob: Peer = self.net.peer("10.0.0.2")
        self.invite: Request = self.bob.invite(self.alice.address, **options)
        self.cancelled: list[str] = []

    @property
    def call(self) -> IncomingInvite:
        (call,) = self.alice.calls
        return call

    def ack(self, ok: Response, cseq: int = 1, body: bytes = b"") -> None:
        to = ok.headers.get("To") or ""
        self.bob.request("ACK", self.alice.address, to_=to, cseq=cseq, body=body)

    def inside(self, method: str, **options: object) -> Request:
        return self.bob.request(
            method,
            self.alice.address,
            to_=f"<sip:alice@a.example>;tag={self.call.tag}",
            **options,  # type: ignore[arg-type]
        )

    def responses(self, status: int) -> list[Response]:
        return [m for m in self.bob.inbox if isinstance(m, Response) and m.status == status]


def test_a_call_rings_is_answered_and_hung_up_by_the_caller():
    rig = Ringing()
    rig.call.ring()
    dialog = rig.call.answer(ANSWER, rig.alice.events.append)
    rig.net.settle()
    (ringing,), (ok,) = rig.responses(180), rig.responses(200)
    rig.ack(ok)
    rig.inside("BYE", cseq=2)

    assert dialog is not None
    assert (dialog.from_tag, dialog.to_tag) == (rig.call.tag, "tb")
    assert (str(dialog.local_uri), str(dialog.remote_uri)) == (
        "sip:alice@a.example",
        "sip:bob@b.example",
    )
    assert ringing.to.tag == ok.to.tag == rig.call.tag
    assert ok.body == ANSWER
    assert str(ok.contact) == "<sip:alice@10.0.0.1:5060>"
    assert [type(e).__name__ for e in rig.alice.events] == ["AckReceived", "ByeReceived", "Ended"]
    assert rig.alice.events[-1] == Ended("bye-received")
    assert rig.alice.agent.stats.dialogs == 0


def test_100_is_sent_only_when_nobody_answers_at_once():
    quick, slow = Ringing(), Ringing()
    quick.call.ring()
    for rig in (quick, slow):
        rig.net.run(0.3)

    assert [label(m) for m in quick.bob.inbox] == ["180 INVITE"]
    assert [label(m) for m in slow.bob.inbox] == ["100 INVITE"]


def test_the_200_is_repeated_until_acknowledged_and_the_bye_waits_for_that():
    rig = Ringing()
    dialog = rig.call.answer(ANSWER, rig.alice.events.append)
    assert dialog is not None
    rig.net.run(1.6)
    dialog.bye()
    rig.net.run(0.1)
    assert len(rig.responses(200)) == 3
    assert rig.bob.all("BYE") == []

    rig.ack(rig.responses(200)[0])

    rig.bob.reply(rig.bob.last("BYE"), 200)
    rig.net.run(10)
    assert len(rig.responses(200)) == 3
    assert rig.alice.events == [AckReceived(b""), Ended("bye-sent")]


def test_a_200_that_is_never_acknowledged_ends_the_call_with_a_bye():
    rig = Ringing()
    rig.call.answer(ANSWER, rig.alice.events.append)
    rig.net.run(32.1)
    rig.bob.reply(rig.bob.last("BYE"), 481)

    (ended,) = rig.alice.events
    assert isinstance(ended, Ended)
    assert ended.cause == "ack-timeout"


def test_a_bye_of_ours_does_not_wait_for_an_ack_that_never_comes():
    rig = Ringing()
    dialog = rig.call.answer(ANSWER, rig.alice.events.append)
    assert dialog is not None
    dialog.bye()
    rig.net.run(31)
    assert rig.bob.all("BYE") == []
    rig.net.run(2)

    rig.bob.reply(rig.bob.last("BYE"), 200)
    assert rig.alice.events == [Ended("bye-sent")]


def test_an_offer_of_ours_in_the_200_is_answered_in_the_ack():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    bob.request("INVITE", alice.address, to_="<sip:alice@a.example>")
    alice.calls[0].answer(OFFER, alice.events.append)
    net.settle()
    ok = bob.all("200 INVITE")[0]

    bob.request("ACK", alice.address, to_=ok.headers.get("To") or "", body=ANSWER)

    assert alice.events == [AckReceived(ANSWER)]


def test_a_rejection_is_repeated_until_acknowledged_and_nothing_follows_it():
    rig = Ringing()
    rig.call.reject(603, "Decline", headers=(("X-Why", "no"),))
    rig.call.ring()
    rig.call.reject(486)
    assert rig.call.answer(ANSWER, rig.alice.events.append) is None
    rig.net.run(1)
    (first, second) = rig.responses(603)
    rig.bob.request(
        "ACK",
        rig.alice.address,
        to_=first.headers.get("To") or "",
        branch=rig.invite.via.branch,
    )
    rig.net.run(40)

    assert first.headers.get("X-Why") == "no"
    assert second.to.tag == first.to.tag
    assert len(rig.bob.inbox) == 2
    assert rig.call.over
    assert (rig.alice.agent.stats.transactions, rig.alice.agent.stats.dialogs) == (0, 0)


def test_a_cancel_is_answered_the_invite_ends_487_and_the_owner_hears_of_it():
    rig = Ringing()
    rig.call.on_cancel(lambda: rig.cancelled.append("yes"))
    rig.call.ring()
    rig.bob.request(
        "CANCEL", rig.alice.address, to_="<sip:alice@a.example>", branch=rig.invite.via.branch
    )

    assert [label(m) for m in rig.bob.inbox] == ["180 INVITE", "200 CANCEL", "487 INVITE"]
    assert {m.to.tag for m in rig.bob.inbox} == {rig.call.tag}
    assert rig.cancelled == ["yes"]
    assert rig.call.answer(ANSWER, rig.alice.events.append) is None


def test_a_cancel_after_the_answer_changes_nothing():
    rig = Ringing()
    rig.call.on_cancel(lambda: rig.cancelled.append("yes"))
    rig.call.answer(ANSWER, rig.alice.events.append)
    rig.bob.request(
        "CANCEL", rig.alice.address, to_="<sip:alice@a.example>", branch=rig.invite.via.branch
    )

    assert len(rig.bob.all("200 CANCEL")) == 1
    assert rig.responses(487) == []
    assert rig.cancelled == []


def test_a_bye_before_the_answer_is_a_cancel():
    rig = Ringing()
    rig.call.on_cancel(lambda: rig.cancelled.append("yes"))
    rig.call.ring()
    rig.inside("BYE", cseq=2)

    assert [label(m) for m in rig.bob.inbox] == ["180 INVITE", "200 BYE", "487 INVITE"]
    assert rig.cancelled == ["yes"]


def test_requests_before_the_answer_get_what_fits():
    rig = Ringing()
    rig.call.ring()
    rig.inside("UPDATE", cseq=2)
    rig.inside("UPDATE", cseq=3, body=OFFER)
    rig.inside("OPTIONS", cseq=4)
    rig.inside("INFO", cseq=5)
    rig.inside("PRACK", cseq=6, headers=[("RAck", "1 1 INVITE")])
    rig.inside("OPTIONS", cseq=7, from_="<sip:eve@x>;tag=eve")

    assert [label(m) for m in rig.bob.inbox[1:]] == [
        "200 UPDATE", "500 UPDATE", "200 OPTIONS", "481 INFO", "481 PRACK", "481 OPTIONS",
    ]  # fmt: skip


def test_recorded_routes_are_said_back_and_followed():
    routes = [
        ("Record-Route", "<sip:10.0.0.9:5060;lr>"),
        ("Record-Route", "<sip:10.0.0.8:5060;lr>"),
    ]
    rig = Ringing(headers=routes)
    proxy = rig.net.peer("10.0.0.9")
    dialog = rig.call.answer(ANSWER, rig.alice.events.append)
    rig.net.settle()
    (ok,) = rig.responses(200)
    rig.ack(ok)
    assert dialog is not None
    dialog.bye()
    rig.net.settle()

    assert ok.headers.all("Record-Route") == [value for _, value in routes]
    assert proxy.last("BYE").headers.all("Route") == [value for _, value in routes]


def test_a_challenge_is_a_rejection_with_its_header():
    rig = Ringing()
    rig.call.reject(401, headers=(("WWW-Authenticate", 'Digest realm="r", nonce="n"'),))
    rig.net.settle()

    (refused,) = rig.responses(401)
    assert refused.reason == "Unauthorized"
    assert refused.headers.get("WWW-Authenticate") == 'Digest realm="r", nonce="n"'


def test_a_session_timer_is_granted_and_one_too_short_refused():
    timer = [("Supported", "timer"), ("Session-Expires", "600;refresher=uac")]
    granted = Ringing(headers=timer)
    granted.call.answer(ANSWER, granted.alice.events.append)
    short = Ringing(headers=[("Supported", "timer"), ("Session-Expires", "30")])
    refused = short.call.answer(ANSWER, short.alice.events.append)
    for rig in (granted, short):
        rig.net.settle()

    (ok,) = granted.responses(200)
    assert ok.headers.get("Session-Expires") == "600;refresher=uac"
    assert ok.headers.get("Require") == "timer"
    assert refused is None
    assert short.responses(422)[0].headers.get("Min-SE") == "90"


def test_the_source_is_where_it_really_came_from():
    rig = Ringing()

    assert rig.call.source == rig.bob.address
    assert rig.call.request.body == OFFER


def test_a_hang_up_while_the_200_is_not_acknowledged_is_believed():
    rig = Ringing()
    rig.call.answer(ANSWER, rig.alice.events.append)
    rig.net.settle()
    rig.inside("BYE", cseq=2)
    rig.net.run(40)

    assert isinstance(rig.alice.events[0], ByeReceived)
    assert rig.alice.events[1:] == [Ended("bye-received")]
    assert len([m for m in rig.responses(200) if m.cseq.method == "INVITE"]) == 1


@pytest.mark.parametrize("status", [181, 183])
def test_any_provisional_response_can_be_sent_with_a_body(status: int):
    rig = Ringing()
    rig.call.ring(status, body=b"early", headers=(("X-A", "1"),))
    rig.net.settle()

    (sent,) = rig.responses(status)
    assert (sent.body, sent.content_type, sent.headers.get("X-A")) == (
        b"early",
        "application/sdp",
        "1",
    )
