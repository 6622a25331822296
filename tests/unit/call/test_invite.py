import pytest

from voxgate.call.invite import AttemptIds, BadDestination, compose, dialled
from voxgate.model.calls import CallRequest, SipAuth, Target
from voxgate.model.carriers import Carrier, Gateway
from voxgate.model.devices import Registration
from voxgate.routing.outbound import Attempt


def via(carrier: Carrier, **gateway: object) -> Attempt:
    return Attempt(carrier, Gateway("g", carrier.voip_carrier_sid, "gw.example", **gateway), "")


PLAIN = Carrier("c", "carrier-a")
REQUEST = CallRequest("+4930111222", Target("phone", number="+4915112345678"))


@pytest.mark.parametrize(
    ("carrier", "number", "sent"),
    [
        (PLAIN, "+4915112345678", "4915112345678"),
        (Carrier("c", "a", e164_leading_plus=True), "4915112345678", "+4915112345678"),
        (Carrier("c", "a", e164_leading_plus=True), "0151", "0151"),
        (Carrier("c", "a", tech_prefix="99#", e164_leading_plus=True), "+49151", "99#+49151"),
    ],
)
def test_the_number_takes_the_carriers_form(carrier, number, sent):
    assert dialled(number, carrier) == sent


def test_the_request_uri_names_number_gateway_and_port():
    assert str(compose(REQUEST, via(PLAIN), "198.51.100.1").uri) == "sip:4915112345678@gw.example"
    tcp = compose(REQUEST, via(PLAIN, port=5080, protocol="tcp"), "198.51.100.1")
    assert str(tcp.uri) == "sip:4915112345678@gw.example:5080;transport=tcp"


def test_a_character_that_would_end_the_user_part_is_escaped():
    carrier = Carrier("c", "a", tech_prefix="9#")

    assert str(compose(REQUEST, via(carrier), "h").uri) == "sip:9%234915112345678@gw.example"


def test_the_from_header_says_name_user_and_host():
    request = CallRequest(
        "+1234567890", REQUEST.to, from_host="cognigy.cloud", caller_name="Vacation Agent"
    )

    parts = compose(request, via(PLAIN), "198.51.100.1")

    assert str(parts.from_) == '"Vacation Agent" <sip:+1234567890@cognigy.cloud>'


def test_the_from_host_is_the_requests_then_the_carriers_then_ours():
    carrier = Carrier("c", "a", register_from_domain="trunk.example")

    assert compose(REQUEST, via(carrier), "198.51.100.1").from_.uri.host == "trunk.example"
    assert compose(REQUEST, via(PLAIN), "198.51.100.1").from_.uri.host == "198.51.100.1"


def test_headers_go_out_verbatim_and_the_targets_win():
    to = Target("phone", number="1", headers=(("X-A", "target"), ("User-to-User", "00;x")))
    request = CallRequest("1", to, headers=(("x-a", "request"), ("P-Early-Media", "supported")))

    parts = compose(request, via(PLAIN), "h")

    assert parts.headers == (
        ("P-Early-Media", "supported"),
        ("X-A", "target"),
        ("User-to-User", "00;x"),
    )


def test_the_carriers_diversion_is_added_unless_the_request_has_one():
    carrier = Carrier("c", "a", diversion="4930999")
    own = CallRequest("1", Target("phone", number="1"), headers=(("Diversion", "<sip:me@a>"),))

    assert compose(REQUEST, via(carrier), "h").headers == (
        ("Diversion", "<sip:+4930999@gw.example>;reason=unknown;counter=1;privacy=off"),
    )
    assert compose(own, via(carrier), "h").headers == (("Diversion", "<sip:me@a>"),)


def test_credentials_and_the_contact_come_from_the_carrier_unless_the_target_has_its_own():
    carrier = Carrier("c", "a", register_username="user", register_password="pass")
    own = CallRequest("1", Target("phone", number="1", auth=SipAuth("me", "mine")))

    by_carrier = compose(REQUEST, via(carrier), "h")
    assert (by_carrier.credentials.username, by_carrier.contact_user) == ("user", "user")
    assert compose(own, via(carrier), "h").credentials.username == "me"


def test_a_proxy_takes_the_invite_but_not_the_request_uri():
    carrier = Carrier("c", "a", outbound_sip_proxy="sip:proxy.example:5070")

    parts = compose(REQUEST, via(carrier), "h")

    assert str(parts.uri) == "sip:4915112345678@gw.example"
    assert (parts.next_hop.host, parts.next_hop.port) == ("proxy.example", 5070)


def test_a_sip_uri_is_called_as_given():
    request = CallRequest("1", Target("sip", sip_uri="sip:alice@pbx.example:5090"))

    parts = compose(request, Attempt(None, None, ""), "h")

    assert str(parts.uri) == str(parts.next_hop) == "sip:alice@pbx.example:5090"


@pytest.mark.parametrize("uri", ["sips:a@b", "tel:+49", "sip:a b@c", ""])
def test_a_uri_that_cannot_be_called_is_refused(uri):
    with pytest.raises(BadDestination):
        compose(CallRequest("1", Target("sip", sip_uri=uri)), Attempt(None, None, ""), "h")


def test_ids_of_an_attempt_are_the_same_after_a_crash_and_differ_between_attempts():
    first, again = (AttemptIds.of("sid", "call-id", 1) for _ in range(2))
    second = AttemptIds.of("sid", "call-id", 2)

    assert first == again
    assert first.call_id == "call-id"
    assert second.call_id != "call-id"
    assert second.branch_seed != first.branch_seed


def test_a_uri_may_ask_for_headers_that_do_no_harm():
    """RFC 3261 section 19.1.5: Replaces makes an attended transfer, Route would be a hijack."""
    uri = "sip:c@pbx.example?Replaces=a%3Bto-tag%3D1&X-Case=7&Route=%3Csip:evil%3E&From=x"
    parts = compose(CallRequest("+49", Target("sip", sip_uri=uri)), Attempt(None, None, ""), "h")

    assert str(parts.uri) == "sip:c@pbx.example"
    assert parts.headers == (("Replaces", "a;to-tag=1"), ("X-Case", "7"))


def test_a_device_is_called_by_its_contact_where_its_register_came_from():
    phone = Registration(
        "account", "bob", "home.example", "sip:bob@10.1.2.3:5062;ob", "tcp", "203.0.113.9", 41000,
        "c", 1, 0.0, 1.0,
    )  # fmt: skip
    request = CallRequest("100", Target("user", name="bob@home.example"))

    parts = compose(request, Attempt(None, None, "", phone), "198.51.100.1")

    assert str(parts.uri) == "sip:bob@10.1.2.3:5062;ob"
    assert str(parts.to.uri) == "sip:bob@home.example"
    assert str(parts.next_hop) == "sip:203.0.113.9:41000;transport=tcp"
    assert parts.credentials is None
