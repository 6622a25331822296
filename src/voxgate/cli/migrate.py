"""`voxgate migrate`: the schema of the database."""

from rich.console import Console

from voxgate.base.settings import Settings
from voxgate.store.engine import Database


async def migrate(console: Console, settings: Settings) -> int:
    """Raises StoreUnavailable."""
    database = Database(settings.sqlalchemy_url)
    try:
        await database.migrate()
    finally:
        await database.close()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    console.print(f"the {kind} database has the schema of this version")
    return 0
