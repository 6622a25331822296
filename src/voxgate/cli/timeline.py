"""A call's event as one line for people: pure, from the JSON that the API sends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from voxgate.model.calls import EventType, Json

WORDS_MAX = 90
_STATUS_STYLE = {
    "trying": "cyan",
    "ringing": "cyan",
    "early-media": "cyan",
    "in-progress": "bold green",
    "completed": "bold green",
    "busy": "bold yellow",
    "no-answer": "bold yellow",
    "failed": "bold red",
}
_RESULTS = ("reason", "digits", "playback_milliseconds", "error", "length")


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    text: str
    style: str = ""


def describe(event: Json, far_end: str = "the callee") -> Line:
    """What an event says; an event of a type unknown here is shown as it is.

    `far_end`: who talks to the gateway.
    """
    data: Json = event["data"]
    reader = _READERS.get(event["type"])
    if reader is not None:
        return reader(data, far_end)
    return Line(str(event["type"]), ", ".join(f"{key} {value}" for key, value in data.items()))


def outcome_of(ended: Json) -> Json:
    """The outcome inside an `ended` event; empty when a gateway sent none."""
    outcome: Json = ended["data"].get("outcome") or {}
    return outcome


class Timeline:
    """Prints the events of one call, with the time since it was created."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began: float | None = None
        self._far_end = "the callee"

    def show(self, event: Json) -> None:
        at = _seconds(event["at"])
        self._began = at if self._began is None else self._began
        if event["data"].get("direction") == "inbound":
            self._far_end = "the caller"
        line = describe(event, self._far_end)
        text = Text.assemble(
            (f"  {event['seq']:>3}  ", "dim"),
            (f"{at - self._began:+8.3f} s  ", "dim"),
            (f"{line.label:<12} ", line.style),
            (line.text, line.style if line.label in _STATUS_STYLE else ""),
        )
        self._console.print(text, soft_wrap=True)


def _seconds(at: Any) -> float:  # noqa: ANN401 - a number, or ISO 8601 text
    if isinstance(at, str):
        return datetime.fromisoformat(at).timestamp()
    return float(at)


def _shortened(text: str) -> str:
    return text if len(text) <= WORDS_MAX else text[: WORDS_MAX - 1] + "…"


def _created(data: Json, _far_end: str) -> Line:
    return Line("created", f"{data.get('from')} calls {data.get('to')}", "bold")


def _routed(data: Json, _far_end: str) -> Line:
    attempts = data.get("attempts") or []
    ways = [f"{each.get('carrier') or 'direct'} via {each.get('gateway')}" for each in attempts]
    why = data.get("reason") or data.get("rule")
    if data.get("rule") == "inbound":
        return Line("routed", f"to the application, by {why}")
    return Line("routed", f"{', then '.join(ways) or 'nowhere'} ({why})")


def _attempt(data: Json, _far_end: str) -> Line:
    where = f"{data.get('carrier') or 'direct'} {data.get('gateway') or ''}".strip()
    phase = str(data.get("phase"))
    if phase == "sent":
        return Line("invite", f"sent to {where} over {data.get('transport', 'udp')}")
    if phase == "early":
        return Line("attempt", f"{where} answered {data.get('sip_status')}", "dim")
    why = " ".join(str(data[key]) for key in ("sip_status", "reason", "detail") if data.get(key))
    return Line("attempt", f"{where} {phase}: {why}", "yellow")


def _status(data: Json, _far_end: str) -> Line:
    status = str(data.get("call_status"))
    text = f"{data.get('sip_status')} {data.get('sip_reason')}"
    return Line(status, text, _STATUS_STYLE.get(status, ""))


def _answered(data: Json, far_end: str) -> Line:
    facts = [data.get("codec"), data.get("remote_media") and f"media {data['remote_media']}"]
    text = ", ".join(str(fact) for fact in facts if fact)
    return Line("answered", text or f"{far_end} picked up", "green")


def _hook(data: Json, _far_end: str) -> Line:
    text = f"{data.get('method', 'POST')} {data.get('url')}"
    if data.get("error"):
        return Line("hook", f"{text} failed: {data['error']}", "bold red")
    verbs = f", {data['verbs']} verbs" if "verbs" in data else ""
    return Line("hook", f"{text} → {data.get('status')} in {data.get('duration_ms')} ms{verbs}")


def _verb(data: Json, _far_end: str) -> Line:
    verb, phase = str(data.get("verb")), str(data.get("phase"))
    facts = [f"{name} {data[name]}" for name in _RESULTS if data.get(name) not in {None, ""}]
    if phase == "started":
        words = data.get("text") or data.get("url")
        return Line(verb, f"“{_shortened(str(words))}”" if words else "started", "blue")
    text = ", ".join([phase, *facts])
    return Line(verb, text, "bold red" if phase == "failed" else "dim")


def _digit(data: Json, far_end: str) -> Line:
    return Line("digit", f"{far_end} pressed {data.get('digit')}", "bold magenta")


def _of_type(data: Json, _far_end: str) -> Line:
    """What has a `type` of its own: media, and machine detection."""
    kind = str(data.get("type", "")).replace("_", " ")
    facts = ", ".join(f"{name} {value}" for name, value in data.items() if name != "type")
    label, _, more = kind.partition(" ") if kind.startswith("amd ") else ("media", "", kind)
    return Line(label, ": ".join(part for part in (more, facts) if part), "magenta")


def _alert(data: Json, _far_end: str) -> Line:
    return Line("alert", f"{data.get('alert_type')}: {data.get('message')}", "bold yellow")


def _delivery(data: Json, _far_end: str) -> Line:
    return Line("delivery", f"{data.get('state')} to {data.get('url')}", "bold yellow")


def _ended(data: Json, far_end: str) -> Line:
    status = str(data.get("call_status"))
    parts = [f"{data.get('sip_status')} {data.get('sip_reason')}"]
    if data.get("duration") is not None:
        parts.append(f"{data['duration']} s")
    if data.get("duration") is not None and data.get("call_termination_by"):
        ended_by = far_end if data["call_termination_by"] == "caller" else "the gateway"
        parts.append(f"ended by {ended_by}")
    return Line(status, ", ".join(parts), _STATUS_STYLE.get(status, ""))


_READERS: dict[str, Callable[[Json, str], Line]] = {
    EventType.CREATED: _created,
    EventType.ROUTED: _routed,
    EventType.ATTEMPT: _attempt,
    EventType.STATUS: _status,
    EventType.ANSWERED: _answered,
    EventType.HOOK: _hook,
    EventType.VERB: _verb,
    EventType.DIGIT: _digit,
    EventType.AMD: _of_type,
    EventType.MEDIA: _of_type,
    EventType.ALERT: _alert,
    EventType.DELIVERY: _delivery,
    EventType.ENDED: _ended,
}
