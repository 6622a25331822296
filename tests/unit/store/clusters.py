"""Databases for tests: SQLite files copied from a migrated one, and a throwaway PostgreSQL."""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from interop.ports import free_port
from voxgate.base.secrets import SecretBox
from voxgate.store.engine import Database

BOX = SecretBox(b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")


def migrated(url: str) -> None:
    async def migrate() -> None:
        database = Database(url)
        await database.migrate()
        await database.close()

    asyncio.run(migrate())


class SqliteFiles:
    """A fresh migrated file per call of `url`."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        migrated(f"sqlite:///{self._template}")
        self._numbers = itertools.count()

    def url(self, folder: Path) -> str:
        copy = folder / f"store-{next(self._numbers)}.db"
        shutil.copy(self._template, copy)
        return f"sqlite:///{copy}"


class PostgresCluster:
    """Own data directory, own port, nothing synced to disk; gone with `stop`."""

    def __init__(self) -> None:
        self._programs = programs()
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # Not pytest's folder: the server's user must be able to reach it.
        self._folder = Path(tempfile.mkdtemp(prefix="voxgate-pg-"))
        if self._as_user:
            shutil.chown(self._folder, "postgres")
        self._port = free_port()
        self._numbers = itertools.count()

    def start(self) -> None:
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "voxgate", "-N", "-E", "UTF8")
        options = (
            f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c synchronous_commit=off -c full_page_writes=off"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "30", "-l", log, "-o", options, "start")
        self._execute("CREATE DATABASE template")
        migrated(self._url_of("template"))

    def url(self) -> str:
        """A fresh migrated database."""
        name = f"store_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template")
        return self._url_of(name)

    def empty_url(self) -> str:
        name = f"empty_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self._url_of(name)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _url_of(self, name: str) -> str:
        return f"postgresql://voxgate@127.0.0.1:{self._port}/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        # pg_ctl's server keeps the pipes it is given, so it gets none.
        done = subprocess.run(
            [*self._as_user, str(self._programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=60,
        )
        assert done.returncode == 0, program


def programs() -> Path:
    """The folder of the newest PostgreSQL on this machine. Raises FileNotFoundError."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise FileNotFoundError("initdb")
    return max(found, key=lambda folder: int("".join(filter(str.isdigit, folder.parent.name)) or 0))
