"""An INVITE as the rest of the gateway sees it: whom it is for, and what `session:new` shows."""

from collections.abc import Sequence

from voxgate.model.calls import Json
from voxgate.model.inbound import Trunk
from voxgate.provisioning.arrivals import Arrival
from voxgate.sip.endpoint import IncomingInvite
from voxgate.sip.headers import STANDARD_NAMES
from voxgate.sip.message import Headers, Request
from voxgate.sip.private import may_be_told
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

_SHOWN_MOST = 65_536
# Of the caller's hop alone (contract 11.4).
_STRIPPED = frozenset({"max-forwards", "record-route", "session-expires"})
_NAME_MOST = 256
_LOWER = {name.lower() for name in STANDARD_NAMES}


def called_user(uri: Uri) -> str:
    """The number or name that was dialled, without the parameters some trunks put into it."""
    return (uri.user or "").partition(";")[0]


def called_number(request: Request, trunks: Sequence[Trunk]) -> str:
    """Who is called over a trunk: a registrar may put our own user name where the number belongs."""
    user = called_user(request.uri)
    if user and any(trunk.register_username == user for trunk in trunks):
        return called_user(request.to.uri) or user
    return user


def arrival_of(invite: IncomingInvite, called: str) -> Arrival:
    request = invite.request
    caller = request.from_
    return Arrival(
        call_id=request.call_id,
        from_user=called_user(caller.uri) or "anonymous",
        caller_name=_name(caller.display),
        to=called,
        source_ip=invite.source.host,
    )


def sip_document(request: Request, source: Destination, ours: dict[str, str]) -> Json:
    """The `sip` object of `session:new`: `ours` are the headers the gateway itself vouches for."""
    body = request.body.decode("utf-8", "replace")
    parts = [{"type": request.content_type or "", "content": body}] if request.body else []
    return {
        "headers": _shown(request.headers) | ours,
        "body": body,
        "method": request.method,
        "version": "2.0",
        "uri": str(request.uri),
        "payload": parts,
        "raw": _raw(request),
        "callingNumber": called_user(request.from_.uri),
        "calledNumber": called_user(request.uri),
        "type": "request",
        "source": "network",
        "source_address": source.host,
        "source_port": str(source.port or ""),
        "protocol": source.transport,
    }


def _shown(headers: Headers) -> dict[str, str]:
    """Standard names in lower case, others as they were written; repeated ones joined."""
    shown: dict[str, str] = {}
    for name, value in headers.fields:
        key = name.lower()
        if not _is_told(name):
            continue
        label = key if key in _LOWER else name
        shown[label] = f"{shown[label]}, {value}" if label in shown else value
    return shown


def _is_told(name: str) -> bool:
    return may_be_told(name) and name.lower() not in _STRIPPED


def _name(display: str | None) -> str | None:
    """A display name as it may be handed on: in one line of what can be printed."""
    text = "".join(c if c.isprintable() else " " for c in display or "")
    return " ".join(text.split())[:_NAME_MOST] or None


def _raw(request: Request) -> str:
    kept = [(n, v) for n, v in request.headers.fields if _is_told(n)]
    lines = [f"{request.method} {request.uri} SIP/2.0", *(f"{n}: {v}" for n, v in kept)]
    text = "\r\n".join(lines) + "\r\n\r\n" + request.body.decode("utf-8", "replace")
    return text[:_SHOWN_MOST]
