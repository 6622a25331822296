"""The INVITE as a carrier wants it: request URI, From, Contact and extra headers."""

import hashlib
import uuid
from dataclasses import dataclass

from voxgate.base.errors import VoxgateError
from voxgate.model.calls import CallRequest
from voxgate.model.carriers import Carrier, Gateway
from voxgate.model.devices import Registration
from voxgate.routing.outbound import Attempt
from voxgate.sip.auth import Credentials
from voxgate.sip.headers import NameAddr
from voxgate.sip.private import is_private
from voxgate.sip.uri import Uri

DEFAULT_PORT = 5060
_FROM_URI = {"replaces", "referred-by", "user-to-user"}


class BadDestination(VoxgateError):
    """A SIP URI or proxy that cannot be called."""


@dataclass(frozen=True, slots=True)
class AttemptIds:
    """Drawn from the call's sid, so that recovery knows them after a crash."""

    call_id: str
    from_tag: str
    branch_seed: str

    @classmethod
    def of(cls, call_sid: str, first_call_id: str, number: int) -> "AttemptIds":
        """`number` counts attempts from 1; the first uses the Call-ID that POST answered with."""
        digest = hashlib.sha256(f"{call_sid}/{number}".encode()).hexdigest()
        call_id = first_call_id if number == 1 else str(uuid.UUID(digest[32:], version=4))
        return cls(call_id, from_tag=digest[:16], branch_seed=digest[16:32])


@dataclass(frozen=True, slots=True)
class InviteParts:
    """What of an INVITE depends on the request and the chosen gateway."""

    uri: Uri
    from_: NameAddr
    to: NameAddr
    contact_user: str
    headers: tuple[tuple[str, str], ...]
    credentials: Credentials | None
    next_hop: Uri  # where to send: a gateway, a proxy, or the URI itself


def compose(request: CallRequest, attempt: Attempt, local_host: str) -> InviteParts:
    """Raises BadDestination when the request's SIP URI or the proxy cannot be read."""
    carrier, gateway = attempt.carrier, attempt.gateway
    inherited: tuple[tuple[str, str], ...] = ()
    if carrier is not None and gateway is not None:
        uri = _gateway_uri(dialled(request.to.number or "", carrier), gateway)
        next_hop = _read(carrier.outbound_sip_proxy) if carrier.outbound_sip_proxy else uri
        credentials = _credentials(carrier)
    elif attempt.contact is not None:
        uri, next_hop = _device_uris(attempt.contact)
        credentials = None
    else:
        asked = _read(request.to.sip_uri or "")
        uri, inherited = asked.without_headers(), _honoured(asked)
        next_hop, credentials = uri, None
    if request.to.proxy:
        next_hop = _read(request.to.proxy)
    if request.to.auth is not None:
        credentials = Credentials(request.to.auth.username, request.to.auth.password)
    host = request.from_host or (carrier.register_from_domain if carrier else None) or local_host
    user = carrier.register_username if carrier and carrier.register_username else None
    return InviteParts(
        uri=uri,
        from_=NameAddr(request.caller_name, Uri("sip", request.from_user, host)),
        to=NameAddr(None, _shown_to(request, attempt.contact) or uri),
        contact_user=user or request.from_user,
        headers=(*_headers(request, carrier, gateway), *inherited),
        credentials=credentials,
        next_hop=next_hop,
    )


def _honoured(uri: Uri) -> tuple[tuple[str, str], ...]:
    """Headers that a URI asks for, as far as they can do no harm (RFC 3261 section 19.1.5)."""
    return tuple(
        (name, value)
        for name, value in uri.headers
        if name.lower() in _FROM_URI or (name.lower().startswith("x-") and not is_private(name))
    )


def _device_uris(contact: Registration) -> tuple[Uri, Uri]:
    """What a device wants to be called, and where its REGISTER really came from.

    Sending there goes the way back through a NAT, and over the connection the device keeps open.
    """
    next_hop = Uri("sip", None, contact.source_host, contact.source_port)
    if contact.transport != "udp":
        next_hop = next_hop.with_parameter("transport", contact.transport)
    return _read(contact.contact).without_headers(), next_hop


def _shown_to(request: CallRequest, contact: Registration | None) -> Uri | None:
    """Of a user: its address of record, unless the request wants another one shown."""
    if contact is None:
        return None
    if request.to.override_to is not None:
        return _read(request.to.override_to)
    return Uri("sip", contact.username, contact.realm or contact.source_host)


def dialled(number: str, carrier: Carrier) -> str:
    """The number in the carrier's form: tech_prefix, then a plus where the carrier wants one."""
    bare = number.removeprefix("+")
    plus = "+" if carrier.e164_leading_plus and bare[:1] in set("123456789") else ""
    return f"{carrier.tech_prefix or ''}{plus}{bare}"


def _gateway_uri(number: str, gateway: Gateway) -> Uri:
    port = None if gateway.port in {None, DEFAULT_PORT} else gateway.port
    uri = Uri("sip", number, gateway.host, port)
    # UDP is the default of RFC 3261; naming it confuses some trunks.
    return uri if gateway.protocol == "udp" else uri.with_parameter("transport", gateway.protocol)


def _credentials(carrier: Carrier) -> Credentials | None:
    if carrier.register_username and carrier.register_password:
        return Credentials(carrier.register_username, carrier.register_password)
    return None


def _headers(
    request: CallRequest, carrier: Carrier | None, gateway: Gateway | None
) -> tuple[tuple[str, str], ...]:
    """The request's headers verbatim; the target's win over those of the same name."""
    of_target = {name.lower() for name, _ in request.to.headers}
    headers = [(n, v) for n, v in request.headers if n.lower() not in of_target]
    headers += request.to.headers
    names = {name.lower() for name, _ in headers}
    if carrier is not None and gateway is not None and carrier.diversion:
        own = f"<sip:+{carrier.diversion.removeprefix('+')}@{gateway.host}>"
        value = f"{own};reason=unknown;counter=1;privacy=off"
        headers += [] if "diversion" in names else [("Diversion", value)]
    return tuple(headers)


def _read(text: str) -> Uri:
    """A SIP URI, or an address alone (`proxy.example`, `192.0.2.1:5080`)."""
    try:
        uri = Uri.parse(text if text.lower().startswith(("sip:", "sips:")) else f"sip:{text}")
    except VoxgateError as malformed:
        raise BadDestination(str(malformed)) from malformed
    if uri.scheme != "sip":
        raise BadDestination(f"{text!r}: only sip: URIs can be called yet")
    return uri
