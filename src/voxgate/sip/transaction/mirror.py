"""Messages that mirror an INVITE: its CANCEL and the ACK of its refusal (RFC 3261 9.1, 17.1.1.3)."""

from collections.abc import Iterable

from voxgate.sip.message import Headers, Request, Response

MAX_FORWARDS = "70"


def ack_of(invite: Request, refusal: Response) -> Request:
    """Build the ACK of a final response other than 2xx."""
    return _mirror(invite, "ACK", refusal.headers.get("To") or "")


def cancel_of(invite: Request, extra: Iterable[tuple[str, str]] = ()) -> Request:
    return _mirror(invite, "CANCEL", invite.headers.get("To") or "", extra)


def _mirror(
    invite: Request, method: str, to: str, extra: Iterable[tuple[str, str]] = ()
) -> Request:
    """Same hop, same branch, same number: only the topmost Via, and the routes as they were."""
    headers = Headers([("Via", invite.headers.get("Via") or ""), ("Max-Forwards", MAX_FORWARDS)])
    headers.copy_from(invite.headers, "Route", "From")
    headers.add("To", to)
    headers.copy_from(invite.headers, "Call-ID")
    headers.add("CSeq", f"{invite.cseq.number} {method}")
    for name, value in extra:
        headers.add(name, value)
    return Request(method, invite.uri, headers)
