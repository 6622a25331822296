"""A full disk and a lost database: new calls get 503, running calls go on, nothing is lost."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.ports import free_port, wait_until
from system.conftest import MakeGateway
from system.far_end import FarEnd

DISK_BYTES = 12 * 1024 * 1024
BODY: dict[str, Any] = {
    "from": "4930111222",
    "to": {"type": "phone", "number": "4915100000001", "trunk": "far"},
}


def _body(hooks: HookServer, seconds: float) -> dict[str, Any]:
    verbs = [{"verb": "pause", "length": seconds}, {"verb": "hangup"}]
    return {
        **BODY,
        "call_hook": hooks.answer(f"/call-{seconds}", verbs),
        "call_status_hook": hooks.url("/status"),
    }


def _assert_whole(call: PlacedCall) -> None:
    assert call.ended()["call_status"] == "completed"
    events = call.events()
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))


def _assert_refuses_new_calls(gateway: Gateway, body: dict[str, Any]) -> None:
    def refused() -> bool:
        return gateway.post_call(body).status == 503

    wait_until(refused, within_s=20, what="POST Calls answered 503")
    reply = gateway.request("GET", "/ready")
    assert reply.status == 503
    assert gateway.request("GET", "/health").status == 200


def _assert_takes_calls_again(gateway: Gateway, body: dict[str, Any]) -> None:
    def accepted() -> PlacedCall | None:
        reply = gateway.post_call(body)
        if reply.status != 201:
            return None
        return PlacedCall(gateway, reply.body["sid"], reply.body["callid"])

    call = wait_until(accepted, within_s=30, what="POST Calls answered 201 again")
    _assert_whole(call)
    assert gateway.request("GET", "/ready").status == 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_refuses_new_calls_and_spares_the_running_one(
    small_disk: Path, make_gateway: MakeGateway, far_end: FarEnd, hooks: HookServer
) -> None:
    gateway = make_gateway(environment={"VOXGATE_DATA_DIR": str(small_disk / "data")}).start()
    gateway.add_carrier("far", far_end.port)
    running = gateway.call(_body(hooks, 6))
    running.wait_event("status", call_status="in-progress")

    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    _assert_refuses_new_calls(gateway, _body(hooks, 0.2))
    wait_until(
        lambda: any("bye" in d.history for d in far_end.dialogs.values()),
        within_s=15,
        what="the running call hung up at its time",
    )
    ballast.unlink()

    _assert_whole(running)
    hooks.wait_for("/status", lambda r: r.body["call_status"] == "completed")
    _assert_takes_calls_again(gateway, _body(hooks, 0.2))


class PostgresFailed(Exception):
    """One of its programs did not do what the test needs."""


class Postgres:
    """A PostgreSQL cluster of the test's own, reachable over TCP on loopback only."""

    def __init__(self, folder: Path) -> None:
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self._data = folder / "cluster"
        self._user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.port = free_port()
        folder.chmod(0o777)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=voxgate", "-D", self._data)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://voxgate@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [*self._user, str(self._programs / program), *map(str, arguments)],
            check=False,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        if done.returncode:
            log = self._data / "log"
            told = log.read_text()[-3000:] if log.exists() else ""
            raise PostgresFailed(f"{arguments[0]}: {done.stderr}\n{told}")

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -c unix_socket_directories= -c fsync=off"
        log = self._data / "log"
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-o", options, "-l", log)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-D", self._data, "-m", "immediate")


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    folder = tmp_path_factory.mktemp("postgres")
    # The server runs as somebody else, who must be able to walk down to its data.
    for parent in folder.parents:
        if parent != Path("/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    cluster = Postgres(folder)
    cluster.start()
    yield cluster
    with contextlib.suppress(PostgresFailed):
        cluster.stop()


def test_calls_run_on_postgresql(
    postgres: Postgres, make_gateway: MakeGateway, far_end: FarEnd, hooks: HookServer
) -> None:
    gateway = make_gateway(environment={"VOXGATE_DATABASE_URL": postgres.url}).start()
    gateway.add_carrier("far", far_end.port)

    _assert_whole(gateway.call(_body(hooks, 0.2)))
    reply = gateway.post_call(_body(hooks, 0.2), headers={"Idempotency-Key": "once"})
    again = gateway.post_call(_body(hooks, 0.2), headers={"Idempotency-Key": "once"})
    assert (reply.status, reply.body) == (again.status, again.body)
    _assert_whole(PlacedCall(gateway, reply.body["sid"], reply.body["callid"]))


def test_a_lost_database_refuses_new_calls_and_spares_the_running_one(
    postgres: Postgres, make_gateway: MakeGateway, far_end: FarEnd, hooks: HookServer
) -> None:
    gateway = make_gateway(environment={"VOXGATE_DATABASE_URL": postgres.url}).start()
    gateway.add_carrier("far", far_end.port)
    running = gateway.call(_body(hooks, 5))
    running.wait_event("status", call_status="in-progress")

    postgres.stop()
    _assert_refuses_new_calls(gateway, _body(hooks, 0.2))
    wait_until(
        lambda: any("bye" in d.history for d in far_end.dialogs.values()),
        within_s=15,
        what="the running call hung up at its time",
    )
    postgres.start()

    wait_until(
        lambda: gateway.request("GET", "/ready").status == 200, within_s=30, what="ready again"
    )
    _assert_whole(running)
    _assert_takes_calls_again(gateway, _body(hooks, 0.2))
