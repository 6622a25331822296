from unit.sip.dialog.rig import ANSWER, Net, Peer, Side, label
from voxgate.sip.dialog.events import Ended, Refreshed
from voxgate.sip.dialog.options import SipOptions

UPDATES = ("Allow", "INVITE, ACK, BYE, UPDATE")


class Timed:
    """Alice has called Bob, who granted a session timer."""

    def __init__(self, expires: str, *more: tuple[str, str]) -> None:
        self.net = Net()
        self.alice: Side = self.net.side("10.0.0.1")
        self.bob: Peer = self.net.peer("10.0.0.2")
        self.dialog = self.alice.invite(self.bob.address, session_expires_s=600)
        self.net.settle()
        fields = [("Session-Expires", expires), *more]
        self.bob.reply(self.bob.last("INVITE"), 200, headers=fields, body=ANSWER)
        self.alice.events.clear()

    def count(self, kind: str) -> int:
        return len(self.bob.all(kind))


def test_as_refresher_we_update_at_half_time_again_and_again():
    call = Timed("600;refresher=uac", UPDATES)
    for round_ in (1, 2, 3):
        call.net.run(300)
        update = call.bob.last("UPDATE")
        assert call.count("UPDATE") == round_
        assert update.body == b""
        assert update.headers.get("Session-Expires") == "600;refresher=uac"
        call.bob.reply(update, 200, headers=[("Session-Expires", "600;refresher=uac")])

    assert call.alice.events == []


def test_a_peer_without_update_gets_a_reinvite_that_changes_nothing():
    call = Timed("600;refresher=uac")
    first = call.bob.last("INVITE")
    call.net.run(300)
    again = call.bob.last("INVITE")
    call.bob.reply(
        again, 200, headers=[("Session-Expires", "600;refresher=uac")], body=ANSWER + b"moved"
    )

    assert again.body == first.body
    assert call.count("ACK") == 2
    assert call.alice.events == [Refreshed(ANSWER + b"moved")]


def test_a_peer_that_allows_update_but_refuses_it_gets_a_reinvite():
    call = Timed("600;refresher=uac", UPDATES)
    call.net.run(300)
    call.bob.reply(call.bob.last("UPDATE"), 501)
    call.net.settle()

    assert call.count("INVITE") == 2


def test_a_longer_interval_wanted_is_granted():
    call = Timed("600;refresher=uac", UPDATES)
    call.net.run(300)
    call.bob.reply(call.bob.last("UPDATE"), 422, headers=[("Min-SE", "900")])
    call.net.settle()

    assert call.bob.last("UPDATE").headers.get("Session-Expires") == "900;refresher=uac"
    assert call.bob.last("UPDATE").headers.get("Min-SE") == "900"


def test_a_refresh_that_meets_no_dialog_ends_the_call():
    call = Timed("600;refresher=uac", UPDATES)
    call.net.run(300)
    call.bob.reply(call.bob.last("UPDATE"), 481)

    (ended,) = call.alice.events
    assert isinstance(ended, Ended)
    assert ended.cause == "gone"


def test_a_refresh_into_silence_hangs_up():
    call = Timed("600;refresher=uac", UPDATES)
    call.net.run(333)

    assert label(call.bob.inbox[-1]) == "BYE"


def test_a_peer_that_should_refresh_and_does_not_is_hung_up_before_the_end():
    call = Timed("600;refresher=uas")
    call.net.run(567)
    assert call.count("BYE") == 0
    call.net.run(2)  # 600 - 32
    call.bob.reply(call.bob.last("BYE"), 200)

    (ended,) = call.alice.events
    assert isinstance(ended, Ended)
    assert ended.cause == "session-expired"


def test_a_refresh_of_the_peer_starts_the_time_anew():
    call = Timed("600;refresher=uas")
    timer = [("Supported", "timer"), ("Session-Expires", "600;refresher=uac")]
    for cseq in (1, 2, 3):
        call.net.run(500)
        call.bob.request("UPDATE", call.alice.address, cseq=cseq, headers=timer)

    (ok, *_) = call.bob.all("200 UPDATE")
    assert ok.headers.get("Session-Expires") == "600;refresher=uac"
    assert ok.headers.get("Require") == "timer"
    assert call.count("BYE") == 0
    assert call.count("200 UPDATE") == 3


def test_a_refresh_with_too_short_a_time_is_refused():
    call = Timed("600;refresher=uas")
    call.bob.request(
        "UPDATE",
        call.alice.address,
        headers=[("Supported", "timer"), ("Session-Expires", "30;refresher=uac")],
    )

    (refused,) = call.bob.all("422 UPDATE")
    assert refused.headers.get("Min-SE") == "90"


def test_without_a_timer_in_the_answer_there_is_none():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    alice.invite(bob.address, session_expires_s=600)
    net.settle()
    bob.reply(bob.last("INVITE"), 200, body=ANSWER)

    net.run(7200)

    assert [label(m) for m in bob.inbox] == ["INVITE", "ACK"]


def test_two_agents_of_ours_keep_a_call_alive_for_hours_and_no_longer_than_both_live():
    net = Net()
    options = SipOptions(session_expires_s=300)
    alice, bob = net.side("10.0.0.1", options), net.side("10.0.0.2", options)
    alice.invite(bob.address)
    net.settle()
    bob.calls[0].answer(ANSWER, bob.events.append)
    net.run(3 * 3600)
    assert alice.named() == ["Sent", "Answered"]

    net.drop = lambda _message: True  # the cable is cut
    net.run(400)

    assert isinstance(alice.events[-1], Ended)
    assert isinstance(bob.events[-1], Ended)
