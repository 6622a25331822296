import asyncio
import socket
from collections.abc import Awaitable, Callable, Hashable

from voxgate.sip.transaction.destination import Destination, Source
from voxgate.sip.transport.tcp import TcpTransport
from voxgate.testing.virtual_time import ManualClock

MESSAGE = b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 3\r\n\r\nabc"
LOCAL = Destination("tcp", "127.0.0.1", 5060)


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.received: asyncio.Queue[tuple[bytes, Source]] = asyncio.Queue()
        self.undelivered: asyncio.Queue[tuple[Hashable, str]] = asyncio.Queue()
        self.transports: list[TcpTransport] = []

    async def listen(self) -> tuple[TcpTransport, int]:
        transport = self.make()
        local = await transport.listen(
            "127.0.0.1", 0, known_as=lambda port: Destination("tcp", "127.0.0.1", port)
        )
        return transport, local.port or 0

    def make(self) -> TcpTransport:
        transport = TcpTransport(
            clock=self.clock,
            received=lambda data, source: self.received.put_nowait((data, source)),
            undelivered=lambda *what: self.undelivered.put_nowait(what),
        )
        self.transports.append(transport)
        return transport


def run(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def bounded() -> None:
        bench = Bench()
        async with asyncio.timeout(10):
            await scenario(bench)
            for transport in bench.transports:
                await transport.close()

    asyncio.run(bounded())


def test_messages_arrive_whole_and_answers_go_back_over_the_same_connection():
    async def scenario(bench: Bench) -> None:
        server, port = await bench.listen()
        client = bench.make()
        for _ in range(3):
            client.send(MESSAGE, "127.0.0.1", port, local=LOCAL, transaction="t")
        sources = []
        for _ in range(3):
            data, source = await bench.received.get()
            assert data == MESSAGE
            sources.append(source)
        assert (len(server), len(client)) == (1, 1)
        assert sources[0].local == Destination("tcp", "127.0.0.1", port)
        server.send(MESSAGE, "127.0.0.1", 1, local=sources[0].local, flow=sources[0].flow)
        data, source = await bench.received.get()
        assert (data, source.peer.port) == (MESSAGE, port)

    run(scenario)


def test_a_request_to_a_peer_that_is_connected_already_uses_that_connection():
    async def scenario(bench: Bench) -> None:
        server, port = await bench.listen()
        client = bench.make()
        client.send(MESSAGE, "127.0.0.1", port, local=LOCAL)
        _, source = await bench.received.get()
        server.send(MESSAGE, source.peer.host, source.peer.port or 0, local=source.local)
        await bench.received.get()
        assert (len(server), len(client)) == (1, 1)

    run(scenario)


def test_when_the_connection_of_a_request_is_gone_its_answer_makes_a_new_one():
    async def scenario(bench: Bench) -> None:
        server, port = await bench.listen()
        other, other_port = await bench.listen()
        gone = 4711
        local = Destination("tcp", "127.0.0.1", port)
        server.send(MESSAGE, "127.0.0.1", other_port, local=local, flow=gone)
        data, _ = await bench.received.get()
        assert data == MESSAGE
        assert len(other) == 1

    run(scenario)


def test_a_refused_connection_fails_everything_that_waited_for_it():
    async def scenario(bench: Bench) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            closed = sock.getsockname()[1]
        client = bench.make()
        client.send(MESSAGE, "127.0.0.1", closed, local=LOCAL, transaction="one")
        client.send(MESSAGE, "127.0.0.1", closed, local=LOCAL, transaction="two")
        failed = [await bench.undelivered.get() for _ in range(2)]
        assert [transaction for transaction, _ in failed] == ["one", "two"]
        assert f"no connection to 127.0.0.1:{closed}" in failed[0][1]

    run(scenario)


def test_messages_that_wait_for_a_connection_are_bounded():
    async def scenario(bench: Bench) -> None:
        _, port = await bench.listen()
        client = bench.make()
        for number in range(300):
            client.send(MESSAGE, "127.0.0.1", port, local=LOCAL, transaction=number)
        assert bench.undelivered.qsize() == 44
        for _ in range(256):
            await bench.received.get()

    run(scenario)


def test_a_ping_is_answered_and_a_pong_is_no_message():
    async def scenario(bench: Bench) -> None:
        _, port = await bench.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        writer.write(b"\r\n" + MESSAGE)
        data, _ = await bench.received.get()
        assert data == MESSAGE
        writer.close()

    run(scenario)


def test_a_stream_that_cannot_be_cut_any_more_is_closed_after_its_head_was_handed_on():
    async def scenario(bench: Bench) -> None:
        _, port = await bench.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n")
        assert await reader.read() == b""
        data, _ = bench.received.get_nowait()
        assert data.startswith(b"OPTIONS sip:x")
        writer.close()

    run(scenario)


def test_quiet_connections_are_pinged_and_idle_ones_closed():
    async def scenario(bench: Bench) -> None:
        server, port = await bench.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(MESSAGE)
        await bench.received.get()
        server.sweep()
        bench.clock.advance(60)
        server.sweep()
        assert await reader.readexactly(4) == b"\r\n\r\n"
        bench.clock.advance(540)
        server.sweep()
        assert await reader.read() == b""
        writer.close()

    run(scenario)


def test_a_peer_that_does_not_read_is_cut_off():
    async def scenario(bench: Bench) -> None:
        _, port = await bench.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(MESSAGE)
        _, source = await bench.received.get()
        server = bench.transports[0]
        big = b"x" * 300_000
        for _ in range(60):
            server.send(
                big, "127.0.0.1", source.peer.port or 0, local=source.local, flow=source.flow
            )
        _, why = await bench.undelivered.get()  # nobody listens at the peer's own port
        assert "no connection" in why
        assert len(server) == 0
        del reader
        writer.close()

    run(scenario)
