"""Transfers by REFER (RFC 3515), asked of the far end or asked by it.

What the far end asks is accepted at once, because SIP does not wait for applications; it is told
by NOTIFY how the transfer goes (RFC 3515 section 2.4.4).
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from voxgate.call import outcome
from voxgate.call.leg import Leg
from voxgate.flow.session import Ending, Session
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.sip.dialog.events import DialogEvent, NotifyReceived, Outcome, ReferReceived
from voxgate.sip.grammar import SipError
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers
from voxgate.sip.private import may_be_told
from voxgate.sip.uri import Uri
from voxgate.verbs.capabilities.dialling import ReferOrder, ReferResult
from voxgate.verbs.contract import Document, NotNow

FINAL_WAIT_S = 15.0  # for the last NOTIFY after a 202
PROGRESS_WAIT_S = 180.0  # for the new call of a transfer that we carry out
GOODBYE_S = 3.0  # for the far end to hang up by itself once it was transferred
NOTIFIES_MAX = 32
SIPFRAG = "message/sipfrag;version=2.0"
_STATUS_LINE = re.compile(rb"\s*SIP/2\.0 ([1-6][0-9]{2})\b")
_SHOWN = re.compile(r"x-[a-z0-9-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that a new call takes the place of, as we see it (RFC 3891 section 6.1)."""

    call_id: str
    our_tag: str
    their_tag: str
    early_only: bool = False


def replaced_by(sip_uri: str) -> Replaces | None:
    """What the Replaces header of a URI names; None without one that can be read."""
    try:
        uri = Uri.parse(sip_uri)
    except SipError:
        return None
    text = next((value for name, value in uri.headers if name.lower() == "replaces"), "")
    return read_replaces(text)


def read_replaces(text: str) -> Replaces | None:
    """A Replaces header as whoever is sent it sees it; None for one that cannot be read."""
    call_id, *parameters = (part.strip() for part in text.split(";"))
    named = dict(parameter.partition("=")[::2] for parameter in parameters)
    if not call_id or not named.get("to-tag") or not named.get("from-tag"):
        return None
    return Replaces(call_id, named["to-tag"], named["from-tag"], "early-only" in named)


def sipfrag_status(body: bytes) -> int | None:
    """The status a NOTIFY of a transfer carries."""
    found = _STATUS_LINE.match(body)
    return int(found[1]) if found else None


class OutgoingRefer:
    """One REFER of ours and what the far end tells about it."""

    def __init__(self, session: Session, leg: Leg, order: ReferOrder) -> None:
        self._session = session
        self._leg = leg
        self._order = order
        self._progress: asyncio.Queue[int] = asyncio.Queue(NOTIFIES_MAX)
        self.result: ReferResult | None = None  # once it was accepted, as far as it is known

    async def run(self) -> ReferResult:
        """Raises NotNow when the target cannot be written."""
        headers = self._headers()
        stop = self._session.listen_to_dialog(self._take)
        try:
            answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._leg.dialog.request("REFER", headers=headers, listener=settled(answered))
            first = await answered
            if not first.success:
                return ReferResult(first.status)
            self.result = ReferResult(first.status)
            self.result = ReferResult(first.status, await self._final())
            return self.result
        finally:
            stop()

    def _take(self, event: DialogEvent) -> None:
        if isinstance(event, NotifyReceived) and not self._progress.full():
            status = sipfrag_status(event.body)
            if status is not None:
                self._progress.put_nowait(status)

    async def _final(self) -> int | None:
        try:
            async with asyncio.timeout(FINAL_WAIT_S):
                while True:
                    status = await self._progress.get()
                    self._session.call.note(
                        EventType.MEDIA, {"type": "transfer_status", "sip_status": status}
                    )
                    self._tell(status)
                    if status >= 200:
                        return status
        except TimeoutError:
            return None

    def _tell(self, status: int) -> None:
        hook = self._order.event_hook
        if hook is not None:
            event: Json = {"event": "transfer-status", "call_status": status}
            self._session.last_words(self._session.application.action(hook, event, None))

    def _headers(self) -> tuple[tuple[str, str], ...]:
        order, record = self._order, self._session.call.record
        host = self._leg.dialog.remote_uri.host
        try:
            target = _address(order.refer_to, host)
            by = _address(order.referred_by or record.from_, self._leg.dialog.local_uri.host)
            name = order.referred_by_name or record.request.caller_name
            about = (("Refer-To", f"<{target}>"), ("Referred-By", str(NameAddr(name, by))))
            return tuple(Headers((*about, *order.headers)))
        except SipError as unreadable:
            raise NotNow(f"referTo or referredBy is not an address: {unreadable}") from unreadable


def _address(text: str, host: str) -> Uri:
    """A URI is kept as it is; a bare user is one at `host`."""
    if ":" in text:
        return Uri.parse(text)
    return Uri.parse(f"sip:{text}" if "@" in text else f"sip:{text}@{host}")


def settled(future: "asyncio.Future[Outcome]") -> Callable[[Outcome], None]:
    def settle(outcome_: Outcome) -> None:
        if not future.done():
            future.set_result(outcome_)

    return settle


class IncomingRefer:
    """A transfer that a far end asks for; `run` once, after it was accepted with 202."""

    def __init__(self, referrer: Session, event: ReferReceived) -> None:
        self._referrer = referrer
        self._event = event
        self.handed_over = False
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(
        self, hook: Hook, other: Session | None, hand_over: Callable[[Document], None]
    ) -> bool:
        """Ask the application, let `hand_over` carry out what it says; whether that succeeded.

        `other` is the one whose dialling counts as the transfer's progress.
        """
        self._notify(100, "Trying")
        details = refer_details(self._event, self._referrer, other)
        answer = await self._referrer.application.action(hook, {"refer_details": details}, None)
        if answer is None:
            self._notify(603, "Decline")
            return False
        carrier = other or self._referrer
        if not any(verb.verb == "dial" for verb in answer.verbs):
            self.handed_over = True
            hand_over(answer)
            self._notify(200, "OK")
            return True
        carrier.on_dial_progress = self._progress
        try:
            self.handed_over = True
            hand_over(answer)
            async with asyncio.timeout(PROGRESS_WAIT_S):
                status = await self._over
        except TimeoutError:
            status = 408
            self._notify(status, "Request Timeout")
        finally:
            carrier.on_dial_progress = lambda _status, _reason: None
        return status < 300

    def _progress(self, status: int, reason: str) -> None:
        if not self._over.done():
            self._notify(status, reason)
            if status >= 200:
                self._over.set_result(status)

    def _notify(self, status: int, reason: str) -> None:
        leg = self._referrer.leg
        if leg is None or self._referrer.ending.done():
            return
        state = "terminated;reason=noresource" if status >= 200 else "active;expires=180"
        leg.dialog.request(
            "NOTIFY",
            headers=(("Event", "refer"), ("Subscription-State", state)),
            body=f"SIP/2.0 {status} {reason}\r\n".encode(),
            content_type=SIPFRAG,
        )


async def part(referrer: Session) -> None:
    """Whoever was transferred hangs up by itself, or is hung up."""
    await asyncio.wait({referrer.ending}, timeout=GOODBYE_S)
    referrer.end(Ending(outcome.TRANSFERRED))


def refer_details(event: ReferReceived, referrer: Session, other: Session | None) -> Json:
    """As contract 3.8 has it; `referred_call_sid` is absent outside of a dial."""
    headers = event.headers
    details: Json = {
        "sip_refer_to": event.refer_to,
        "refer_to_user": _user_of(event.refer_to),
        "sip_referred_by": headers.get("Referred-By"),
        "referred_by_user": _user_of(headers.get("Referred-By")),
        "sip_user_agent": headers.get("User-Agent"),
        "referring_call_sid": referrer.call.sid,
        "referred_call_sid": other.call.sid if other is not None else None,
    }
    return details | _shown(headers)


def _shown(headers: Headers) -> Json:
    return {n: value for n, value in headers if _SHOWN.fullmatch(n) and may_be_told(n)}


def _user_of(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return NameAddr.parse(text).uri.user
    except SipError:
        return None
