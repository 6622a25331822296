from unit.sip.dialog.rig import ANSWER, OFFER, Net
from unit.sip.dialog.test_callee import Ringing
from unit.sip.dialog.test_events import out
from voxgate.sip.dialog.invite import DialogPhase


def test_the_state_of_a_call_of_ours_from_beginning_to_end():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    dialog = alice.invite(bob.address)
    net.settle()
    states = [dialog.state]
    assert (dialog.to_tag, dialog.confirmed_state) == (None, None)
    for status in (100, 180, 200):
        bob.reply(bob.last("INVITE"), status, tag="tb" if status > 100 else None, body=ANSWER)
        states.append(dialog.state)
    dialog.bye()
    net.settle()
    bob.reply(bob.last("BYE"), 200)
    states.append(dialog.state)

    assert states == [
        DialogPhase.CALLING,
        DialogPhase.CALLING,
        DialogPhase.EARLY,
        DialogPhase.CONFIRMED,
        DialogPhase.TERMINATED,
    ]
    assert (str(dialog.local_uri), str(dialog.remote_uri)) == (
        "sip:alice@a.example",
        "sip:bob@b.example",
    )
    assert (dialog.from_tag, dialog.to_tag) == ("fa", "tb")


def test_bye_before_the_answer_is_a_cancel_and_changes_before_it_are_nothing():
    net = Net()
    alice, bob = net.side("10.0.0.1"), net.peer("10.0.0.2")
    dialog = alice.invite(bob.address)
    net.settle()
    dialog.reinvite(OFFER)
    dialog.update()
    dialog.info("text/plain", b"x")
    dialog.bye()
    bob.reply(bob.last("INVITE"), 180)

    assert [m.headers.get("CSeq") for m in bob.inbox] == ["1 INVITE", "1 CANCEL"]


def test_a_call_answered_by_us_cannot_be_cancelled_only_hung_up():
    rig = Ringing()
    dialog = rig.call.answer(ANSWER, rig.alice.events.append)
    assert dialog is not None
    rig.net.settle()
    rig.ack(rig.responses(200)[0])
    dialog.cancel()
    dialog.start(())
    rig.net.settle()
    assert dialog.state is DialogPhase.CONFIRMED

    dialog.bye()
    rig.net.settle()

    assert rig.bob.all("CANCEL") == []
    assert len(rig.bob.all("BYE")) == 1


def test_a_call_with_nowhere_to_go_fails_and_says_why():
    net = Net()
    alice = net.side("10.0.0.1")
    dialog = alice.agent.invite(out(), alice.events.append)
    dialog.start((), "sip.example has no address")
    net.settle()

    assert [str(e) for e in alice.events] == [
        "Failed(cause='transport', detail='sip.example has no address')"
    ]
    assert dialog.state is DialogPhase.TERMINATED
