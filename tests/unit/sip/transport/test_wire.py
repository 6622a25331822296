import asyncio
import ipaddress
from collections.abc import Hashable

import pytest

from voxgate.base.clock import SystemClock
from voxgate.base.settings import Listener
from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transaction.layer import Transmit
from voxgate.sip.transport.resolve import SrvAnswer, Unresolvable
from voxgate.sip.transport.wire import Wire, address_of_way_out


class Names:
    async def srv(self, name: str) -> SrvAnswer:
        return SrvAnswer((), 60)

    async def addresses(self, host: str) -> list[str]:
        return ["127.0.0.1"] if host == "here.example" else []


class Bench:
    def __init__(self, public_ip: str | None = None) -> None:
        self.received: asyncio.Queue[tuple[bytes, Source]] = asyncio.Queue()
        self.undelivered: asyncio.Queue[tuple[Hashable, str]] = asyncio.Queue()
        self.sent: list[Destination] = []
        self.wire = Wire(
            clock=SystemClock(),
            public_ip=public_ip,
            names=Names(),
            received=lambda data, source: self.received.put_nowait((data, source)),
            undelivered=lambda *what: self.undelivered.put_nowait(what),
            sent=lambda _transmit, target: self.sent.append(target),
        )


def test_a_name_is_resolved_before_the_message_leaves():
    async def scenario() -> None:
        bench = Bench()
        local = await bench.wire.bind(Listener("udp", "127.0.0.1", 0))
        to = Destination("udp", "here.example", local.port)
        bench.wire.send(Transmit(b"hello", to, local, "call"))
        data, source = await asyncio.wait_for(bench.received.get(), 5)
        assert (data, source.peer) == (b"hello", local)
        assert bench.sent == [Destination("udp", "127.0.0.1", local.port)]
        await bench.wire.close()

    asyncio.run(scenario())


def test_a_name_without_an_address_fails_its_transaction():
    async def scenario() -> None:
        bench = Bench()
        local = await bench.wire.bind(Listener("udp", "127.0.0.1", 0))
        bench.wire.send(Transmit(b"x", Destination("udp", "gone.example"), local, "c", None, "t"))
        assert await asyncio.wait_for(bench.undelivered.get(), 5) == (
            "t",
            "gone.example has no address",
        )
        with pytest.raises(Unresolvable):
            await bench.wire.resolve(Destination("udp", "gone.example"))
        await bench.wire.close()

    asyncio.run(scenario())


def test_the_public_address_stands_for_every_listener_of_its_ip_version():
    async def scenario() -> None:
        bench = Bench("193.0.0.7")
        udp = await bench.wire.bind(Listener("udp", "127.0.0.1", 0))
        tcp = await bench.wire.bind(Listener("tcp", "127.0.0.1", 0))
        assert (udp.host, tcp.host) == ("193.0.0.7", "193.0.0.7")
        assert [(b.transport, b.host, b.port) for b in bench.wire.bound] == [
            ("udp", "127.0.0.1", udp.port),
            ("tcp", "127.0.0.1", tcp.port),
        ]
        await bench.wire.close()
        assert bench.wire.bound == []

    asyncio.run(scenario())


def test_a_wildcard_listener_is_known_by_a_real_address():
    async def scenario() -> Destination:
        bench = Bench()
        local = await bench.wire.bind(Listener("udp", "0.0.0.0", 0))
        await bench.wire.close()
        return local

    local = asyncio.run(scenario())

    assert local.host == address_of_way_out("0.0.0.0")
    assert not ipaddress.ip_address(local.host).is_unspecified
