"""Session timers: how long a call lives without a sign of life, and who gives it (RFC 4028)."""

from dataclasses import dataclass
from typing import Literal

from voxgate.sip.grammar import MalformedMessage
from voxgate.sip.headers import SessionExpires
from voxgate.sip.message import Headers, Message, Request, Response

MIN_SE_DEFAULT_S = 90
_EXPIRY_MARGIN_S = 32  # RFC 4028 section 10: BYE this long before the end, or a third of it

Role = Literal["uac", "uas"]


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """What both sides agreed on."""

    interval_s: int
    we_refresh: bool

    @property
    def refresh_after_s(self) -> float:
        return self.interval_s / 2

    @property
    def bye_after_s(self) -> float:
        return self.interval_s - min(_EXPIRY_MARGIN_S, self.interval_s / 3)


@dataclass(frozen=True, slots=True)
class TooSmall:
    """The request asks for less than we accept: answer 422 with this Min-SE."""

    min_se_s: int


def asked(interval_s: int, min_se_s: int, refresher: Role | None = None) -> list[tuple[str, str]]:
    """Headers of a request that asks for a session timer; none when `interval_s` is 0."""
    if interval_s == 0:
        return []
    fields = [("Session-Expires", str(SessionExpires(max(interval_s, min_se_s), refresher)))]
    if min_se_s > MIN_SE_DEFAULT_S:
        fields.append(("Min-SE", str(min_se_s)))
    return fields


def granted(response: Response) -> SessionTimer | None:
    """What a 2xx to our request settles (RFC 4028 section 7.2); None: the session has no timer."""
    expires = _session_expires(response)
    if expires is None:
        return None
    # A refresher is mandatory in a response; who leaves it out has no idea of refreshing.
    return SessionTimer(max(expires.delta_s, MIN_SE_DEFAULT_S), expires.refresher != "uas")


def grant(request: Request, *, wanted_s: int, min_se_s: int) -> SessionTimer | TooSmall | None:
    """What we settle as the answering side (RFC 4028 section 9)."""
    expires = _session_expires(request)
    supported = "timer" in request.headers.tokens("Supported")
    if expires is None:
        if wanted_s == 0 or not supported:
            return None
        return SessionTimer(max(wanted_s, _min_se(request.headers)), we_refresh=False)
    if supported and expires.delta_s < min_se_s:
        return TooSmall(min_se_s)
    interval = max(expires.delta_s, min_se_s)
    if wanted_s:
        interval = max(min(interval, wanted_s), _min_se(request.headers))
    # RFC 4028 table 2: a caller without the extension cannot refresh, so we do.
    return SessionTimer(interval, we_refresh=not supported or expires.refresher == "uas")


def granting(request: Request, timer: SessionTimer | None) -> list[tuple[str, str]]:
    """Headers of our 2xx that say what was settled."""
    if timer is None or "timer" not in request.headers.tokens("Supported"):
        return []
    refresher: Role = "uas" if timer.we_refresh else "uac"
    fields = [("Session-Expires", str(SessionExpires(timer.interval_s, refresher)))]
    if not timer.we_refresh:
        fields.append(("Require", "timer"))
    return fields


def longer(refusal: Headers, asked_s: int) -> int | None:
    """The interval to ask for after a 422; None when the peer does not say a usable one."""
    demanded = _min_se(refusal)
    return demanded if demanded > asked_s else None


def _session_expires(message: Message) -> SessionExpires | None:
    value = message.headers.get("Session-Expires")
    if value is None:
        return None
    try:
        return SessionExpires.parse(value)
    except MalformedMessage:
        return None


def _min_se(headers: Headers) -> int:
    value = (headers.get("Min-SE") or "").partition(";")[0].strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 8 else 0
