import asyncio
import io

import pytest
from rich.console import Console

from voxgate.base.settings import Settings
from voxgate.cli.migrate import migrate
from voxgate.store.engine import StoreUnavailable


def test_migrating_makes_the_database_and_may_be_repeated(tmp_path):
    out = io.StringIO()
    settings = Settings(data_dir=tmp_path)

    for _ in range(2):
        assert asyncio.run(migrate(Console(file=out), settings)) == 0

    assert (tmp_path / "voxgate.db").exists()
    assert "SQLite" in out.getvalue()


def test_a_database_that_is_away_is_said_so(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none")

    with pytest.raises(StoreUnavailable):
        asyncio.run(migrate(Console(file=io.StringIO()), settings))
