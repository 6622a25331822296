"""The HTTP server inside the gateway's own event loop."""

import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from voxgate.base.settings import Settings
from voxgate.base.tasks import Nursery

BACKLOG = 2048
IDLE_S = 75  # keep-alive: longer than the usual proxy's 60 s, so that the proxy closes first


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the command that runs the gateway."""
        yield


class HttpServer:
    """Serves an ASGI application; `stop` lets running requests finish."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._socket = _listen(settings.http_host, settings.http_port)
        self._secure = settings.http_tls_cert is not None
        self._host = settings.http_host
        config = uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=5,
            forwarded_allow_ips=settings.trusted_proxies,
            ssl_certfile=settings.http_tls_cert,
            ssl_keyfile=settings.http_tls_key,
            server_header=False,
        )
        self._server = _Server(config)
        self._tasks = Nursery("http")

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        scheme = "https" if self._secure else "http"
        return f"{scheme}://{host}:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        self._tasks.start(self._server.serve(sockets=[self._socket]), name="serve")

    async def ended(self) -> None:
        """Wait until it has stopped, whoever stopped it."""
        await self._tasks.ended()

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._tasks.ended()
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return listener
