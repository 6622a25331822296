"""What dialogs need of the agent around them."""

from collections.abc import Callable
from typing import Protocol

from voxgate.sip.dialog.options import SipOptions
from voxgate.sip.message import Request, Response
from voxgate.sip.transaction.alarms import Alarm
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import ClientUser, Incoming, Outgoing


class DialogUser(Protocol):
    """Takes the messages of one dialog; the agent finds it by Call-ID and local tag."""

    def on_request(self, incoming: Incoming) -> None:
        """A new request with our tag in To; must be answered sooner or later."""
        ...

    def on_ack(self, ack: Request) -> None: ...

    def on_late_success(self, response: Response) -> None:
        """A 2xx to an INVITE whose transaction is over."""
        ...


class Stack(Protocol):
    """One agent, as its dialogs see it."""

    options: SipOptions

    @property
    def now(self) -> float: ...

    @property
    def product(self) -> str:
        """The User-Agent or Server text."""
        ...

    @property
    def allow(self) -> str:
        """The value of Allow."""
        ...

    def token(self) -> str:
        """A fresh random token, good for tags, branches and nonces."""
        ...

    def fraction(self) -> float:
        """A random number from 0 up to 1."""
        ...

    def local_for(self, destination: Destination) -> Destination | None:
        """The listener that speaks to such a destination."""
        ...

    def send(
        self,
        request: Request,
        destination: Destination,
        local: Destination,
        user: ClientUser,
        *,
        give_up_after: float | None = None,
    ) -> Outgoing: ...

    def transmit(self, request: Request, destination: Destination, local: Destination) -> None:
        """Send an ACK, which no transaction looks after."""
        ...

    def abort(self, outgoing: Outgoing) -> None: ...

    def respond(self, incoming: Incoming, response: Response) -> None: ...

    def alarm(self, after_s: float, action: Callable[[], None]) -> Alarm: ...

    def notify(self, deliver: Callable[[], None]) -> None:
        """Call back once the current message is dealt with."""
        ...

    def register(self, call_id: str, local_tag: str, user: DialogUser) -> None: ...

    def forget(self, call_id: str, local_tag: str) -> None: ...

    def flush(self) -> None:
        """Have everything carried out that was asked for; call it last."""
        ...
