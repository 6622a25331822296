"""Keeping an answered call alive, or noticing that it is not (RFC 4028 sections 7 to 10)."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from voxgate.sip.dialog.events import Outcome, OutcomeListener
from voxgate.sip.dialog.session_timer import Role, SessionTimer, asked, granted, longer
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.message import Message, Response
from voxgate.sip.transaction.alarms import Alarm

_REFUSES_UPDATE = {405, 501}


class Ask(Protocol):
    """Sends the refresh: an UPDATE or a re-INVITE that changes nothing."""

    def __call__(self, method: str, listener: OutcomeListener) -> None: ...


class Refresh:
    """The session timer of one dialog."""

    def __init__(
        self,
        stack: Stack,
        *,
        ask: Ask,
        answered: Callable[[str, Outcome], None],
        expired: Callable[[], None],
    ) -> None:
        """`answered` gets the method and outcome of a refresh that was not simply refused."""
        self._stack = stack
        self._ask = ask
        self._answered = answered
        self._expired = expired
        self._timer: SessionTimer | None = None
        self._min_se_s = stack.options.min_se_s
        self._peer_updates = False
        self._alarms: tuple[Alarm, ...] = ()

    def learn(self, message: Message) -> None:
        """Note whether the peer takes UPDATE, the lighter way to refresh."""
        if "Allow" in message.headers:
            self._peer_updates = "update" in message.headers.tokens("Allow")

    def set(self, timer: SessionTimer | None) -> None:
        """Start anew with what was agreed."""
        self.stop()
        self._timer = timer
        if timer is None:
            return
        alarms = [self._stack.alarm(timer.bye_after_s, self._expired)]
        if timer.we_refresh:
            alarms.append(self._stack.alarm(timer.refresh_after_s, self._refresh))
        self._alarms = tuple(alarms)

    def stop(self) -> None:
        for alarm in self._alarms:
            alarm.cancel()
        self._alarms = ()

    def fields(self) -> list[tuple[str, str]]:
        """The headers of a request that refreshes, whatever else it does."""
        if self._timer is None:
            return []
        role: Role = "uac" if self._timer.we_refresh else "uas"
        return asked(self._timer.interval_s, self._min_se_s, role)

    def on_success(self, response: Response) -> None:
        """A 2xx to a re-INVITE or UPDATE of ours starts the timer anew."""
        self.learn(response)
        if self._timer is not None:
            self.set(granted(response))

    def _refresh(self) -> None:
        method = "UPDATE" if self._peer_updates else "INVITE"
        self._ask(method, partial(self._on_outcome, method))

    def _on_outcome(self, method: str, outcome: Outcome) -> None:
        if not self._alarms or self._timer is None:
            return  # the call has ended meanwhile
        if method == "UPDATE" and outcome.status in _REFUSES_UPDATE:
            self._peer_updates = False
            self._refresh()
        elif outcome.status == 422:
            raised = longer(outcome.headers, self._timer.interval_s)
            if raised is not None:
                self._min_se_s = raised
                self._timer = SessionTimer(raised, self._timer.we_refresh)
                self._refresh()
        else:
            self._answered(method, outcome)
        self._stack.flush()
