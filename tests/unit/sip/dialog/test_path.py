from unit.sip.transaction.samples import request, response
from voxgate.sip.dialog.path import Path, contact_of, via_of
from voxgate.sip.message import Headers, Response
from voxgate.sip.transaction.destination import Destination, Source

UDP = Destination("udp", "10.0.0.1", 5060)
TCP = Destination("tcp", "10.0.0.1", 5061)
PEER = Destination("udp", "10.0.0.2", 5060)


def choose(destination: Destination) -> Destination | None:
    return {"udp": UDP, "tcp": TCP}.get(destination.transport)


def path_to(contact: str, *, peer: Destination = PEER, routes: tuple[str, ...] = ()) -> Path:
    headers = response(200, "INVITE").headers.copy()
    headers.add("Contact", contact)
    for route in routes:
        headers.add("Record-Route", route)
    ok = Response(200, "OK", Headers(headers))
    return Path.of_caller(
        request("INVITE"), ok, local_tag="fa", local=UDP, peer=peer, choose=choose
    )


def test_requests_go_to_the_contact():
    assert path_to("<sip:bob@10.0.0.3:5080>").next_hop == Destination("udp", "10.0.0.3", 5080)
    assert path_to("<sip:bob@sbc.example>").next_hop == Destination("udp", "sbc.example")


def test_a_contact_that_asks_for_tcp_gets_it_from_the_tcp_listener():
    path = path_to("<sip:bob@10.0.0.3;transport=TCP>")

    bye = path.request("BYE", branch="z9hG4bK1")

    assert path.next_hop == Destination("tcp", "10.0.0.3")
    assert bye.headers.get("Via") == "SIP/2.0/TCP 10.0.0.1:5061;rport;branch=z9hG4bK1"


def test_a_contact_that_asks_for_a_transport_we_lack_is_reached_over_ours():
    path = path_to("<sip:bob@10.0.0.3;transport=sctp>")

    assert path.next_hop == Destination("udp", "10.0.0.3")


def test_a_contact_that_names_no_transport_is_reached_the_way_it_came():
    path = path_to("<sip:bob@10.0.0.3:5080>", peer=Destination("tcp", "10.0.0.2", 5060))

    assert path.next_hop.transport == "tcp"
    assert path.local == TCP


def test_a_private_contact_of_a_public_peer_is_reached_where_the_peer_is():
    public = Destination("udp", "193.0.0.7", 5062)

    assert path_to("<sip:b@192.168.0.5>", peer=public).next_hop == public
    assert path_to("<sip:b@193.0.0.9>", peer=public).next_hop.host == "193.0.0.9"
    assert path_to("<sip:b@192.168.0.5>").next_hop.host == "192.168.0.5"
    assert path_to("<sip:b@name.example>", peer=public).next_hop.host == "name.example"
    routed = path_to("<sip:b@192.168.0.5>", peer=public, routes=("<sip:10.1.1.1;lr>",))
    assert routed.next_hop.host == "10.1.1.1"


def test_numbers_rise_by_one_and_an_ack_takes_that_of_its_invite():
    path = path_to("<sip:bob@10.0.0.3>")

    numbers = [str(path.request(m, branch="z9hG4bK1").cseq) for m in ("INFO", "BYE")]

    assert numbers == ["8 INFO", "9 BYE"]
    assert str(path.request("ACK", branch="z9hG4bK1", cseq=7).cseq) == "7 ACK"
    assert path.state.cseq == 9


def test_only_requests_that_may_move_us_say_our_contact():
    path = path_to("<sip:bob@10.0.0.3>")

    assert "Contact" not in path.request("BYE", branch="z9hG4bK1").headers
    assert path.request("UPDATE", branch="z9hG4bK1").contact is not None


def test_a_contact_that_is_no_sip_address_moves_nobody():
    path = path_to("<sip:bob@10.0.0.3>")
    headers = response(200, "INVITE").headers.copy()
    headers.add("Contact", "<mailto:bob@x>")

    path.learn_target(Response(200, "OK", headers))

    assert path.next_hop.host == "10.0.0.3"


def test_the_called_side_sees_the_dialog_the_other_way_round():
    headers = request("INVITE").headers.copy()
    headers.add("Record-Route", "<sip:10.0.0.8;lr>")
    headers.add("Record-Route", "<sip:10.0.0.9;lr>")
    invite = type(request("INVITE"))("INVITE", "sip:bob@b.example", headers)

    path = Path.of_callee(
        invite, local_tag="mine", source=Source(PEER, UDP), contact="<sip:x@y>", choose=choose
    )
    bye = path.request("BYE", branch="z9hG4bK1")

    assert str(bye.from_) == "<sip:bob@b.example>;tag=mine"
    assert bye.to.tag == "fa"
    assert str(bye.cseq) == "1 BYE"
    assert bye.headers.all("Route") == ["<sip:10.0.0.8;lr>", "<sip:10.0.0.9;lr>"]


def test_our_contact_escapes_what_a_user_may_be_called():
    assert contact_of(UDP, 'a b>"') == "<sip:a%20b%3E%22@10.0.0.1:5060>"
    assert contact_of(TCP, None) == "<sip:10.0.0.1:5061;transport=tcp>"
    assert via_of(Destination("udp", "2001:db8::1", 5060), "z9hG4bK1") == (
        "SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=z9hG4bK1"
    )
