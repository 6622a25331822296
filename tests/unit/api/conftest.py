"""A database with tenants in it, made once and copied for each test."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from unit.api.tenants import Provider, make_provider
from unit.api.world import world
from unit.store.clusters import SqliteFiles


@dataclass(frozen=True)
class Tenants:
    """`home` has the accounts one and two, `away` has three."""

    url: str
    home: Provider
    away: Provider


@pytest.fixture(scope="session")
def settled(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    url = sqlite_files.url(tmp_path_factory.mktemp("tenants"))

    async def settle() -> Tenants:
        async with world(url) as it:
            home = await make_provider(it, "home", ("one", "two"))
            return Tenants(url, home, await make_provider(it, "away", ("three",)))

    return asyncio.run(settle())


@pytest.fixture
def tenants(settled: Tenants, tmp_path: Path) -> Tenants:
    copy = tmp_path / "tenants.db"
    shutil.copy(settled.url.removeprefix("sqlite:///"), copy)
    return Tenants(f"sqlite:///{copy}", settled.home, settled.away)
