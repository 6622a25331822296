import pytest

from unit.sip.dialog.rig import ANSWER, Net, Peer, Side
from voxgate.sip.dialog.events import InfoReceived, MessageReceived, NotifyReceived, ReferReceived
from voxgate.sip.dialog.options import ALLOWED, SipOptions
from voxgate.sip.message import Response


def answered(options: SipOptions | None = None) -> tuple[Side, Peer]:
    net = Net()
    alice, bob = net.side("10.0.0.1", options), net.peer("10.0.0.2")
    alice.invite(bob.address, session_expires_s=0)
    net.settle()
    bob.reply(bob.last("INVITE"), 200, body=ANSWER)
    alice.events.clear()
    return alice, bob


@pytest.mark.parametrize(
    ("method", "event", "status"),
    [
        ("INFO", InfoReceived, 200),
        ("MESSAGE", MessageReceived, 202),
        ("NOTIFY", NotifyReceived, 200),
    ],
)
def test_what_only_informs_is_answered_and_told(
    method: str, event: type[InfoReceived], status: int
):
    alice, bob = answered()

    bob.request(method, alice.address, body=b"hello", content_type="Text/Plain;charset=utf-8")

    (told,) = alice.events
    assert isinstance(told, event)
    assert (told.content_type, told.body) == ("text/plain", b"hello")
    assert len(bob.all(f"{status} {method}")) == 1


def test_options_inside_a_call_says_what_we_can_and_tells_nobody():
    alice, bob = answered()

    bob.request("OPTIONS", alice.address)

    (ok,) = bob.all("200 OPTIONS")
    assert "UPDATE" in (ok.headers.get("Allow") or "")
    assert ok.headers.get("Accept") == "application/sdp"
    assert alice.events == []


def test_a_prack_for_nothing_is_refused():
    alice, bob = answered()

    bob.request("PRACK", alice.address, headers=[("RAck", "1 1 INVITE")])

    assert len(bob.all("481 PRACK")) == 1


def test_refer_is_refused_unless_it_is_allowed():
    alice, bob = answered()

    bob.request("REFER", alice.address, headers=[("Refer-To", "<sip:c@x>")])

    assert len(bob.all("405 REFER")) == 1


def test_an_allowed_refer_is_answered_by_its_owner_once():
    alice, bob = answered(SipOptions(allow_methods=(*ALLOWED, "REFER")))

    bob.request("REFER", alice.address, headers=[("Refer-To", "<sip:c@x>")])
    (event,) = alice.events
    assert isinstance(event, ReferReceived)
    event.respond(202)
    event.respond(603)
    alice.net.settle()

    assert event.refer_to == "<sip:c@x>"
    (accepted,) = (m for m in bob.inbox if isinstance(m, Response) and m.cseq.method == "REFER")
    assert (accepted.status, accepted.reason) == (202, "Accepted")


def test_a_refer_to_two_places_is_refused():
    alice, bob = answered(SipOptions(allow_methods=(*ALLOWED, "REFER")))

    twice = [("Refer-To", "<sip:c@x>"), ("Refer-To", "<sip:d@x>")]
    bob.request("REFER", alice.address, headers=twice)

    assert len(bob.all("400 REFER")) == 1
    assert alice.events == []
