"""One gateway with the sandbox as its only far end, and one application, for all whole calls."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from interop.gateway import Gateway, running_gateway
from interop.hooks import HookRequest, HookServer
from scenario.far_ends import Room, open_room

MEDIA_TIMEOUT_S = 3


@pytest.fixture(scope="session")
def hooks() -> Iterator[HookServer]:
    server = HookServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environment = {
        "VOXGATE_SANDBOX": "true",
        "VOXGATE_MEDIA_TIMEOUT_S": str(MEDIA_TIMEOUT_S),
        "VOXGATE_WS_ACK_S": "1.5",
    }
    with running_gateway(tmp_path_factory.mktemp("scenario"), environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory, hooks: HookServer) -> Iterator[Gateway]:
    """A gateway that phones of this machine may call; the number decides what answers."""

    def by_number(request: HookRequest) -> tuple[int, Any]:
        number = request.body["to"].lstrip("+")
        return hooks.take(replace(request, path=f"/number/{number}"))

    url = hooks.answer_with("/number", by_number)
    with running_gateway(tmp_path_factory.mktemp("exchange")) as gateway:
        application = gateway.add_application("by number", call_hook={"url": url})
        carrier = gateway.add_carrier("phones", application_sid=application)
        gateway.add_gateway(carrier, 5060, inbound=1, outbound=0)
        yield gateway


@pytest.fixture
def tell(
    exchange: Gateway, hooks: HookServer
) -> Callable[[Callable[[Room], Awaitable[None]]], None]:
    """Live through a story of several far ends."""

    def run(story: Callable[[Room], Awaitable[None]]) -> None:
        async def told() -> None:
            async with asyncio.timeout(45), open_room(exchange, hooks) as room:
                await story(room)

        asyncio.run(told())

    return run
