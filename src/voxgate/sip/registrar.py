"""What a REGISTER asks for, as values (RFC 3261 section 10.3); storing is somebody else's.

`read` judges a request and `apply` turns the bindings there are into those there will be. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voxgate.sip.grammar import MalformedMessage, SipError, parse_number
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Request

CONTACTS_MAX = 10  # of one user
CONTACT_CHARACTERS_MAX = 512
EXPIRES_DEFAULT_S = 3600
EXPIRES_MAX_S = 7200


class RegisterRefused(SipError):
    """The request cannot be granted; `status` is what to answer."""

    def __init__(self, status: int, reason: str, min_expires_s: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.min_expires_s = min_expires_s


@dataclass(frozen=True, slots=True)
class Binding:
    """A contact of a user; `expires_s` 0 takes it away."""

    contact: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What one REGISTER wants: nothing (it only asks), everything gone, or these bindings."""

    call_id: str
    cseq: int
    bindings: tuple[Binding, ...] = ()
    remove_all: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A binding that stands, as far as its order counts."""

    contact: str
    call_id: str
    cseq: int


def read(request: Request, *, min_expires_s: int) -> Wish:
    """Raises RegisterRefused: 400 for what cannot be read, 423 for too short a time."""
    try:
        expires = _seconds(request.headers.get("Expires"))
        values = request.headers.all("Contact")
        order = request.call_id, request.cseq.number
        if [value.strip() for value in values] == ["*"]:
            # RFC 3261 section 10.2.2: the asterisk only goes with Expires: 0.
            if expires != 0:
                raise RegisterRefused(400, "Contact * Needs Expires 0")
            return Wish(*order, remove_all=True)
        usual = EXPIRES_DEFAULT_S if expires is None else expires
        bindings = tuple(_binding(contact, usual) for contact in request.contacts)
    except MalformedMessage as malformed:
        raise RegisterRefused(400, f"Bad {malformed.header}") from None
    if len(bindings) > CONTACTS_MAX:
        raise RegisterRefused(400, "Too Many Contacts")
    if any(0 < binding.expires_s < min_expires_s for binding in bindings):
        raise RegisterRefused(423, "Interval Too Brief", min_expires_s)
    return Wish(*order, bindings)


def _binding(contact: NameAddr, usual: int) -> Binding:
    if not contact.uri.is_sip:
        raise RegisterRefused(400, "Contact Is No SIP URI")
    text = str(contact.uri)
    if len(text) > CONTACT_CHARACTERS_MAX:
        raise RegisterRefused(400, "Contact Too Long")
    own = _seconds(contact.parameter("expires"))
    return Binding(text, min(usual if own is None else own, EXPIRES_MAX_S))


def _seconds(text: str | None) -> int | None:
    # RFC 3261 section 10.3 step 6: an expiry that cannot be read counts as the default.
    if text is None:
        return None
    try:
        return parse_number(text.strip(), "Expires", most=2**32 - 1)
    except MalformedMessage:
        return EXPIRES_DEFAULT_S


def apply(wish: Wish, known: Sequence[Known]) -> tuple[list[str], list[Binding]]:
    """The contacts to take away and the bindings to keep anew.

    Raises RegisterRefused when an older request overtook a newer one (section 10.3 step 7), or
    when the user would have too many contacts.
    """
    by_contact = {binding.contact: binding for binding in known}
    named = list(by_contact) if wish.remove_all else [b.contact for b in wish.bindings]
    for contact in named:
        before = by_contact.get(contact)
        if before and before.call_id == wish.call_id and before.cseq >= wish.cseq:
            raise RegisterRefused(500, "Out Of Order")
    if wish.remove_all:
        return named, []
    removed = [b.contact for b in wish.bindings if b.expires_s == 0]
    kept = [b for b in wish.bindings if b.expires_s > 0]
    left = set(by_contact) - set(removed) | {b.contact for b in kept}
    if len(left) > CONTACTS_MAX:
        raise RegisterRefused(403, "Too Many Contacts")
    return removed, kept


def contact_fields(bindings: Iterable[Binding]) -> list[tuple[str, str]]:
    """The Contact headers of the 200: every binding there is now (section 10.3 step 8)."""
    return [("Contact", f"<{b.contact}>;expires={b.expires_s}") for b in bindings]
