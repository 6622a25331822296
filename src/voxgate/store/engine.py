"""The database: one writer thread, a few reader threads, SQLite (WAL) or PostgreSQL.

SQLAlchemy's engine is used synchronously, off the event loop: one transaction is one hop to a
thread, whatever the number of statements in it.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import URL

from voxgate.base.errors import VoxgateError
from voxgate.store import schema

T = TypeVar("T")

__all__ = ["AlreadyExists", "Connection", "Database", "StillReferenced", "StoreUnavailable"]

_BUSY_TIMEOUT_S = 5.0
_WRITES = "voxgate_writes"  # execution option: this transaction will write
_UNIQUE = {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_REFERENCE = {"23503", "23001", "SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_TRIGGER"}


class StoreUnavailable(VoxgateError):
    """The database cannot be reached or written: full, locked, read-only, lost, closed."""


class AlreadyExists(VoxgateError):
    """A unique rule of the schema was broken; nothing of the transaction was kept."""


class StillReferenced(VoxgateError):
    """A row that others refer to, or a reference to a row that is not there."""


class Database:
    """Runs questions on reader threads and changes on the one writer thread.

    Both take a plain function of a connection. Model values go in and come out; the connection
    must not leave the function.
    """

    def __init__(self, url: str, *, readers: int = 4) -> None:
        self._url = _driver_url(url)
        self._engine = _make_engine(self._url, readers)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="store-reader")

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer as of one moment. Raises StoreUnavailable."""
        return await self._on(self._readers, self._ask, question)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Carry out `change` as one durable transaction, after those before it.

        Once started it is finished even when the waiting task is cancelled. Raises
        StoreUnavailable, AlreadyExists, StillReferenced, or what `change` raises; then nothing
        of it is kept.
        """
        return await self._on(self._writer, self._transact, change)

    async def migrate(self) -> None:
        """Bring the schema to this version; a no-op when it is there already."""
        await self._on(self._writer, self._transact, schema.upgrade)

    async def close(self) -> None:
        """Finish what was handed in, then close the connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        self._engine.dispose()

    async def _on(
        self,
        threads: Executor,
        run: Callable[[Callable[[Connection], T]], T],
        work: Callable[[Connection], T],
    ) -> T:
        try:
            future = threads.submit(run, work)
        except RuntimeError as closed:
            raise StoreUnavailable("the database is closed") from closed
        return await asyncio.wrap_future(future)

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with _translated(), self._engine.connect() as connection:
            return question(connection)

    def _transact(self, change: Callable[[Connection], T]) -> T:
        with _translated(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                return change(connection)


def _driver_url(url: str) -> URL:
    """`postgres://` and `postgresql://` mean psycopg; SQLite needs a file."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreUnavailable(f"DATABASE_URL is for {backend}; use sqlite or postgresql")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreUnavailable("DATABASE_URL must name a file, for example sqlite:////srv/vox.db")
    return parsed


def _make_engine(url: URL, readers: int) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            json_serializer=_compact,
            pool_size=readers + 1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "tcp_user_timeout": 10_000,
                "options": "-c lock_timeout=5s -c statement_timeout=30s",
            },
        )
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        json_serializer=_compact,
        pool_size=readers + 1,
        max_overflow=0,
        connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    # FULL: a commit that was reported must survive a power cut (no person is rung twice).
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that will write waits for the lock now instead of failing halfway.
    writes: Any = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError as broken:
        raise _rule_broken(broken) from broken
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as lost:
        raise StoreUnavailable(f"the database is unavailable: {_first_line(lost)}") from lost
    except exc.DBAPIError as failure:
        # A damaged file, a connection that was cut: neither is the caller's doing.
        if failure.connection_invalidated or isinstance(failure.orig, sqlite3.DatabaseError):
            raise StoreUnavailable(f"the database failed: {_first_line(failure)}") from failure
        raise


def _rule_broken(broken: exc.IntegrityError) -> VoxgateError:
    cause: Any = broken.orig
    code = cause.sqlite_errorname if isinstance(cause, sqlite3.Error) else cause.sqlstate
    if code in _UNIQUE:
        return AlreadyExists(_first_line(broken))
    if code in _REFERENCE:
        return StillReferenced(_first_line(broken))
    return StoreUnavailable(f"the database refused a row: {_first_line(broken)}")


def _first_line(failure: exc.SQLAlchemyError) -> str:
    cause = failure.orig if isinstance(failure, exc.DBAPIError) else failure
    return str(cause).partition("\n")[0]
