import asyncio

import pytest

from unit.call.fakes import ListLog
from unit.flow.fakes import live_call
from voxgate.flow.transfer import (
    OutgoingRefer,
    Replaces,
    refer_details,
    replaced_by,
    sipfrag_status,
)
from voxgate.sip.dialog.events import ReferReceived
from voxgate.sip.message import Headers
from voxgate.sip.uri import Uri
from voxgate.verbs.capabilities.dialling import ReferOrder
from voxgate.verbs.contract import NotNow


class Talker:
    """As much of a session as a transfer looks at."""

    def __init__(self) -> None:
        self.call = live_call(ListLog())


def event(*headers: tuple[str, str]) -> ReferReceived:
    return ReferReceived("<sip:sales@pbx.example?Replaces=x>", Headers(headers), lambda *_a: None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"SIP/2.0 100 Trying\r\n", 100),
        (b"SIP/2.0 603", 603),
        (b"\r\nSIP/2.0 200 OK\r\nContact: <sip:x>\r\n", 200),
        (b"SIP/2.0 099 No", None),
        (b"", None),
        (b"200 OK", None),
    ],
)
def test_the_status_of_a_transfer_is_its_first_line(body, status):
    assert sipfrag_status(body) == status


def test_a_refer_is_told_with_its_parties_and_its_own_headers():
    """Contract 3.8; outside of a dial referred_call_sid is null."""
    details = refer_details(
        event(("Referred-By", '"Bob" <sip:bob@x>'), ("User-Agent", "desk"), ("X-Campaign", "9")),
        Talker(),
        None,
    )

    assert details == {
        "sip_refer_to": "<sip:sales@pbx.example?Replaces=x>",
        "refer_to_user": "sales",
        "sip_referred_by": '"Bob" <sip:bob@x>',
        "referred_by_user": "bob",
        "sip_user_agent": "desk",
        "referring_call_sid": "sid",
        "referred_call_sid": None,
        "X-Campaign": "9",
    }


def test_a_referred_by_that_cannot_be_read_is_told_as_it_is():
    details = refer_details(event(("Referred-By", "<nonsense")), Talker(), Talker())

    assert (details["sip_referred_by"], details["referred_by_user"]) == ("<nonsense", None)
    assert details["referred_call_sid"] == "sid"


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("sip:b@x?Replaces=abc%40h%3Bto-tag%3D1%3Bfrom-tag%3D2", Replaces("abc@h", "1", "2")),
        (
            "sip:b@x?replaces=abc%3Bfrom-tag%3D2%3Bto-tag%3D1%3Bearly-only",
            Replaces("abc", "1", "2", early_only=True),
        ),
        ("sip:b@x?Replaces=abc%3Bto-tag%3D1", None),
        ("sip:b@x?Replaces=", None),
        ("sip:b@x", None),
        ("sip:b@x y", None),
    ],
)
def test_the_dialog_that_is_replaced_is_named_from_our_side(uri, found):
    assert replaced_by(uri) == found


class Dialog:
    remote_uri = local_uri = Uri.parse("sip:a@pbx.example")


class DialledLeg:
    dialog = Dialog()


def test_a_transfer_whose_headers_cannot_be_written_is_not_tried():
    """Not even a name that the far end itself gave when it called."""
    order = ReferOrder("+4940", None, "Bot\x01", (), None, None, None)

    with pytest.raises(NotNow):
        asyncio.run(OutgoingRefer(Talker(), DialledLeg(), order).run())
