import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transport.udp import UdpListener


class Bench:
    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[bytes, Source]] = asyncio.Queue()
        self.undelivered: asyncio.Queue[tuple[bytes, Destination, str]] = asyncio.Queue()

    async def bind(self, host: str = "127.0.0.1", port: int = 0) -> UdpListener:
        return await UdpListener.bind(
            host,
            port,
            received=lambda data, source: self.received.put_nowait((data, source)),
            undelivered=lambda *what: self.undelivered.put_nowait(what),
        )


def run(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await scenario(Bench())

    asyncio.run(bounded())


def test_a_datagram_arrives_with_where_it_came_from_and_an_answer_finds_back():
    async def scenario(bench: Bench) -> None:
        one, two = await bench.bind(), await bench.bind()
        port = one.local.port or 0
        one.known_as(Destination("udp", "193.0.0.7", 5060))
        two.send(b"hello", "127.0.0.1", port)
        data, source = await bench.received.get()
        assert (data, source.peer) == (b"hello", two.local)
        assert source.local == Destination("udp", "193.0.0.7", 5060)
        one.send(b"back", source.peer.host, source.peer.port or 0)
        data, _ = await bench.received.get()
        assert data == b"back"
        one.close()
        two.close()

    run(scenario)


def test_a_port_nobody_listens_on_is_reported_with_the_datagram():
    async def scenario(bench: Bench) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            closed = sock.getsockname()[1]
        listener = await bench.bind()
        for number in (1, 2):
            listener.send(b"INVITE %d" % number, "127.0.0.1", closed)
            payload, peer, why = await bench.undelivered.get()
            assert (payload, peer) == (
                b"INVITE %d" % number,
                Destination("udp", "127.0.0.1", closed),
            )
            assert "not reachable" in why
        listener.close()

    run(scenario)


def test_the_failure_of_one_peer_does_not_keep_a_datagram_from_another():
    async def scenario(bench: Bench) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            closed = sock.getsockname()[1]
        listener, other = await bench.bind(), await bench.bind()
        for _ in range(20):
            listener.send(b"into nothing", "127.0.0.1", closed)
            listener.send(b"there", "127.0.0.1", other.local.port or 0)
        for _ in range(20):
            data, _ = await bench.received.get()
            assert data == b"there"
        listener.close()
        other.close()

    run(scenario)


def test_a_datagram_too_long_for_udp_is_reported_at_once():
    async def scenario(bench: Bench) -> None:
        listener = await bench.bind()
        listener.send(b"x" * 70_000, "127.0.0.1", 9)
        payload, _, _ = bench.undelivered.get_nowait()
        assert len(payload) == 70_000
        listener.close()

    run(scenario)


def test_an_address_that_is_taken_is_an_error_and_leaves_nothing_open():
    async def scenario(bench: Bench) -> None:
        first = await bench.bind()
        with pytest.raises(OSError, match="in use"):
            await bench.bind(port=first.local.port or 0)
        first.close()

    run(scenario)


def test_ipv6_works_the_same_way():
    async def scenario(bench: Bench) -> None:
        one, two = await bench.bind("::1"), await bench.bind("::1")
        one.send(b"six", "::1", two.local.port or 0)
        data, source = await bench.received.get()
        assert (data, source.peer.host) == (b"six", "::1")
        one.close()
        two.close()

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 on this machine")
    run(scenario)
