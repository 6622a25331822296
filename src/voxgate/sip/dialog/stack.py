"""What all dialogs of one agent share: transactions, deadlines, randomness, and who gets what.

Nothing here reads a clock or a socket: the time is handed in as a `Clock`, and what is to be done
collects in `effects`.
"""

import secrets
from collections import deque
from collections.abc import Callable
from typing import Protocol

from voxgate.sip.dialog.options import EXTENSIONS, SipOptions
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
        """`wake` is called by `flush` when there are effects."""
        self.options = options
        self.product = product  # the text of User-Agent and Server
        self.allow = ", ".join(options.allow_methods)
        self.supported = ", ".join((*EXTENSIONS, *options.extensions))
        self.fraction = fraction or secrets.SystemRandom().random  # from 0 up to 1
        self.locals: tuple[Destination, ...] = ()  # the listeners as the outside knows them
        self.alarms = Alarms()
        self.dialogs: dict[tuple[str, str], DialogUser] = {}
        self._clock = clock
        self._wake = wake
        self.effects: deque[Effect] = deque()  # to be carried out, in order
        self.put: Callable[[Transmit], None] = self.effects.append
        self.transactions = TransactionLayer(
            options.timing, self.alarms, clock=clock, transmit=self.put
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
        branch: str,
        give_up_after: float | None = None,
    ) -> Outgoing:
        return self.transactions.send(
            request, destination, local, user, branch=branch, give_up_after=give_up_after
        )

    def transmit(self, request: Request, destination: Destination, local: Destination) -> None:
        """Send an ACK, which no transaction looks after."""
        self.put(Transmit(request.to_bytes(), destination, local, request.call_id))

    def respond(self, incoming: Incoming, response: Response) -> None:
        self.transactions.respond(incoming, response)

    def ignore(self, incoming: Incoming) -> None:
        self.transactions.ignore(incoming)

    # Owners.

    def notify(self, deliver: Notify) -> None:
        """Call back once the current message is dealt with."""
        self.effects.append(deliver)

    def flush(self) -> None:
        """Have everything carried out that was asked for; call it last."""
        if self.effects:
            self._wake()

    def alarm(self, after_s: float, action: Callable[[], None]) -> Alarm:
        return self.alarms.set(self.now + after_s, action)

    def register(self, call_id: str, local_tag: str, user: DialogUser) -> None:
        self.dialogs[call_id, local_tag] = user

    def forget(self, call_id: str, local_tag: str) -> None:
        self.dialogs.pop((call_id, local_tag), None)
