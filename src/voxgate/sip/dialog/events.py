"""What an INVITE dialog is made from and what it tells its owner."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from voxgate.sip.auth import Credentials
from voxgate.sip.grammar import InvalidHeader, is_token
from voxgate.sip.headers import NameAddr, Reason
from voxgate.sip.message import Headers
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import MAGIC_COOKIE
from voxgate.sip.uri import Uri

SDP = "application/sdp"

Fields = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OutgoingInvite:
    """A call to place. Tags, Call-ID and branches are the caller's, drawn before its commit."""

    uri: Uri
    destination: Destination
    from_: NameAddr
    to: NameAddr
    call_id: str
    from_tag: str
    branch_seed: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()  # emitted verbatim, after ours
    contact_user: str | None = None
    contact_parameters: tuple[str, ...] = ()  # of the header, such as feature tags (RFC 3840)
    credentials: Credentials | None = None
    content_type: str = SDP
    cseq: int = 1
    session_expires_s: int | None = None  # None: as the stack is set; 0: none

    def check(self) -> None:
        """Raise `InvalidHeader` for what cannot be written into a message."""
        ours = [("From", str(self.from_)), ("To", str(self.to)), ("Call-ID", self.call_id)]
        Headers([*self.headers, *ours, ("Content-Type", self.content_type)])
        for name, token in (("From tag", self.from_tag), ("Via branch", self.branch_seed)):
            if not is_token(token):
                raise InvalidHeader(name, f"{token[:40]!r} is not a token")

    def branch(self, cseq: int) -> str:
        """The branch of the INVITE with this number, so that it can be cancelled after a crash."""
        return f"{MAGIC_COOKIE}{self.branch_seed}.{cseq}"


@dataclass(frozen=True, slots=True)
class DialogState:
    """What it takes to hang up on an answered call after a crash."""

    remote_target: str
    route_set: tuple[str, ...]
    to_tag: str
    cseq: int


@dataclass(frozen=True, slots=True)
class OrphanDialog:
    """A call whose process died: what its journal knows.

    With a `remote_target` it had been answered and gets a BYE, else a CANCEL of the INVITE that
    had `cseq` and `branch`.
    """

    uri: Uri
    destination: Destination
    from_: NameAddr
    to: NameAddr
    call_id: str
    from_tag: str
    branch: str
    cseq: int = 1
    to_tag: str | None = None
    remote_target: str | None = None
    route_set: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()  # Route headers of the INVITE, for the CANCEL
    credentials: Credentials | None = None
    refusal: bytes | None = None  # the far end's INVITE waits for this final response, then a BYE


OrphanFate = Literal["cancelled", "ended", "gone", "no-answer", "unreachable"]


class Respond(Protocol):
    """Answer a request inside the dialog, once; later calls do nothing."""

    def __call__(
        self, status: int, reason: str = "", headers: Fields = (), body: bytes = b""
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """An INVITE was handed to the transport; a challenge answered makes another one."""

    cseq: int
    branch: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A provisional response, 100 included."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    to_tag: str | None
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The call stands; the 2xx is acknowledged already."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    to_tag: str
    facts: DialogState


@dataclass(frozen=True, slots=True)
class Rejected:
    """The final refusal; last event of its dialog. 487 after a cancel."""

    status: int
    reason: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """There was no final response and there will be none; last event of its dialog."""

    cause: Literal["timeout", "transport", "cancel-timeout"]
    detail: str


@dataclass(frozen=True, slots=True)
class ReInvited:
    """The peer changes the session. Without an offer answer 200 with one of ours."""

    offer: bytes | None
    respond: Respond


@dataclass(frozen=True, slots=True)
class Updated:
    """The peer changes the session by UPDATE (RFC 3311)."""

    offer: bytes | None
    respond: Respond


@dataclass(frozen=True, slots=True)
class AckReceived:
    """Our 2xx has arrived; `body` is the answer when the offer was ours."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A session refresh by re-INVITE was answered; `body` may describe the peer anew."""

    body: bytes


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """Answered 200 already."""

    content_type: str | None
    body: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Answered 202 already."""

    content_type: str | None
    body: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class NotifyReceived:
    """Answered 200 already; after a REFER of ours the body is the progress of the transfer."""

    content_type: str | None
    body: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class ReferReceived:
    """The peer asks us to call somebody else; only when REFER is allowed."""

    refer_to: str
    headers: Headers
    respond: Respond


@dataclass(frozen=True, slots=True)
class ByeReceived:
    """The peer hung up; answered 200 already. `Ended` follows."""

    headers: Headers
    reason: Reason | None


EndCause = Literal[
    "bye-sent", "bye-received", "session-expired", "ack-timeout", "transport", "gone"
]


@dataclass(frozen=True, slots=True)
class Ended:
    """Last event of an answered dialog, exactly once."""

    cause: EndCause
    detail: str = ""


DialogEvent = (
    Sent
    | Progress
    | Answered
    | Rejected
    | Failed
    | ReInvited
    | Updated
    | AckReceived
    | Refreshed
    | InfoReceived
    | MessageReceived
    | NotifyReceived
    | ReferReceived
    | ByeReceived
    | Ended
)

Listener = Callable[[DialogEvent], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request inside a dialog.

    A request without an answer reads 408 or 503 (RFC 3261 8.1.3.1) and has a `failure`.
    `acknowledge` is there when the 2xx of a re-INVITE brought an offer: call it with the answer.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    failure: str | None = None
    acknowledge: Callable[[bytes], None] | None = None

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300


OutcomeListener = Callable[[Outcome], None]
