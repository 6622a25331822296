import pytest

from voxgate.sip.message import Request, parse
from voxgate.sip.registrar import (
    CONTACTS_MAX,
    EXPIRES_DEFAULT_S,
    EXPIRES_MAX_S,
    Binding,
    Known,
    RegisterRefused,
    apply,
    contact_fields,
    read,
)

CONTACT = "sip:alice@192.0.2.7:5060"


def register(*headers: str) -> Request:
    lines = [
        "REGISTER sip:home.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1",
        "From: <sip:alice@home.example>;tag=1",
        "To: <sip:alice@home.example>",
        "Call-ID: one",
        "CSeq: 7 REGISTER",
        *headers,
    ]
    message = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(message, Request)
    return message


def wish(*headers: str):
    return read(register(*headers), min_expires_s=30)


def refusal(*headers: str) -> RegisterRefused:
    with pytest.raises(RegisterRefused) as refused:
        wish(*headers)
    return refused.value


@pytest.mark.parametrize(
    ("headers", "expires_s"),
    [
        ([f"Contact: <{CONTACT}>"], EXPIRES_DEFAULT_S),
        ([f"Contact: <{CONTACT}>", "Expires: 300"], 300),
        ([f"Contact: <{CONTACT}>;expires=60", "Expires: 300"], 60),
        ([f"Contact: <{CONTACT}>;expires=999999"], EXPIRES_MAX_S),
        ([f"Contact: <{CONTACT}>;expires=soon"], EXPIRES_DEFAULT_S),
        ([f"Contact: <{CONTACT}>;expires=0", "Expires: 300"], 0),
    ],
)
def test_the_contacts_own_time_counts_before_the_headers(headers, expires_s):
    found = wish(*headers)

    assert (found.call_id, found.cseq) == ("one", 7)
    assert found.bindings == (Binding(CONTACT, expires_s),)


def test_without_a_contact_it_only_asks():
    found = wish("Expires: 300")

    assert (found.bindings, found.remove_all) == ((), False)


def test_an_asterisk_takes_everything_away_and_needs_expires_0():
    assert wish("Contact: *", "Expires: 0").remove_all
    assert refusal("Contact: *", "Expires: 10").status == 400
    assert refusal("Contact: *").status == 400


def test_too_short_a_time_names_the_shortest():
    refused = refusal(f"Contact: <{CONTACT}>;expires=29")

    assert (refused.status, refused.min_expires_s) == (423, 30)


@pytest.mark.parametrize(
    "contact",
    [
        "<tel:+4930>",
        f"<sip:{'a' * 600}@192.0.2.7>",
        ", ".join(f"<sip:a{number}@192.0.2.7>" for number in range(CONTACTS_MAX + 1)),
    ],
)
def test_contacts_that_cannot_be_kept_are_400(contact):
    assert refusal(f"Contact: {contact}").status == 400


def test_new_contacts_join_and_named_ones_leave():
    known = [Known("sip:old@x", "zero", 1), Known("sip:gone@x", "zero", 1)]
    both = wish("Contact: <sip:new@x>;expires=60", "Contact: <sip:gone@x>;expires=0")

    removed, kept = apply(both, known)

    assert removed == ["sip:gone@x"]
    assert kept == [Binding("sip:new@x", 60)]


def test_an_older_request_does_not_undo_a_newer_one():
    """RFC 3261 section 10.3 step 7."""
    late = wish(f"Contact: <{CONTACT}>;expires=0")

    for cseq, refused in ((6, False), (7, True), (8, True)):
        known = [Known(CONTACT, "one", cseq)]
        if refused:
            with pytest.raises(RegisterRefused):
                apply(late, known)
        else:
            assert apply(late, known) == ([CONTACT], [])
    assert apply(late, [Known(CONTACT, "another", 99)]) == ([CONTACT], [])


def test_removing_all_needs_the_right_order_too():
    everything = wish("Contact: *", "Expires: 0")

    assert apply(everything, [Known("a", "one", 1), Known("b", "x", 9)]) == (["a", "b"], [])
    with pytest.raises(RegisterRefused):
        apply(everything, [Known("a", "one", 8)])


def test_a_user_has_a_handful_of_contacts():
    known = [Known(f"sip:{number}@x", "zero", 1) for number in range(CONTACTS_MAX)]

    with pytest.raises(RegisterRefused) as refused:
        apply(wish("Contact: <sip:one-more@x>"), known)
    assert refused.value.status == 403


def test_the_answer_lists_every_binding():
    assert contact_fields([Binding("sip:a@x", 60), Binding("sip:b@x", 5)]) == [
        ("Contact", "<sip:a@x>;expires=60"),
        ("Contact", "<sip:b@x>;expires=5"),
    ]
