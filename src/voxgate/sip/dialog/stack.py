"""What all dialogs of one agent share: transactions, deadlines, randomness, and who gets what.

Nothing here reads a clock or a socket: the time is handed in as a `Clock`, and what is to be done
collects in order until `take` hands it out.
"""

import secrets
from collections.abc import Callable
from typing import Protocol

from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.alarms import Alarm, Alarms
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import (
    ClientUser,
    Clock,
    Incoming,
    Outgoing,
    TransactionLayer,
    Transmit,
)

Notify = Callable[[], None]
Effect = Transmit | Notify


class DialogUser(Protocol):
    """Takes the messages of one dialog; it is found by Call-ID and local tag."""

    def on_request(self, incoming: Incoming) -> None:
        """A new request with our tag in To; must be answered sooner or later."""
        ...

    def on_ack(self, ack: Request) -> None: ...

    def on_late_success(self, response: Response) -> bool:
        """Take a 2xx to an INVITE whose transaction is over; False: it is none of ours."""
        ...


class Stack:
    """The common ground of one agent's dialogs."""

    def __init__(
        self,
        *,
        clock: Clock,
        options: SipOptions,
        product: str,
        wake: Callable[[], None],
        fraction: Callable[[], float] | None = None,
    ) -> None:
        """`wake` is called by `flush` when there is something to `take`."""
        self.options = options
        self.product = product  # the text of User-Agent and Server
        self.allow = ", ".join(options.allow_methods)
        self.fraction = fraction or secrets.SystemRandom().random  # from 0 up to 1
        self.locals: tuple[Destination, ...] = ()  # the listeners as the outside knows them
        self.alarms = Alarms()
        self.dialogs: dict[tuple[str, str], DialogUser] = {}
        self._clock = clock
        self._wake = wake
        self._effects: list[Effect] = []
        self.transactions = TransactionLayer(
            options.timing, self.alarms, clock=clock, transmit=self._effects.append
        )

    @property
    def now(self) -> float:
        return self._clock.monotonic()

    def token(self) -> str:
        """A fresh random token, good for tags, branches and nonces."""
        return secrets.token_hex(8)

    def local_for(self, destination: Destination) -> Destination | None:
        """The listener that speaks to such a destination."""
        six = ":" in destination.host
        for local in self.locals:
            if local.transport == destination.transport and (":" in local.host) == six:
                return local
        return None

    # Messages.

    def send(
        self,
        request: Request,
        destination: Destination,
        local: Destination,
        user: ClientUser,
        *,
        give_up_after: float | None = None,
    ) -> Outgoing:
        return self.transactions.send(
            request, destination, local, user, give_up_after=give_up_after
        )

    def transmit(self, request: Request, destination: Destination, local: Destination) -> None:
        """Send an ACK, which no transaction looks after."""
        self.put(Transmit(request.to_bytes(), destination, local, request.call_id))

    def respond(self, incoming: Incoming, response: Response) -> None:
        self.transactions.respond(incoming, response)

    def put(self, transmit: Transmit) -> None:
        self._effects.append(transmit)

    # Owners.

    def notify(self, deliver: Notify) -> None:
        """Call back once the current message is dealt with."""
        self._effects.append(deliver)

    def flush(self) -> None:
        """Have everything carried out that was asked for; call it last."""
        if self._effects:
            self._wake()

    def take(self) -> list[Effect]:
        """Hand out everything to be done since the last call, in order."""
        effects = self._effects[:]
        self._effects.clear()
        return effects

    def alarm(self, after_s: float, action: Callable[[], None]) -> Alarm:
        return self.alarms.set(self.now + after_s, action)

    def register(self, call_id: str, local_tag: str, user: DialogUser) -> None:
        self.dialogs[call_id, local_tag] = user

    def forget(self, call_id: str, local_tag: str) -> None:
        self.dialogs.pop((call_id, local_tag), None)
