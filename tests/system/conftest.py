"""A gateway of its own for every test here: they kill it, starve it or take its database away."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from interop.gateway import Gateway
from interop.hooks import HookServer
from system.far_end import FarEnd

MakeGateway = Callable[..., Gateway]


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[MakeGateway]:
    made: list[Gateway] = []

    def make(
        folder: Path | None = None, *, environment: Mapping[str, str] | None = None
    ) -> Gateway:
        gateway = Gateway(folder or tmp_path, environment=environment)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.stop()


@pytest.fixture
def hooks() -> Iterator[HookServer]:
    server = HookServer()
    yield server
    server.close()


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    with FarEnd() as running:
        yield running
