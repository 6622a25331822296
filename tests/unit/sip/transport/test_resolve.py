import asyncio

import dns.asyncresolver
import dns.message
import dns.rrset
import pytest

from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transport.resolve import (
    Resolver,
    SrvAnswer,
    SrvRecord,
    SystemNameService,
    Unresolvable,
    is_address,
)
from voxgate.testing.virtual_time import ManualClock


class Names:
    """A DNS in memory that counts its questions."""

    def __init__(self) -> None:
        self.records: dict[str, SrvAnswer] = {}
        self.hosts: dict[str, list[str]] = {}
        self.asked: list[str] = []

    async def srv(self, name: str) -> SrvAnswer:
        self.asked.append(name)
        return self.records.get(name, SrvAnswer((), 60))

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(host)
        return self.hosts.get(host, [])


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def resolve(resolver: Resolver, host: str, port: int | None = None, transport: str = "udp"):
    found = asyncio.run(resolver.resolve(Destination(transport, host, port)))
    return [f"{d.host}:{d.port}" for d in found]


def make(clock: ManualClock, names: Names, *, draw: float = 0.0, **more: object) -> Resolver:
    return Resolver(clock, names, draw=lambda: draw, **more)  # type: ignore[arg-type]


def test_an_address_needs_no_question(clock: ManualClock, names: Names):
    resolver = make(clock, names)

    assert resolve(resolver, "10.0.0.2", 5080) == ["10.0.0.2:5080"]
    assert resolve(resolver, "10.0.0.2") == ["10.0.0.2:5060"]
    assert resolve(resolver, "2001:db8::1", 5060) == ["2001:db8::1:5060"]
    assert names.asked == []


def test_a_name_with_a_port_is_looked_up_as_a_host(clock: ManualClock, names: Names):
    names.hosts["sbc.example"] = ["10.0.0.2", "10.0.0.3"]

    assert resolve(make(clock, names), "sbc.example", 5080) == ["10.0.0.2:5080", "10.0.0.3:5080"]
    assert names.asked == ["sbc.example"]


def test_a_name_without_a_port_is_asked_for_its_services(clock: ManualClock, names: Names):
    names.records["_sip._tcp.carrier.example"] = SrvAnswer(
        (SrvRecord(20, 0, "backup.example", 5062), SrvRecord(10, 0, "main.example", 5061)), 60
    )
    names.hosts |= {"main.example": ["10.0.0.1"], "backup.example": ["10.0.0.2"]}

    found = resolve(make(clock, names), "carrier.example", transport="tcp")

    assert found == ["10.0.0.1:5061", "10.0.0.2:5062"]


def test_without_services_it_is_a_host_on_the_default_port(clock: ManualClock, names: Names):
    names.hosts["carrier.example"] = ["10.0.0.1"]

    assert resolve(make(clock, names), "carrier.example") == ["10.0.0.1:5060"]


@pytest.mark.parametrize(("draw", "first"), [(0.0, "a"), (0.2, "a"), (0.5, "b"), (0.99, "b")])
def test_within_a_priority_the_weight_decides(
    clock: ManualClock, names: Names, draw: float, first: str
):
    names.records["_sip._udp.c.example"] = SrvAnswer(
        (SrvRecord(1, 70, "b", 5060), SrvRecord(1, 30, "a", 5060)), 60
    )
    names.hosts |= {"a": ["10.0.0.1"], "b": ["10.0.0.2"]}

    found = resolve(make(clock, names, draw=draw), "c.example")

    assert found[0] == {"a": "10.0.0.1:5060", "b": "10.0.0.2:5060"}[first]
    assert len(found) == 2


def test_answers_are_remembered_for_as_long_as_they_hold(clock: ManualClock, names: Names):
    names.records["_sip._udp.c.example"] = SrvAnswer((SrvRecord(1, 1, "a", 5060),), 30)
    names.hosts["a"] = ["10.0.0.1"]
    resolver = make(clock, names)
    resolve(resolver, "c.example")
    clock.advance(29)
    assert resolver.known(Destination("udp", "c.example")) is not None
    clock.advance(2)

    assert resolver.known(Destination("udp", "c.example")) is None
    resolve(resolver, "c.example")
    assert names.asked.count("_sip._udp.c.example") == 2


def test_a_day_long_answer_is_asked_again_after_minutes(clock: ManualClock, names: Names):
    names.records["_sip._udp.c.example"] = SrvAnswer((SrvRecord(1, 1, "a", 5060),), 86400)
    names.hosts["a"] = ["10.0.0.1"]
    resolver = make(clock, names)
    resolve(resolver, "c.example")
    clock.advance(301)

    assert resolver.known(Destination("udp", "c.example")) is None


def test_a_name_nobody_knows_is_unresolvable(clock: ManualClock, names: Names):
    with pytest.raises(Unresolvable, match="has no address"):
        resolve(make(clock, names), "nowhere.example")


def test_addresses_of_an_ip_version_without_listener_are_left_out(clock: ManualClock, names: Names):
    names.hosts["both.example"] = ["2001:db8::1", "10.0.0.1"]
    resolver = make(clock, names, families=lambda: frozenset({4}))

    assert resolve(resolver, "both.example", 5060) == ["10.0.0.1:5060"]


def test_too_many_targets_are_not_all_tried(clock: ManualClock, names: Names):
    names.hosts["many.example"] = [f"10.0.0.{n}" for n in range(50)]

    assert len(resolve(make(clock, names), "many.example", 5060)) == 8


class _NameServer(asyncio.DatagramProtocol):
    """Answers one SRV question like a real name server."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name
        answer = dns.message.make_response(query)
        if name.to_text().startswith("_sip._udp.carrier."):
            records = ("10 60 5070 sbc1.carrier.example.", "20 0 5071 sbc2.carrier.example.")
            answer.answer.append(dns.rrset.from_text(name, 120, "IN", "SRV", *records))
        self.transport.sendto(answer.to_wire(), addr)


def test_a_real_name_server_is_asked_over_the_wire():
    async def scenario() -> tuple[SrvAnswer, SrvAnswer]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(_NameServer, local_addr=("127.0.0.1", 0))
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = transport.get_extra_info("sockname")[1]
        service = SystemNameService(resolver)
        try:
            return (
                await service.srv("_sip._udp.carrier.example"),
                await service.srv("_sip._udp.other.example"),
            )
        finally:
            transport.close()

    found, nothing = asyncio.run(scenario())

    assert set(found.records) == {
        SrvRecord(10, 60, "sbc1.carrier.example", 5070),
        SrvRecord(20, 0, "sbc2.carrier.example", 5071),
    }
    assert found.ttl_s == 120.0
    assert nothing.records == ()


def test_the_machine_knows_its_own_name():
    assert "127.0.0.1" in asyncio.run(SystemNameService().addresses("localhost"))


@pytest.mark.parametrize(("text", "expected"), [
    ("10.0.0.1", True), ("2001:db8::1", True), ("sip.example", False), ("10.0.0", False),
])  # fmt: skip
def test_addresses_are_told_from_names(text: str, expected: bool):
    assert is_address(text) is expected
