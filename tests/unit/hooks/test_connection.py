import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxgate.hooks.connection import Broken, Connection
from voxgate.testing.virtual_time import run_virtual


class Wire(asyncio.Transport):
    """What was written, and whether it is still there."""

    def __init__(self):
        super().__init__()
        self.written = b""
        self.is_aborted = False

    def write(self, data):
        self.written += data

    def abort(self):
        self.is_aborted = True


def connected(*, body_most=1000):
    connection, wire = Connection(body_most), Wire()
    connection.connection_made(wire)
    return connection, wire


async def answered(connection, *pieces, eof=False):
    """Send a request, hear the pieces, and give the answer or what broke."""
    asking = asyncio.get_running_loop().create_task(connection.exchange(b"GET / HTTP/1.1\r\n\r\n"))
    await asyncio.sleep(0)
    for piece in pieces:
        connection.data_received(piece)
    if eof:
        connection.connection_lost(None)
    return await asking


def heard(*pieces, eof=False, body_most=1000):
    async def story():
        connection, wire = connected(body_most=body_most)
        answer = await answered(connection, *pieces, eof=eof)
        return answer, connection.is_open and not wire.is_aborted

    return run_virtual(story())


OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON\r\nContent-Length: 2\r\n\r\n[]"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n"


def test_an_answer_is_read_and_the_connection_kept():
    answer, kept = heard(OK)

    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b"[]")
    assert answer.whole
    assert kept


@given(st.lists(st.integers(1, len(CHUNKED) - 1), max_size=6))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_how_the_bytes_are_cut(cuts):
    edges = [0, *sorted(cuts), len(CHUNKED)]
    pieces = [CHUNKED[a:b] for a, b in pairwise(edges) if a < b]

    answer, kept = heard(*pieces)

    assert (answer.body, kept) == (b"[1]", True)


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        OK + b"more than was announced",
    ],
    ids=["close", "HTTP/1.0", "garbage behind"],
)
def test_a_connection_that_cannot_be_used_again_is_closed(text):
    answer, kept = heard(text)

    assert (answer.body, kept) == (b"[]", False)


def test_a_body_without_length_ends_with_the_connection():
    answer, kept = heard(b"HTTP/1.1 200 OK\r\n\r\n[", b"]", eof=True)

    assert (answer.body, kept) == (b"[]", False)


def test_a_204_has_no_body_and_the_connection_is_kept():
    answer, kept = heard(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert (answer.status, answer.body, kept) == (204, b"", True)


def test_interim_responses_are_passed_over():
    answer, kept = heard(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
    )

    assert (answer.status, answer.body, kept) == (200, b"[]", True)


def test_a_body_beyond_the_limit_is_cut_off_and_the_connection_closed():
    answer, kept = heard(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 2000, body_most=1000
    )

    assert (len(answer.body), answer.whole, kept) == (1000, False, False)


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    ],
    ids=["not HTTP", "two lengths", "bad chunk", "upgrade", "endless header"],
)
def test_what_is_not_an_answer_breaks_the_exchange(text):
    async def story():
        connection, wire = connected()
        with pytest.raises(Broken) as caught:
            await answered(connection, text)
        return caught.value.silent, wire.is_aborted

    assert run_virtual(story()) == (False, True)


@pytest.mark.parametrize(
    ("pieces", "silent"),
    [((), True), ((b"HTTP/1.1 200 OK\r\nContent-Le",), False), ((OK[:-1],), False)],
    ids=["before the answer", "in its head", "in its body"],
)
def test_a_connection_that_ends_early_says_whether_anything_had_come(pieces, silent):
    async def story():
        connection, _ = connected()
        with pytest.raises(Broken) as caught:
            await answered(connection, *pieces, eof=True)
        return caught.value.silent

    assert run_virtual(story()) is silent


def test_bytes_that_nobody_asked_for_close_an_idle_connection():
    async def story():
        connection, wire = connected()
        await answered(connection, OK)
        connection.data_received(OK)
        with pytest.raises(Broken) as caught:
            await connection.exchange(b"GET / HTTP/1.1\r\n\r\n")
        return caught.value.silent, wire.is_aborted

    assert run_virtual(story()) == (True, True)


def test_whoever_gives_up_waiting_closes_the_connection():
    async def story():
        connection, wire = connected()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await connection.exchange(b"GET / HTTP/1.1\r\n\r\n")
        return connection.is_open, wire.is_aborted

    assert run_virtual(story()) == (False, True)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_bytes_make_it_raise_anything_else(noise):
    async def story():
        connection, _ = connected()
        try:
            await answered(connection, b"HTTP/1.1 200 OK\r\n" + noise, eof=True)
        except Broken:
            return "broken"
        return "answered"

    assert run_virtual(story()) in {"broken", "answered"}
