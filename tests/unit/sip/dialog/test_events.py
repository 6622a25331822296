import pytest

from voxgate.sip.dialog.events import Outcome, OutgoingInvite
from voxgate.sip.grammar import InvalidHeader
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri


def out(**changes: object) -> OutgoingInvite:
    parts: dict[str, object] = {
        "uri": Uri.parse("sip:b@x"),
        "destination": Destination("udp", "10.0.0.2", 5060),
        "from_": NameAddr(None, Uri.parse("sip:a@x")),
        "to": NameAddr(None, Uri.parse("sip:b@x")),
        "call_id": "c@x",
        "from_tag": "tag",
        "branch_seed": "seed",
    }
    return OutgoingInvite(**(parts | changes))  # type: ignore[arg-type]


def test_the_branch_of_each_invite_is_known_before_it_is_sent():
    assert out().branch(1) == "z9hG4bKseed.1"
    assert out(branch_seed="other").branch(12) == "z9hG4bKother.12"


@pytest.mark.parametrize("changes", [
    {"call_id": "a\r\nb"},
    {"from_tag": "a b"},
    {"branch_seed": "a;b"},
    {"content_type": "a\nb"},
    {"headers": (("Not a token", "x"),)},
    {"headers": (("X", "a\0b"),)},
    {"from_": NameAddr("a\r\nb", Uri.parse("sip:a@x"))},
])  # fmt: skip
def test_what_would_break_the_message_is_refused(changes: dict[str, object]):
    with pytest.raises(InvalidHeader):
        out(**changes).check()


def test_everything_else_may_be_said():
    out(headers=(("X-Ünicode".encode("ascii", "ignore").decode(), "grüß"),)).check()
    out(from_=NameAddr('O"Hara, Ünal', Uri.parse("sip:+49170@x"))).check()

    assert Outcome(202, "Accepted", Headers()).success
    assert not Outcome(302, "Moved", Headers()).success
