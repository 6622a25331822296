import pytest

from unit.sip.dialog.rig import ANSWER, Net, Peer, Side, label
from voxgate.sip.auth import Credentials
from voxgate.sip.dialog.events import OrphanDialog
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Request
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri


class Crash:
    """A gateway has died in the middle of a call; another instance has its address now."""

    def __init__(self) -> None:
        self.net = Net()
        self.bob: Peer = self.net.peer("10.0.0.2")
        self.first: Side = self.net.side("10.0.0.1")
        self.fates: list[str] = []
        self.first.invite(self.bob.address, headers=(("Route", "<sip:10.0.0.2;lr>"),))
        self.net.settle()
        self.invite: Request = self.bob.last("INVITE")

    def dies(self) -> Side:
        self.first.agent.effects.clear()
        self.second = self.net.side("10.0.0.1")
        return self.second

    def orphan(self, **more: object) -> OrphanDialog:
        return OrphanDialog(
            uri=self.invite.uri,
            destination=self.bob.address,
            from_=NameAddr(None, Uri.parse("sip:alice@a.example")),
            to=NameAddr(None, Uri.parse("sip:bob@b.example")),
            call_id="call-1",
            from_tag="fa",
            branch="z9hG4bKseed.1",
            headers=(("Route", "<sip:10.0.0.2;lr>"), ("X-Other", "1")),
            **more,  # type: ignore[arg-type]
        )

    def end(self, **more: object) -> None:
        self.second.agent.end_orphan(self.orphan(**more), (self.bob.address,), self.fates.append)
        self.net.settle()


@pytest.fixture
def crash() -> Crash:
    return Crash()


def test_a_ringing_call_is_cancelled_with_the_words_of_its_invite(crash: Crash):
    crash.bob.reply(crash.invite, 180)
    crash.dies()
    crash.end()
    cancel = crash.bob.last("CANCEL")
    crash.bob.reply(crash.invite, 487)
    assert label(crash.bob.inbox[-1]) == "ACK"  # of the 487, or it is repeated for 32 s
    crash.bob.reply(cancel, 200)
    bye = crash.bob.last("BYE")  # a 200 does not say that the CANCEL was in time
    crash.bob.reply(bye, 481)

    assert cancel.via.branch == crash.invite.via.branch
    assert (cancel.via.host, cancel.via.port) == (crash.invite.via.host, crash.invite.via.port)
    assert (cancel.from_, cancel.to, cancel.call_id) == (
        crash.invite.from_,
        crash.invite.to,
        crash.invite.call_id,
    )
    assert cancel.uri == crash.invite.uri
    assert cancel.cseq.number == crash.invite.cseq.number
    assert cancel.headers.all("Route") == ["<sip:10.0.0.2;lr>"]
    assert "X-Other" not in cancel.headers
    assert crash.fates == ["cancelled"]
    assert len(crash.bob.all("INVITE")) == 1


def test_a_call_answered_in_the_moment_of_the_crash_is_hung_up_by_the_tag_of_the_cancels_answer(
    crash: Crash,
):
    crash.dies()
    crash.end()
    crash.bob.reply(crash.bob.last("CANCEL"), 200)

    bye = crash.bob.last("BYE")
    crash.bob.reply(bye, 200)

    assert bye.to.tag
    assert crash.fates == ["ended"]


def test_an_answer_that_crosses_that_cancel_is_acknowledged_and_hung_up(crash: Crash):
    crash.dies()
    crash.end()
    crash.bob.reply(crash.invite, 200, body=ANSWER)
    crash.bob.reply(crash.invite, 200, body=ANSWER)

    byes = crash.bob.all("BYE")
    assert len(crash.bob.all("ACK")) == 2
    assert {m.via.branch for m in byes} == {byes[0].via.branch}  # repeats of one and the same


def test_an_answered_call_is_hung_up_with_a_number_nobody_has_used(crash: Crash):
    crash.bob.reply(crash.invite, 200, body=ANSWER)
    crash.dies()
    crash.end(to_tag="tb", remote_target="sip:bob@10.0.0.2:5060", cseq=4)
    bye = crash.bob.last("BYE")
    crash.bob.reply(bye, 200)

    assert bye.cseq.number > 4
    assert (bye.to.tag, bye.from_.tag, str(bye.uri)) == ("tb", "fa", "sip:bob@10.0.0.2:5060")
    assert crash.fates == ["ended"]


def test_the_route_of_the_answered_call_is_followed(crash: Crash):
    proxy = crash.net.peer("10.0.0.9")
    crash.dies()
    crash.end(to_tag="tb", remote_target="sip:bob@10.0.0.2", route_set=("<sip:10.0.0.9:5060;lr>",))

    assert proxy.last("BYE").headers.all("Route") == ["<sip:10.0.0.9:5060;lr>"]


def test_a_call_that_was_answered_unnoticed_is_hung_up_after_all(crash: Crash):
    crash.dies()
    crash.end(to_tag="tb")
    crash.bob.reply(crash.bob.last("CANCEL"), 481)
    bye = crash.bob.last("BYE")
    crash.bob.reply(bye, 200)

    assert (bye.to.tag, bye.uri) == ("tb", crash.invite.uri)
    assert crash.fates == ["ended"]


def test_a_call_nobody_knows_any_more_is_gone(crash: Crash):
    crash.dies()
    crash.end()
    crash.bob.reply(crash.bob.last("CANCEL"), 481)
    crash.end(to_tag="tb", remote_target="sip:bob@10.0.0.2")
    crash.bob.reply(crash.bob.last("BYE"), 481)

    assert crash.fates == ["gone", "gone"]


def test_a_challenged_bye_is_sent_with_credentials(crash: Crash):
    crash.dies()
    crash.end(to_tag="tb", remote_target="sip:bob@10.0.0.2", credentials=Credentials("u", "p"))
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]
    crash.bob.reply(crash.bob.last("BYE"), 401, headers=challenge)
    crash.bob.reply(crash.bob.last("BYE"), 200)

    assert "Authorization" in crash.bob.last("BYE").headers
    assert crash.fates == ["ended"]


def test_silence_and_a_missing_listener_are_told_apart(crash: Crash):
    second = crash.dies()
    crash.end()
    crash.net.run(33)
    tcp = (Destination("tcp", "10.0.0.2", 5060),)
    second.agent.end_orphan(crash.orphan(), tcp, crash.fates.append)

    assert crash.fates == ["no-answer", "unreachable"]


def test_a_caller_who_still_waits_is_refused_more_than_once_and_then_hung_up(crash: Crash):
    """There is no transaction to repeat the refusal; a BYE ends what was answered after all."""
    crash.dies()
    refusal = (
        b"SIP/2.0 487 Request Terminated\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKbob\r\n"
        b"From: <sip:bob@b.example>;tag=fb\r\nTo: <sip:alice@a.example>;tag=fa\r\n"
        b"Call-ID: call-1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    crash.end(refusal=refusal, to_tag="fb", remote_target="sip:bob@10.0.0.2")

    assert label(crash.bob.inbox[-2]) == "487 INVITE"
    bye = crash.bob.last("BYE")
    assert (bye.from_.tag, bye.to.tag) == ("fa", "fb")
    crash.net.run(2.0)
    assert [label(message) for message in crash.bob.inbox].count("487 INVITE") == 3
    crash.bob.reply(bye, 481)
    assert crash.fates == ["cancelled"]
