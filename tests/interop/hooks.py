"""The customer's web application, as a test plays it: it answers hooks and remembers them."""

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from interop.ports import wait_until

Json = dict[str, Any]
Answer = Callable[["HookRequest"], tuple[int, Any]]


@dataclass(frozen=True)
class HookRequest:
    """One request as it arrived. `body` is the parsed JSON, or None."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any
    at: float = field(default_factory=time.monotonic)

    @property
    def basic_auth(self) -> tuple[str, str] | None:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    application: "HookServer"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = HookRequest(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            raw,
            json.loads(raw) if raw else None,
        )
        status, content = self.server.application.take(request)
        if isinstance(content, bytes):
            kind, data = "audio/wav", content
        else:
            kind, data = "application/json", json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = handle_any  # noqa: N815 - names that http.server looks up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on standard error: the requests are kept instead."""


class HookServer:
    """Answers 200 `[]` unless a path was given an answer. Paths are matched without their query."""

    def __init__(self, port: int = 0) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}
        self._requests: dict[str, list[HookRequest]] = defaultdict(list)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.application = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, content: Any, status: int = 200) -> str:
        """From now on `path` answers this; returns its URL."""
        return self.answer_with(path, lambda _request: (status, content))

    def answer_with(self, path: str, answer: Answer) -> str:
        with self._lock:
            self._answers[path] = answer
        return self.url(path)

    def take(self, request: HookRequest) -> tuple[int, Any]:
        path = request.path.partition("?")[0]
        with self._lock:
            self._requests[path].append(request)
            answer = self._answers.get(path)
        return answer(request) if answer else (200, [])

    def requests(self, path: str) -> list[HookRequest]:
        with self._lock:
            return list(self._requests[path])

    def wait_for(
        self,
        path: str,
        wanted: Callable[[HookRequest], object] = lambda _request: True,
        *,
        within_s: float = 15.0,
    ) -> HookRequest:
        def found() -> HookRequest | None:
            return next((r for r in self.requests(path) if wanted(r)), None)

        return wait_until(found, within_s=within_s, what=f"a matching request of {path}")

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
