"""The gateway under test: the real `voxgate serve` in a process of its own, driven over REST."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from interop.ports import free_port, free_range, wait_until

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
ADMIN_TOKEN = "3f6c1f6a-8f4e-4f0e-9a53-0d1c2b3a4f5e"
RTP_PORTS = 400


class ApiRefused(Exception):
    """The API answered with another status than the story needs."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]


class Gateway:
    """`voxgate serve` on free ports of loopback. `kill()` is SIGKILL; `start()` again resumes."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.http_port = free_port()
        self.sip_port = free_port()
        first_rtp = free_range(RTP_PORTS)
        self.settings = {
            "VOXGATE_DATA_DIR": str(folder / "data"),
            "VOXGATE_HTTP": f"127.0.0.1:{self.http_port}",
            "VOXGATE_SIP": f"udp:127.0.0.1:{self.sip_port},tcp:127.0.0.1:{self.sip_port}",
            "VOXGATE_RTP_PORTS": f"{first_rtp}-{first_rtp + RTP_PORTS - 1}",
            "VOXGATE_ADMIN_TOKEN": ADMIN_TOKEN,
            "VOXGATE_SANDBOX": "false",
            "VOXGATE_LOG_LEVEL": "warning",
            "VOXGATE_NO_RESPONSE_S": "2",
            "VOXGATE_SHUTDOWN_GRACE_S": "2",
            **(environment or {}),
        }
        self.command = ["-m", "voxgate.cli", "serve"]  # for the interpreter
        self._process: subprocess.Popen[bytes] | None = None
        self._account_sid: str | None = None

    # ------------------------------------------------------------ process

    @property
    def log(self) -> Path:
        return self.folder / "voxgate.log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def launch(self, *, prefix: tuple[str, ...] = ()) -> None:
        """Start the process without waiting until it serves."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("VOXGATE_")}
        command = [*prefix, sys.executable, *self.command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**inherited, **self.settings, "PYTHONPATH": str(ROOT / "src")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self, *, prefix: tuple[str, ...] = ()) -> Self:
        self.launch(prefix=prefix)
        self.wait_ready()
        return self

    def wait_ready(self, *, within_s: float = 30.0) -> None:
        def ready() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"voxgate serve ended:\n{self.log.read_text()[-4000:]}")
            try:
                return self.request("GET", "/ready").status == 200
            except (OSError, http.client.HTTPException):
                return False

        wait_until(ready, within_s=within_s, what="voxgate serve ready")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when that is not enough; returns the exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(45)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait(10)

    # ------------------------------------------------------------ REST

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = ADMIN_TOKEN,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 40.0,
    ) -> Reply:
        """One request on a connection of its own; `body` is JSON, or bytes sent as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout_s)
        try:
            data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            sent = {"Authorization": f"Bearer {token}", **(headers or {})}
            if data is not None:
                sent.setdefault("Content-Type", "application/json")
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            raw = response.read()
            kind = response.getheader("Content-Type") or ""
            return Reply(response.status, _read(kind, raw), dict(response.getheaders()))
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request that must succeed; returns its body."""
        reply = self.request(method, "/v1" + path, body, **options)
        if reply.status >= 300:
            raise ApiRefused(reply.status, reply.body)
        return reply.body

    @property
    def account_sid(self) -> str:
        """The account that an empty data directory starts with."""
        if self._account_sid is None:
            self._account_sid = str(self.api("GET", "/Accounts")[0]["account_sid"])
        return self._account_sid

    def add_application(self, name: str, **fields: Any) -> str:
        body = {"name": name, "account_sid": self.account_sid, **fields}
        return str(self.api("POST", "/Applications", body)["sid"])

    def add_carrier(self, name: str, *ports: int, **fields: Any) -> str:
        """A trunk of the account with a UDP gateway on each port of 127.0.0.1, in that order."""
        body = {"name": name, "account_sid": self.account_sid, **fields}
        sid = str(self.api("POST", "/VoipCarriers", body)["sid"])
        for port in ports:
            self.add_gateway(sid, port)
        return sid

    def add_gateway(self, carrier_sid: str, port: int, **fields: Any) -> str:
        body = {
            "voip_carrier_sid": carrier_sid,
            "ipv4": "127.0.0.1",
            "port": port,
            "inbound": 0,
            "outbound": 1,
            **fields,
        }
        return str(self.api("POST", "/SipGateways", body)["sid"])

    # ------------------------------------------------------------ calls

    def post_call(self, body: Json, **options: Any) -> Reply:
        return self.request("POST", f"/v1/Accounts/{self.account_sid}/Calls", body, **options)

    def call(self, body: Json, **options: Any) -> "PlacedCall":
        reply = self.post_call(body, **options)
        if reply.status != 201:
            raise ApiRefused(reply.status, reply.body)
        return PlacedCall(self, reply.body["sid"], reply.body["callid"])


def _read(content_type: str, raw: bytes) -> Any:
    if content_type.startswith("audio/"):
        return raw
    return json.loads(raw) if content_type.startswith("application/json") and raw else raw.decode()


@dataclass(frozen=True)
class PlacedCall:
    gateway: Gateway
    sid: str
    call_id: str

    @property
    def path(self) -> str:
        return f"/Accounts/{self.gateway.account_sid}/Calls/{self.sid}"

    def record(self) -> Json:
        return dict(self.gateway.api("GET", self.path))

    def update(self, **body: Any) -> Reply:
        return self.gateway.request("PUT", "/v1" + self.path, body)

    def events(self) -> list[Json]:
        """Everything that has happened so far."""
        return list(self._pages(wait_s=0))

    def _pages(self, *, wait_s: int, after: int = 0) -> Iterator[Json]:
        while True:
            query = urlencode({"after": after, "wait": wait_s, "limit": 500})
            page = self.gateway.api("GET", f"{self.path}/events?{query}")
            yield from page["events"]
            if not page["events"]:
                return
            after = page["events"][-1]["seq"]

    def wait_event(self, kind: str, *, within_s: float = 30.0, **facts: Any) -> Json:
        """The first event of that type whose data has these facts."""
        deadline = time.monotonic() + within_s
        after = 0
        while time.monotonic() < deadline:
            left = max(1, min(5, int(deadline - time.monotonic())))
            for event in self._pages(wait_s=left, after=after):
                after = event["seq"]
                if event["type"] == kind and facts.items() <= event["data"].items():
                    return event
        raise TimeoutError(
            f"no {kind} {facts} in {[(e['type'], e['data']) for e in self.events()]}"
        )

    def ended(self, *, within_s: float = 30.0) -> Json:
        """Data of the terminal event."""
        return dict(self.wait_event("ended", within_s=within_s)["data"])

    def statuses(self) -> list[str]:
        """call_status of every status and terminal event, in order."""
        return [e["data"]["call_status"] for e in self.events() if e["type"] in {"status", "ended"}]


@contextlib.contextmanager
def running_gateway(
    folder: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[Gateway]:
    gateway = Gateway(folder, environment=environment)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
