"""What needs no key: health, readiness, metrics."""

from collections.abc import Sequence
from typing import Protocol

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse


class Health(Protocol):
    """The process, as it sees itself."""

    async def problems(self) -> Sequence[str]:
        """Why no new calls can be taken; empty: ready."""
        ...

    def metrics(self) -> bytes:
        """Prometheus' text format."""
        ...


def routes(health: Health) -> APIRouter:
    router = APIRouter(tags=["Health"])

    @router.get("/", include_in_schema=False)
    @router.get("/health")
    async def alive() -> Response:
        return PlainTextResponse("OK")

    @router.get("/ready")
    async def ready() -> Response:
        """503 with the reasons while new calls would be refused."""
        problems = list(await health.problems())
        body = {"status": "unavailable" if problems else "ready", "problems": problems}
        return JSONResponse(body, status_code=503 if problems else 200)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(health.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/swagger", include_in_schema=False)
    async def swagger() -> Response:
        return RedirectResponse("/docs")

    return router
