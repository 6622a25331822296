"""Requests inside an answered call that change neither its session nor its end.

INFO RFC 6086, MESSAGE RFC 3428, NOTIFY RFC 6665, REFER RFC 3515, OPTIONS RFC 3261 section 11.
"""

from collections.abc import Callable
from functools import partial

from voxgate.sip.dialog.events import (
    SDP,
    DialogEvent,
    Fields,
    InfoReceived,
    MessageReceived,
    NotifyReceived,
    ReferReceived,
)
from voxgate.sip.dialog.path import Path
from voxgate.sip.dialog.reply import reply
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.transaction.layer import Incoming

_TOLD: dict[str, type[InfoReceived | MessageReceived | NotifyReceived]] = {
    "INFO": InfoReceived,
    "MESSAGE": MessageReceived,
    "NOTIFY": NotifyReceived,
}


def answer_inside(
    stack: Stack, path: Path, incoming: Incoming, tell: Callable[[DialogEvent], None]
) -> None:
    """Answer at once what only informs; hand over a REFER, which its owner answers."""
    request = incoming.request
    event = _TOLD.get(request.method)
    respond = partial(_respond, stack, path, incoming)
    if event is not None:
        tell(event(request.content_type, request.body, request.headers))
        # A message is taken, and goes on to an application (RFC 3428 section 7).
        respond(202 if request.method == "MESSAGE" else 200)
    elif request.method == "OPTIONS":
        respond(200, headers=capabilities(stack))
    elif request.method == "REFER":
        targets = request.headers.all("Refer-To")
        if len(targets) == 1:
            tell(ReferReceived(targets[0], request.headers, respond))
        else:
            respond(400)
    else:
        respond(481)  # a PRACK, for nothing we are waiting for


def capabilities(stack: Stack) -> list[tuple[str, str]]:
    """What we can do, as an OPTIONS asks."""
    return [("Allow", stack.allow), ("Accept", SDP), ("Supported", stack.supported)]


def _respond(  # noqa: PLR0917 - the last four are `Respond`
    stack: Stack,
    path: Path,
    incoming: Incoming,
    status: int,
    reason: str = "",
    headers: Fields = (),
    body: bytes = b"",
) -> None:
    if not incoming.answered:
        contact = [("Contact", path.contact)] if status < 300 else []
        fields = [*contact, *headers]
        response = reply(stack, incoming.request, status, reason, fields=fields, body=body)
        stack.respond(incoming, response)
        stack.flush()
