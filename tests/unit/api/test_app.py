"""Over a real socket: uvicorn on a free port, aiohttp as the client."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import uvicorn

from unit.api.world import ADMIN_TOKEN, in_world
from voxgate.api.gate import BODY_LIMIT

KEY = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self):
        yield


@asynccontextmanager
async def served(world):
    """A client of the world's API."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(world.app, lifespan="off", log_config=None, access_log=False)
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listener]))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with aiohttp.ClientSession(base, headers=KEY) as client:
            yield client
        server.should_exit = True


def test_many_calls_at_once_over_real_connections(sqlite_url):
    async def story(world):
        carrier = await world.made("VoipCarriers", {"name": "t", "account_sid": world.account_sid})
        await world.made("SipGateways", {"voip_carrier_sid": carrier, "ipv4": "192.0.2.1"})
        body = {
            "from": "+15005550100",
            "to": {"type": "phone", "number": "+15005550101"},
            "call_hook": "https://app.example/",
        }
        async with served(world) as client:

            async def place(number):
                headers = {"Idempotency-Key": f"key-{number % 20}"}
                path = f"/v1/Accounts/{world.account_sid}/Calls"
                async with client.post(path, json=body, headers=headers) as answer:
                    return answer.status, (await answer.json())["sid"]

            answers = await asyncio.gather(*(place(number) for number in range(100)))
        assert {status for status, _ in answers} == {201}
        assert len({sid for _, sid in answers}) == len(world.engine.started) == 20

    in_world(sqlite_url, story)


def test_a_body_in_chunks_is_read_and_an_endless_one_is_cut_off(sqlite_url):
    async def story(world):
        async with served(world) as client:

            async def chunks(text):
                for start in range(0, len(text), 7):
                    yield text[start : start + 7]

            path = f"/v1/Accounts/{world.account_sid}"
            async with client.put(path, data=chunks(b'{"name": "in chunks"}')) as answer:
                assert answer.status == 204

            async def endless():
                sent = 0
                while sent < BODY_LIMIT * 4:
                    yield b"x" * 65536
                    sent += 65536

            try:
                async with client.put(path, data=endless()) as answer:
                    assert answer.status == 413
            except aiohttp.ClientConnectionError:
                pass  # the answer came while we were still writing
            async with client.get(path) as answer:
                assert (await answer.json())["name"] == "in chunks"

    in_world(sqlite_url, story)


def test_every_answer_of_a_connection_is_its_own(sqlite_url):
    async def story(world):
        async with served(world) as client:
            for path, status in (
                ("/health", 200),
                ("/v1/Accounts", 200),
                ("/v1/Accounts/x", 400),
                ("/v1/Nothing", 404),
                ("/openapi.json", 200),
            ):
                async with client.get(path) as answer:
                    assert answer.status == status
                    text = await answer.text()
                    if answer.content_type == "application/json":
                        assert json.loads(text) is not None

    in_world(sqlite_url, story)
