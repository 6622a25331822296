"""Running a story on an open database."""

import asyncio
from collections.abc import Awaitable, Callable

from voxgate.store.engine import Database


def on_database(url: str, story: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(url)
        try:
            await story(database)
        finally:
            await database.close()

    asyncio.run(run())
