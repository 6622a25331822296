"""One request and its final answer, through challenges (RFC 3261 sections 8.1.3 and 22)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voxgate.sip.dialog.events import Outcome, OutcomeListener
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import FailureCause, Outgoing


@dataclass(frozen=True, slots=True)
class Ready:
    """One version of a request, ready to leave."""

    request: Request
    branch: str
    destination: Destination
    local: Destination


Build = Callable[[], Ready]
"""Makes the next version of a request."""


class SuccessHook(Protocol):
    """Sees every 2xx, repeats too (RFC 3261 13.2.2.4: each is acknowledged)."""

    def __call__(self, response: Response) -> None: ...


class Exchange:
    """Sends what `build` makes until the answer is final, then calls `finished` once."""

    def __init__(
        self,
        stack: Stack,
        build: Build,
        login: Login,
        finished: OutcomeListener,
        *,
        on_success: SuccessHook | None = None,
        give_up_after: float | None = None,
    ) -> None:
        self._stack = stack
        self._build = build
        self._login = login
        self._finished: OutcomeListener | None = finished
        self._on_success = on_success
        self._give_up_after = give_up_after
        self._attempts = 0
        self.outgoing: Outgoing | None = None
        self._try()

    @property
    def over(self) -> bool:
        return self._finished is None

    def abort(self) -> None:
        """Forget it; `finished` is not called any more."""
        self._finished = None
        if self.outgoing is not None:
            self._stack.transactions.abort(self.outgoing)

    def _try(self) -> None:
        self._attempts += 1
        ready = self._build()
        self.outgoing = self._stack.send(
            ready.request,
            ready.destination,
            ready.local,
            self,
            branch=ready.branch,
            give_up_after=self._give_up_after,
        )

    def on_response(self, response: Response) -> None:
        if response.status < 200:
            return
        if response.status < 300 and self._on_success is not None:
            self._on_success(response)
        if self.over:
            return
        if self._login.learn(response, attempts=self._attempts):
            self._try()
            return
        self._finish(Outcome(response.status, response.reason, response.headers, response.body))

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        status, reason = (
            (408, "Request Timeout") if cause == "timeout" else (503, "Service Unavailable")
        )
        self._finish(Outcome(status, reason, Headers(), failure=f"{cause}: {detail}"))

    def _finish(self, outcome: Outcome) -> None:
        finished, self._finished = self._finished, None
        if finished is not None:
            finished(outcome)
