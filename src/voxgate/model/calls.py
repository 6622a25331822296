"""A call as it was asked for, as it stands, and as it ended; and the events in between."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voxgate.model.hooks import Hook
from voxgate.model.speech import RecognizerChoice, Voice

Json = dict[str, Any]


class CallStatus(StrEnum):
    """The wire contract's `call_status`."""

    TRYING = "trying"
    RINGING = "ringing"
    EARLY_MEDIA = "early-media"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"

    @property
    def is_terminal(self) -> bool:
        return self in {
            CallStatus.COMPLETED,
            CallStatus.FAILED,
            CallStatus.BUSY,
            CallStatus.NO_ANSWER,
        }


class EventType(StrEnum):
    """What can happen to a call; the closed list of the event log, which only grows."""

    CREATED = "created"
    ROUTED = "routed"
    ATTEMPT = "attempt"
    STATUS = "status"
    ANSWERED = "answered"
    HOOK = "hook"
    VERB = "verb"
    DIGIT = "digit"
    AMD = "amd"
    MEDIA = "media"
    ALERT = "alert"
    DELIVERY = "delivery"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One line of a call's log. `seq` starts at 1 (`created`) and has no gaps."""

    call_sid: str
    seq: int
    at: float  # seconds since 1970
    type: EventType
    data: Json

    @property
    def event_id(self) -> str:
        """The same at every delivery, so that a receiver can drop repeats."""
        return f"{self.call_sid}-{self.seq}"


class FaultDomain(StrEnum):
    US = "us"
    CONFIG = "config"
    TRUNK = "trunk"
    NETWORK = "network"
    CALLEE = "callee"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a call ended, in a form a program can branch on and a person can act on."""

    code: str
    fault_domain: FaultDomain | None  # None: nothing went wrong
    sip_status: int
    sip_reason: str
    q850: int | None
    retryable: bool
    summary: str
    next_step: str

    def to_json(self) -> Json:
        return {
            "code": self.code,
            "fault_domain": self.fault_domain.value if self.fault_domain else None,
            "sip_status": self.sip_status,
            "sip_reason": self.sip_reason,
            "q850": self.q850,
            "retryable": self.retryable,
            "summary": self.summary,
            "next_step": self.next_step,
        }


@dataclass(frozen=True, slots=True)
class SipAuth:
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call. `phone` has a number, `sip` a URI."""

    type: str
    number: str | None = None
    sip_uri: str | None = None
    name: str | None = None
    trunk: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    auth: SipAuth | None = None
    override_to: str | None = None  # of a user: the URI that To shows

    @property
    def display(self) -> str:
        """What payloads call `to`."""
        return self.number or self.sip_uri or self.name or ""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """POST Calls after parsing and after the application and account filled the gaps."""

    from_user: str
    to: Target
    from_host: str | None = None
    caller_name: str | None = None
    timeout_s: int = 60
    time_limit_s: int | None = None
    application_sid: str | None = None
    call_hook: Hook | None = None
    call_status_hook: Hook | None = None
    notify_hook: Hook | None = None
    app_json: str | None = None
    tag: Json = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    voice: Voice = Voice()
    recognizer: RecognizerChoice = RecognizerChoice()
    fallback_voice: Voice | None = None  # speaks when the vendor of `voice` fails
    amd: Json | None = None
    fallback: Json | None = None  # the application's, for when it cannot be reached
    record: bool = False  # the account or the application has every call recorded
    source_ip: str | None = None  # of an inbound call: where its INVITE came from
    refer_hook: Hook | None = None  # asked when the far end wants to be transferred
    sip_request_hook: Hook | None = None  # told of INFO and MESSAGE inside the call
    parent_call_sid: str | None = None  # of a dialled call: whose application rang it
    caller_id: str | None = None  # of a dialled call: who is shown as calling


@dataclass(frozen=True, slots=True)
class Call:
    """A call's record: what `GET Calls/{sid}` answers from, written beside the event log."""

    call_sid: str
    account_sid: str
    service_provider_sid: str
    call_id: str  # Call-ID of the first INVITE
    direction: str
    from_: str
    to: str
    status: CallStatus
    request: CallRequest
    trace_id: str
    created_at: float
    application_sid: str | None = None
    sip_status: int = 100
    sip_reason: str = "Trying"
    sbc_callid: str | None = None
    trunk: str | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    duration_s: int | None = None
    termination_by: str | None = None
    outcome: Json | None = None
    tag: Json = field(default_factory=dict)
    hidden: bool = False
    last_seq: int = 1
