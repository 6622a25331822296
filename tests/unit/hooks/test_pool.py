import asyncio
import ipaddress
import socket
from contextlib import asynccontextmanager

import pytest

from voxgate.base.egress import EgressPolicy, EgressRefused
from voxgate.hooks.connection import Broken
from voxgate.hooks.pool import NotConnected, Pool

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LOOPBACK = EgressPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")])


class Server:
    """Answers `each` requests per connection, then hangs up when the next one begins."""

    def __init__(self, each=1000):
        self.each = each
        self.connections = 0
        self.port = 0

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            for _ in range(self.each):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWER)
            await reader.read(1)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def pool_and_server(*, each=1000, policy=LOOPBACK, host="127.0.0.1"):
    server = Server(each)
    listening = await asyncio.start_server(server.serve, host, 0)
    server.port = listening.sockets[0].getsockname()[1]
    pool = Pool(policy, connect_s=2.0, body_most=1000)
    async with listening:
        try:
            yield pool, server
        finally:
            await pool.close()


def test_one_after_the_other_they_share_a_connection_side_by_side_they_do_not():
    async def story():
        async with pool_and_server() as (pool, server):
            origin = "127.0.0.1", server.port, False
            for _ in range(5):
                await pool.exchange(origin, REQUEST)
            alone = server.connections
            await asyncio.gather(*(pool.exchange(origin, REQUEST) for _ in range(4)))
            return alone, server.connections

    assert asyncio.run(story()) == (1, 4)


def test_a_kept_connection_that_was_dropped_is_replaced_without_a_word():
    async def story():
        async with pool_and_server(each=1) as (pool, server):
            origin = "127.0.0.1", server.port, False
            answers = [await pool.exchange(origin, REQUEST) for _ in range(3)]
            return [answer.status for answer in answers], server.connections

    assert asyncio.run(story()) == ([200, 200, 200], 3)


def test_a_new_connection_that_is_dropped_is_a_failure():
    async def story():
        async with pool_and_server(each=0) as (pool, server):
            with pytest.raises(Broken):
                await pool.exchange(("127.0.0.1", server.port, False), REQUEST)
            return server.connections

    assert asyncio.run(story()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_addresses_and_names_outside_the_policy_are_not_connected_to(host):
    async def story():
        async with pool_and_server(policy=EgressPolicy()) as (pool, server):
            with pytest.raises(EgressRefused):
                await pool.exchange((host, server.port, False), REQUEST)
            return server.connections

    assert asyncio.run(story()) == 0


def test_a_name_is_resolved_and_an_address_of_version_6_reached():
    async def story(host, served_at):
        async with pool_and_server(host=served_at) as (pool, server):
            return (await pool.exchange((host, server.port, False), REQUEST)).status

    assert asyncio.run(story("localhost", "127.0.0.1")) == 200
    if socket.has_ipv6:
        assert asyncio.run(story("::1", "::1")) == 200


def test_a_name_that_does_not_exist_fails_each_time_anew():
    async def story():
        async with pool_and_server() as (pool, _):
            for _ in range(2):
                with pytest.raises(OSError, match=r"."):
                    await pool.exchange(("no-such-host.invalid", 80, False), REQUEST)

    asyncio.run(story())


def test_who_accepts_no_connection_in_time_is_not_waited_for():
    async def story():
        # A full backlog: the system answers no further connection.
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            port = full.getsockname()[1]
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            pool = Pool(LOOPBACK, connect_s=0.2, body_most=1000)
            try:
                with pytest.raises(NotConnected):
                    await pool.exchange(("127.0.0.1", port, False), REQUEST)
            finally:
                await pool.close()
                for filler in fillers:
                    filler.close()

    asyncio.run(story())
