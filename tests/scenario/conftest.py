"""One gateway with the sandbox as its only far end, and one application, for all whole calls."""

from collections.abc import Iterator

import pytest

from interop.gateway import Gateway, running_gateway
from interop.hooks import HookServer

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
    }
    with running_gateway(tmp_path_factory.mktemp("scenario"), environment=environment) as running:
        yield running
