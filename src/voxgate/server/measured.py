"""Hooks with their round trips counted."""

from voxgate.base.clock import Clock
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.http import HookAnswer, HttpHooks
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.server.metrics import Metrics


class MeasuredHooks:
    """The Asker of calls and the Teller of deliveries; a failed try counts as one too."""

    def __init__(self, hooks: HttpHooks, metrics: Metrics, clock: Clock) -> None:
        self._hooks = hooks
        self._metrics = metrics
        self._clock = clock

    async def ask(
        self, hook: Hook, payload: Json, *, secret: str, base: Hook | None = None
    ) -> HookAnswer:
        started = self._clock.monotonic()
        try:
            answer = await self._hooks.ask(hook, payload, secret=secret, base=base)
        except HookFailed:
            self._done("call", started, ok=False)
            raise
        self._done("call", started, ok=True)
        return answer

    async def tell(self, hook: Hook, payload: Json, *, secret: str) -> HookAnswer:
        started = self._clock.monotonic()
        try:
            answer = await self._hooks.tell(hook, payload, secret=secret)
        except HookFailed:
            self._done("status", started, ok=False)
            raise
        self._done("status", started, ok=True)
        return answer

    def _done(self, kind: str, started: float, *, ok: bool) -> None:
        self._metrics.hook_done(kind, self._clock.monotonic() - started, ok=ok)
