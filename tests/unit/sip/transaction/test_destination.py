from voxgate.sip.transaction.destination import Destination, Source


def test_an_address_is_written_as_via_and_contact_want_it():
    assert Destination("udp", "10.0.0.1", 5060).sent_by == "10.0.0.1:5060"
    assert Destination("udp", "2001:db8::1", 5060).sent_by == "[2001:db8::1]:5060"
    assert str(Destination("tcp", "sip.example")) == "tcp:sip.example"


def test_only_udp_loses_messages():
    assert not Destination("udp", "10.0.0.1", 5060).reliable
    assert Destination("tcp", "10.0.0.1", 5060).reliable


def test_a_source_says_which_way_back():
    peer, local = Destination("tcp", "10.0.0.2", 40000), Destination("tcp", "10.0.0.1", 5060)

    assert Source(peer, local).flow is None
    assert Source(peer, local, 7).flow == 7
