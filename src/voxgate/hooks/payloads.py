"""What the application is told: the JSON of call, status and action hooks (contract 3.3 to 3.7).

Statuses are told from the event, not from the call as it stands, so that a repeated or late
delivery says what the first one said.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from voxgate.base.clock import iso
from voxgate.model.calls import Call, CallEvent, Json

# Keys whose whole subtree reaches the application as it was given.
_UNTOUCHED = frozenset({"customerData", "sip", "env_vars", "args"})
# A fact that is told under both of its names, of which this one is in camelCase.
_KEPT = frozenset({"referStatus"})
_SEPARATORS = re.compile(r"[^0-9a-zA-Z]+")
_HUMP = re.compile(r"(?<=[0-9a-zA-Z])(?=[A-Z])")
_STATUS_FACTS = ("duration", "call_termination_by", "headers", "outcome", "error", "reason")


@dataclass(frozen=True, slots=True)
class Site:
    """What payloads say about this installation."""

    sip_address: str | None = None  # host:port
    public_ip: str | None = None
    api_base_url: str | None = None

    def to_json(self) -> Json:
        named = {
            "fs_sip_address": self.sip_address,
            "fs_public_ip": self.public_ip,
            "api_base_url": self.api_base_url,
        }
        return {key: value for key, value in named.items() if value is not None}


def base_payload(call: Call, site: Site) -> Json:
    """The call as it stands: what every hook's payload begins with."""
    payload = _identity(call)
    payload |= {
        "sip_status": call.sip_status,
        "sip_reason": call.sip_reason,
        "call_status": call.status.value,
    }
    if call.sbc_callid is not None:
        payload["sbc_callid"] = call.sbc_callid
    if call.termination_by is not None:
        payload["call_termination_by"] = call.termination_by
    if call.duration_s is not None:
        payload["duration"] = call.duration_s
    if call.tag:
        payload["customerData"] = as_javascript(call.tag)
    return payload | site.to_json()


def session_payload(call: Call, site: Site, sip: Json | None = None) -> Json:
    """For the call hook that fetches the first document (`session:new`).

    `sip` is the INVITE of an inbound call, whose record is shown whole (contract 3.5).
    """
    voice, ear = call.request.voice, call.request.recognizer
    synthesizer = {"vendor": voice.vendor, "language": voice.language, "voice": voice.voice}
    recognizer = {"vendor": ear.vendor, "language": ear.language}
    defaults = {"synthesizer": _present(synthesizer), "recognizer": _present(recognizer)}
    payload = base_payload(call, site) | {"defaults": _present(defaults)}
    if sip is not None:
        payload |= _arrived(call, site) | {"sip": sip}
        payload.pop("fs_sip_address", None)  # there it is local_sip_address
    return payload


def _arrived(call: Call, site: Site) -> Json:
    about = {
        "caller_name": call.request.caller_name or "",
        "has_recording": False,
        "service_provider_sid": call.service_provider_sid,
        "local_sip_address": site.sip_address,
        "public_ip": site.public_ip,
    }
    return {key: value for key, value in about.items() if value is not None}


def action_payload(call: Call, result: Json, verb_id: str | None, site: Site) -> Json:
    """For a verb's action hook; `result` may use the code's own key style."""
    payload = base_payload(call, site) | snake_cased(result)
    if verb_id is not None:
        payload["verb_id"] = verb_id
    return payload


def status_payload(call: Call, event: CallEvent, site: Site) -> Json:
    """For a `status` or `ended` event; of `call` only what never changes is used."""
    data = event.data
    payload = _identity(call)
    payload |= {
        "sip_status": data["sip_status"],
        "sip_reason": data["sip_reason"],
        "call_status": data["call_status"],
        "event_id": event.event_id,
        "seq": event.seq,
        "event_at": iso(event.at),
    }
    if "sbc_callid" in data:
        payload["sbc_callid"] = data["sbc_callid"]
    for fact in _STATUS_FACTS:
        if data.get(fact) is not None:
            payload[fact] = data[fact]
    if "headers" in payload:
        payload["headers"] = snake_cased(payload["headers"])
    if tag := data.get("tag", call.request.tag):
        payload["customerData"] = as_javascript(tag)
    return payload | site.to_json()


def snake_cased(value: Json) -> Json:
    """The value with every key snake_cased, but for the keys that hold the customer's own data."""
    cased: Json = {}
    for key, item in value.items():
        if key in _UNTOUCHED or key in _KEPT:
            cased[key] = as_javascript(item)
        else:
            cased[snake_key(key)] = _snake_cased(item)
    return cased


@lru_cache(maxsize=4096)
def snake_key(key: str) -> str:
    """`maskedITN` is `masked_i_t_n`, `X-Why` is `x_why`: every capital starts a word."""
    spaced = _SEPARATORS.sub("_", _HUMP.sub("_", key)).strip("_").lower()
    return spaced or key


def as_javascript(value: object) -> object:
    """Whole numbers without a fraction, as JavaScript writes them.

    A receiver that serialises the body again to check its signature writes 1, never 1.0.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: as_javascript(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_javascript(item) for item in value]
    return value


def _snake_cased(value: object) -> object:
    if isinstance(value, dict):
        return snake_cased(value)
    if isinstance(value, list | tuple):
        return [_snake_cased(item) for item in value]
    return as_javascript(value)


def _identity(call: Call) -> Json:
    payload: Json = {
        "call_sid": call.call_sid,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "call_id": call.call_id,
        "account_sid": call.account_sid,
        "trace_id": call.trace_id,
    }
    if call.application_sid is not None:
        payload["application_sid"] = call.application_sid
    if call.request.source_ip is not None:
        payload["originating_sip_ip"] = call.request.source_ip
        if call.trunk is not None:
            payload["originating_sip_trunk_name"] = call.trunk
    if call.request.parent_call_sid is not None:
        payload["parent_call_sid"] = call.request.parent_call_sid
        payload["caller_id"] = call.request.caller_id or call.from_
    return payload


def _present(values: Json) -> Json:
    return {key: value for key, value in values.items() if value}
