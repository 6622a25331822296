"""One gateway and one application for all interop tests; every test gets trunks of its own."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.gateway import Gateway, running_gateway
from interop.hooks import HookServer
from interop.stage import Stage

_number = itertools.count(1)


@pytest.fixture(scope="session")
def hooks() -> Iterator[HookServer]:
    server = HookServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="session")
def application(gateway: Gateway, hooks: HookServer) -> str:
    """An application whose call hook answers nothing: stories bring documents of their own."""
    return gateway.add_application(
        "interop",
        call_hook={"url": hooks.url("/empty"), "method": "POST"},
        call_status_hook={"url": hooks.url("/status"), "method": "POST"},
    )


@pytest.fixture
def stage(gateway: Gateway, hooks: HookServer, application: str, tmp_path: Path) -> Stage:
    if shutil.which("sipp") is None:
        pytest.skip("sipp is not installed (apt-get install sip-tester)")
    return Stage(gateway, hooks, application, tmp_path, number=next(_number))
