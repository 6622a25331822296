"""Why a call ended: one table from SIP facts and our own reasons to an outcome people can act on.

The codes are a closed list that only grows; `docs/reference/outcomes.md` is made from it.
Our own fault or a configuration fault is never reported as the callee's.
"""

from dataclasses import dataclass

from voxgate.model.calls import CallStatus, FaultDomain, Outcome
from voxgate.sip.headers import Reason

US, CONFIG, TRUNK = FaultDomain.US, FaultDomain.CONFIG, FaultDomain.TRUNK
NETWORK, CALLEE, APP = FaultDomain.NETWORK, FaultDomain.CALLEE, FaultDomain.APP


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of the table. `domain` None: nothing went wrong."""

    code: str
    domain: FaultDomain | None
    retryable: bool
    summary: str
    next_step: str


# Final responses of RFC 3261 section 21 and its extensions, as a carrier uses them.
BY_STATUS: dict[int, Cause] = {
    300: Cause("redirect_failed", TRUNK, False, "The trunk redirected the call to nowhere usable.", "Ask the carrier where its redirects should lead."),
    400: Cause("bad_request", TRUNK, False, "The trunk could not read the INVITE.", "Compare custom headers and From with what the carrier accepts."),
    401: Cause("auth_failed", CONFIG, False, "The trunk refused the credentials.", "Check register_username and register_password of the carrier."),
    402: Cause("payment_required", TRUNK, False, "The trunk wants payment.", "Check the balance of the carrier's account."),
    403: Cause("forbidden", TRUNK, False, "The trunk forbids the call.", "Check that the caller number, the destination and this address are allowed there."),
    404: Cause("number_not_in_service", CALLEE, False, "The number does not exist.", "Correct the number before calling again."),
    405: Cause("method_refused", TRUNK, False, "The far end does not take calls (405).", "Check the gateway address of the carrier."),
    406: Cause("not_acceptable", TRUNK, False, "The far end found the INVITE not acceptable.", "Compare codecs and headers with what the carrier accepts."),
    407: Cause("auth_failed", CONFIG, False, "The trunk refused the credentials.", "Check register_username and register_password of the carrier."),
    408: Cause("trunk_timeout", TRUNK, True, "The far end timed out.", "Try again; check the carrier if it recurs."),
    410: Cause("number_changed", CALLEE, False, "The number is gone for good.", "Remove the number."),
    413: Cause("too_large", TRUNK, False, "The INVITE was too large for the trunk.", "Send fewer or shorter headers."),
    415: Cause("codec_refused", TRUNK, False, "The far end does not take this kind of media.", "Enable PCMU or PCMA on the carrier."),
    416: Cause("uri_refused", CONFIG, False, "The far end does not know this kind of URI.", "Use a phone number or a sip: URI."),
    420: Cause("extension_refused", TRUNK, False, "The trunk lacks a SIP extension that was required.", "Remove the Require header."),
    421: Cause("extension_required", TRUNK, False, "The trunk insists on a SIP extension.", "Ask the carrier to make it optional."),
    422: Cause("session_timer_refused", TRUNK, True, "Session timers could not be agreed.", "Raise VOXGATE_SESSION_EXPIRES_S."),
    423: Cause("interval_too_brief", TRUNK, True, "The far end found an interval too brief.", "Ask the carrier for its smallest interval."),
    433: Cause("anonymity_refused", CALLEE, False, "The callee takes no anonymous calls.", "Call with a visible caller number."),
    480: Cause("unavailable", CALLEE, True, "The callee cannot be reached at the moment.", "Try again later."),
    481: Cause("dialog_lost", TRUNK, True, "The far end forgot the call.", "Try again."),
    482: Cause("loop", TRUNK, False, "The call ran in a loop.", "Check the carrier's routing."),
    483: Cause("too_many_hops", TRUNK, False, "The call passed too many proxies.", "Check the carrier's routing."),
    484: Cause("number_incomplete", CALLEE, False, "The number is incomplete.", "Correct the number; the carrier may want a leading plus (e164_leading_plus)."),
    485: Cause("number_ambiguous", CALLEE, False, "The number is ambiguous.", "Give the whole number."),
    486: Cause("busy", CALLEE, True, "The callee is busy.", "Try again later."),
    487: Cause("no_answer", CALLEE, True, "Nobody answered in time.", "Try again later or allow a longer timeout."),
    488: Cause("codec_refused", TRUNK, False, "The far end refused the media offered.", "Enable PCMU or PCMA on the carrier."),
    491: Cause("glare", TRUNK, True, "Two requests crossed.", "Try again."),
    493: Cause("undecipherable", TRUNK, False, "The far end could not read an encrypted body.", "Turn off body encryption at the carrier."),
    494: Cause("security_required", TRUNK, False, "The trunk insists on a security agreement.", "Ask the carrier to allow plain SIP."),
    500: Cause("trunk_error", TRUNK, True, "The trunk had an internal error.", "Try again; report it to the carrier if it recurs."),
    501: Cause("trunk_error", TRUNK, False, "The trunk cannot do this.", "Check the gateway address of the carrier."),
    502: Cause("trunk_error", TRUNK, True, "A gateway behind the trunk failed.", "Try again; report it to the carrier if it recurs."),
    503: Cause("trunk_unavailable", TRUNK, True, "The trunk is overloaded or out of service.", "Try again later or add a second gateway."),
    504: Cause("trunk_timeout", TRUNK, True, "A server behind the trunk timed out.", "Try again; add a second gateway if it recurs."),
    505: Cause("trunk_error", TRUNK, False, "The trunk does not speak SIP/2.0.", "Check the gateway address of the carrier."),
    513: Cause("too_large", TRUNK, False, "The INVITE was too large for the trunk.", "Send fewer or shorter headers."),
    580: Cause("precondition_failed", TRUNK, True, "The far end's media conditions were not met.", "Try again."),
    600: Cause("busy", CALLEE, True, "The callee is busy everywhere.", "Try again later."),
    603: Cause("declined", CALLEE, False, "The callee declined.", "Do not call again without a reason."),
    604: Cause("number_not_in_service", CALLEE, False, "The number exists nowhere.", "Correct the number before calling again."),
    606: Cause("not_acceptable", CALLEE, False, "The callee finds the call not acceptable.", "Compare codecs and headers with what the far end accepts."),
    607: Cause("unwanted", CALLEE, False, "The callee marked calls from this number as unwanted.", "Do not call this person again from this number."),
    608: Cause("rejected_by_analytics", NETWORK, False, "An analytics engine in the network rejected the call.", "Ask for redress at the address in sip_reason or the carrier."),
}  # fmt: skip

BY_CLASS: dict[int, Cause] = {
    3: BY_STATUS[300],
    4: Cause("refused", TRUNK, False, "The far end refused the call.", "Look up the SIP status with the carrier."),
    5: Cause("trunk_error", TRUNK, True, "The trunk failed.", "Try again; report it to the carrier if it recurs."),
    6: Cause("refused_everywhere", CALLEE, False, "The call was refused for good.", "Look up the SIP status with the carrier."),
}  # fmt: skip

BLOCKED = Cause("blocked_by_network", NETWORK, False, "The network blocked the call before it reached the callee.", "Ask the blocking carrier for redress; check how the caller number is rated.")  # fmt: skip
NO_RESPONSE = Cause("trunk_no_response", TRUNK, True, "No gateway of the trunk answered at all.", "Check the gateway's address and port, and that its firewall admits this server.")  # fmt: skip
UNREACHABLE = Cause("trunk_unreachable", TRUNK, True, "The gateway could not be reached.", "Check the gateway's address, port and protocol.")  # fmt: skip
EGRESS_REFUSED = Cause("address_refused", CONFIG, False, "The address of the callee or proxy is not allowed.", "Add its network to VOXGATE_EGRESS_ALLOW.")  # fmt: skip
NO_MEDIA_PORT = Cause(
    "no_media_port", US, True, "No RTP port was free.", "Widen VOXGATE_RTP_PORTS."
)
CANCELLED = Cause("cancelled", None, True, "The call was cancelled over the API while it rang.", "Nothing to do.")  # fmt: skip
CALLER_GONE = Cause("caller_hung_up", None, False, "The caller hung up before the call was answered.", "Nothing to do.")  # fmt: skip
DECLINED_BY_APP = Cause("declined_by_app", None, False, "The application declined the call.", "Nothing to do.")  # fmt: skip
OFFER_REFUSED = Cause("codec_refused", TRUNK, False, "The caller's offer carried no usable audio.", "Enable PCMU or PCMA on the carrier.")  # fmt: skip
INTERNAL = Cause("internal_error", US, True, "The gateway failed.", "Report this with the call's events.")  # fmt: skip

# How an answered call ends.
COMPLETED = Cause("completed", None, False, "The call was answered and ended normally.", "Nothing to do.")  # fmt: skip
ENDED_BY_API = Cause("ended_by_api", None, False, "The call was ended over the API.", "Nothing to do.")  # fmt: skip
ANSWERED_ELSEWHERE = Cause("answered_elsewhere", None, False, "Another target of the same dial answered first.", "Nothing to do.")  # fmt: skip
PARENT_ENDED = Cause("parent_ended", None, False, "The call that dialled this one ended.", "Nothing to do.")  # fmt: skip
NOT_CONFIRMED = Cause("not_confirmed", CALLEE, True, "The callee answered and did not take the call.", "Try again later.")  # fmt: skip
TRANSFERRED = Cause("transferred", None, False, "The call was handed on to somebody else.", "Nothing to do.")  # fmt: skip
TIME_LIMIT = Cause("time_limit", None, False, "The call reached its time limit.", "Raise timeLimit if calls should last longer.")  # fmt: skip
APP_DONE = Cause("app_finished", APP, False, "The application had nothing more to say, so the call was hung up.", "End the document with hangup, or go on with redirect.")  # fmt: skip
APP_EMPTY = Cause("app_empty", APP, False, "The application answered with nothing.", "Return a list of verbs from the call hook.")  # fmt: skip
APP_INVALID = Cause("app_invalid", APP, False, "The application's answer is not a valid document.", "Read the alert of this call; it names the verb.")  # fmt: skip
APP_FAILED = Cause("app_failed", APP, True, "The application could not be asked.", "Read the alert of this call; it tells how the hook failed.")  # fmt: skip
APP_LOST = Cause("app_lost", APP, True, "The application's WebSocket broke and could not be opened again.", "Check that the application runs; the alert of this call tells how the connection failed.")  # fmt: skip
MEDIA_TIMEOUT = Cause("media_timeout", NETWORK, True, "No audio arrived for too long.", "Check firewall and NAT between this server and the carrier (PUBLIC_IP, RTP_PORTS).")  # fmt: skip
MEDIA_REFUSED = Cause("codec_refused", TRUNK, False, "The answer carried no usable audio.", "Enable PCMU or PCMA on the carrier.")  # fmt: skip
SESSION_EXPIRED = Cause("session_expired", NETWORK, True, "The session timer ran out; the far end is gone.", "Check the network between this server and the carrier.")  # fmt: skip
DIALOG_LOST = Cause("dialog_lost", NETWORK, True, "The far end stopped answering SIP requests.", "Check the network between this server and the carrier.")  # fmt: skip
SHUTDOWN = Cause("shutdown", US, True, "The gateway was stopped during the call.", "Place the call again.")  # fmt: skip
LOST = Cause("lost", US, True, "The gateway broke down during the call.", "Place the call again.")

OWN_CAUSES: tuple[Cause, ...] = (
    BLOCKED, NO_RESPONSE, UNREACHABLE, EGRESS_REFUSED, NO_MEDIA_PORT, CANCELLED, INTERNAL,
    CALLER_GONE, DECLINED_BY_APP, OFFER_REFUSED,
    COMPLETED, ENDED_BY_API, ANSWERED_ELSEWHERE, PARENT_ENDED, NOT_CONFIRMED, TRANSFERRED,
    TIME_LIMIT, APP_DONE, APP_EMPTY, APP_INVALID, APP_FAILED, APP_LOST,
    MEDIA_TIMEOUT, MEDIA_REFUSED, SESSION_EXPIRED, DIALOG_LOST, SHUTDOWN, LOST,
)  # fmt: skip


def refused(status: int, reason_phrase: str, reason: Reason | None) -> tuple[CallStatus, Outcome]:
    """A final response of 300 or more to an INVITE; one table for REST calls and dialled legs.

    `reason` is the response's Reason header (RFC 3326), whose text tells a network's block
    (ATIS-1000099 "603+") from a person's decline.
    """
    cause = BY_STATUS.get(status) or BY_CLASS.get(status // 100, BY_CLASS[4])
    if status in {603, 608} and _is_network_block(status, reason_phrase, reason):
        cause = BLOCKED
    q850 = reason.cause if reason is not None and reason.protocol.upper() == "Q.850" else None
    return call_status(status, cause), _outcome(cause, status, reason_phrase, q850)


def call_status(status: int, cause: Cause) -> CallStatus:
    if cause.domain is NETWORK:
        return CallStatus.FAILED
    if status in {486, 600, 603}:
        return CallStatus.BUSY
    return CallStatus.NO_ANSWER if status == 487 else CallStatus.FAILED


def _is_network_block(status: int, phrase: str, reason: Reason | None) -> bool:
    """603+ says "Network Blocked" in its phrase; both carry a SIP Reason naming the analytics."""
    if "network blocked" in phrase.lower():
        return True
    text = (reason.text or "").lower() if reason is not None else ""
    return "block" in text or "analytics" in text or (status == 603 and "v=" in text)


def own(cause: Cause, status: int, sip_reason: str) -> Outcome:
    """An end that we decided ourselves; `status` is what the contract reports for it."""
    return _outcome(cause, status, sip_reason, None)


def hung_up(reason: Reason | None) -> Outcome:
    """The far end sent BYE; its Reason header, when Q.850, gives the cause."""
    q850 = reason.cause if reason is not None and reason.protocol.upper() == "Q.850" else None
    return _outcome(COMPLETED, 200, "OK", q850)


def _outcome(cause: Cause, status: int, sip_reason: str, q850: int | None) -> Outcome:
    return Outcome(
        code=cause.code,
        fault_domain=cause.domain,
        sip_status=status,
        sip_reason=sip_reason,
        q850=q850,
        retryable=cause.retryable,
        summary=cause.summary,
        next_step=cause.next_step,
    )
