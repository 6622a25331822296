"""The body of POST Calls, field for field as the product's document and contract 2.1 have it."""

import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from voxgate.provisioning.addresses import sip_address
from voxgate.provisioning.drafts import (
    AnyHook,
    Draft,
    OneLine,
    PathHook,
    Phrase,
    Sid,
    Spare,
    SparePhrase,
    Word,
    host_name,
    one_line,
)
from voxgate.sip.private import is_private

TIMEOUT_MAX_S = 600
TIME_LIMIT_MAX_S = 7 * 86400
_HEADERS_MAX = 50

# What people put into numbers for reading, and what must be left without it.
_VISUAL = re.compile(r"[ ()\-\u00a0]")
_PHONE = re.compile(r"\+?[0-9]{1,40}")
# Anything else a trunk may dial: star codes, letters, extensions.
_DIALABLE = re.compile(r"\+?[0-9A-Za-z*#_.!~'$&=,;/\-]{1,128}")
_NOT_IN_USER = re.compile(r"[\s<>\"@:\\]")

_TOKEN = re.compile(r"[0-9A-Za-z\-.!%*_+`'~]{1,128}")  # RFC 3261 section 25.1
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# One of each per message, and the stack writes it; with the compact forms of RFC 3261.
_STACK_HEADERS = frozenset([
    "via",
    "from",
    "to",
    "call-id",
    "cseq",
    "contact",
    "max-forwards",
    "record-route",
    "allow",
    "supported",
    "require",
    "proxy-require",
    "user-agent",
    "session-expires",
    "min-se",
    "rseq",
    "rack",
    "v",
    "f",
    "t",
    "i",
    "m",
    "c",
    "e",
    "l",
    "k",
    "x",
])
_STACK_PREFIXES = ("content-",)


def _bare_number(text: str) -> str | None:
    bare = _VISUAL.sub("", text)
    return bare if _PHONE.fullmatch(bare) else None


def phone_number(text: str) -> str:
    """E.164 with or without what makes it readable, or what the trunk dials otherwise."""
    one_line(text)
    if bare := _bare_number(text):
        return bare
    if not _DIALABLE.fullmatch(text):
        raise ValueError("is not a phone number; write it as +4915112345678")
    return text


def _from_user(text: str) -> str:
    one_line(text)
    if bare := _bare_number(text):
        return bare
    if _NOT_IN_USER.search(text):
        raise ValueError(
            "is only the user part: a number or a name without blanks; the host goes to fromHost"
        )
    return text


def _host(text: str) -> str:
    """A domain or address without port; IPv6 with or without its brackets."""
    return host_name(text).strip("[]")


def header_name(name: str) -> str:
    lowered = name.lower()
    if not _TOKEN.fullmatch(name):
        raise ValueError("is not a SIP header name")
    if lowered in _STACK_HEADERS or lowered.startswith(_STACK_PREFIXES):
        raise ValueError("is written by the gateway itself and cannot be set")
    if is_private(name):
        raise ValueError("is an internal header and cannot be set")
    return name


def _header_value(value: object) -> object:
    """Numbers are fine as values; everything else must be text."""
    return str(value) if type(value) in {int, float} else value


def _one_header_line(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("must not contain line breaks or control characters")
    return text.strip()


def _whole_seconds(value: object) -> object:
    return math.ceil(value) if isinstance(value, float) else value


def _sip_uri(text: str) -> str:
    if not text.lower().startswith(("sip:", "sips:")):
        raise ValueError("must start with sip:")
    sip_address(text)
    return text


def _proxy(text: str) -> str:
    sip_address(text)
    return text


Seconds = BeforeValidator(_whole_seconds, json_schema_input_type=float)
HeaderName = Annotated[str, AfterValidator(header_name)]
HeaderValue = Annotated[
    str,
    StringConstraints(max_length=4096),
    AfterValidator(_one_header_line),
    BeforeValidator(_header_value, json_schema_input_type=str | float),
]
CustomHeaders = Annotated[dict[HeaderName, HeaderValue], Field(max_length=_HEADERS_MAX)]


class _Wire(Draft):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_by_name=False)


class AuthDraft(_Wire):
    username: Annotated[Word, Field(max_length=128)]
    password: Phrase


class TargetDraft(_Wire):
    """Whom to call (contract section 5.3, `target`)."""

    later: ClassVar = {
        "confirmHook": "",
        "method": "",
        "from": {},
        "vmail": False,
        "tenant": "",
        "overrideTo": "",
    }

    type: Literal["phone", "sip", "user", "teams"]
    number: Annotated[str, AfterValidator(phone_number)] | None = None
    sip_uri: Annotated[str, StringConstraints(max_length=1024), AfterValidator(_sip_uri)] | None = (
        Field(None, alias="sipUri")
    )
    name: Phrase | None = None
    trunk: Phrase | None = None
    headers: CustomHeaders = Field(default_factory=dict)
    proxy: Annotated[str, StringConstraints(max_length=255), AfterValidator(_proxy)] | None = None
    auth: AuthDraft | None = None


Milliseconds = Annotated[int, Field(ge=100, le=600_000), Seconds]


class TimersDraft(_Wire):
    no_speech_ms: Milliseconds = Field(5000, alias="noSpeechTimeoutMs")
    decision_ms: Milliseconds = Field(15000, alias="decisionTimeoutMs")
    tone_ms: Milliseconds = Field(20000, alias="toneTimeoutMs")
    greeting_ms: Milliseconds = Field(2000, alias="greetingCompletionTimeoutMs")


class AmdDraft(_Wire):
    """Answering machine detection (contract section 9)."""

    action_hook: PathHook = Field(alias="actionHook")
    threshold_word_count: Annotated[int, Field(ge=1, le=1000)] = Field(
        9, alias="thresholdWordCount"
    )
    digit_count: Annotated[int, Field(ge=0, le=100)] = Field(0, alias="digitCount")
    recognizer: dict[str, Any] | None = None
    timers: TimersDraft | None = None


class CallDraft(_Wire):
    """`application_sid`, or `call_hook` or `app_json` instead."""

    nested: ClassVar = {"to": TargetDraft}
    later: ClassVar = {
        "answerOnBridge": False,
        "dual_streams": False,
        "transcribe": {},
        "listen": {},
        "record_all_calls": 0,
        "env_vars": {},
        "speech_synthesis_label": "",
        "speech_recognizer_label": "",
        "fallback_speech_synthesis_label": "",
        "fallback_speech_recognizer_label": "",
    }

    from_: Annotated[
        str, StringConstraints(min_length=1, max_length=256), AfterValidator(_from_user)
    ] = Field(alias="from")
    to: TargetDraft
    application_sid: Sid | None = None
    call_hook: AnyHook | None = None
    call_status_hook: AnyHook | None = None
    notify_url: AnyHook | None = Field(None, alias="notifyUrl")
    app_json: str | None = None
    from_host: (
        Annotated[str, StringConstraints(min_length=1, max_length=253), AfterValidator(_host)]
        | None
    ) = Field(None, alias="fromHost")
    caller_name: Annotated[str, StringConstraints(max_length=256), OneLine] | None = Field(
        None, alias="callerName"
    )
    timeout: Annotated[int, Field(ge=1, le=TIMEOUT_MAX_S), Seconds] = 60
    time_limit: Annotated[int, Field(ge=1, le=TIME_LIMIT_MAX_S), Seconds] | None = Field(
        None, alias="timeLimit"
    )
    tag: dict[str, Any] = Field(default_factory=dict)
    headers: CustomHeaders = Field(default_factory=dict)
    amd: AmdDraft | None = None
    refer_hook: PathHook | None = Field(
        None, alias="referHook", description="Asked when the callee wants a transfer (REFER)."
    )
    sip_request_hook: PathHook | None = Field(
        None,
        alias="sipRequestWithinDialogHook",
        description="Told of INFO and MESSAGE inside the call.",
    )
    speech_synthesis_vendor: Word | None = None
    speech_synthesis_language: Word | None = None
    speech_synthesis_voice: Phrase | None = None
    speech_recognizer_vendor: Word | None = None
    speech_recognizer_language: Word | None = None
    fallback_speech_synthesis_vendor: Spare = None
    fallback_speech_synthesis_language: Spare = None
    fallback_speech_synthesis_voice: SparePhrase = None
    fallback_speech_recognizer_vendor: Spare = None
    fallback_speech_recognizer_language: Spare = None
    # The path says which account; `id` names the verb in the reference. Both change nothing.
    account_sid: Sid | None = None
    id: Phrase | None = None
