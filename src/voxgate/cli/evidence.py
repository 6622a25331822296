"""What the three parties to the demo's call know about it afterwards, judged and shown."""

from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voxgate.cli.screen import compact, fact, heading, verdict
from voxgate.model.calls import EventType, Json

STATUSES = ["trying", "ringing", "in-progress", "completed"]
STATUS_PATH = "/status"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The API's events, the hooks the agent received, and the callee's own record."""

    events: list[Json]
    webhooks: list[Json]
    callee: Json

    @property
    def ended(self) -> Json:
        return dict(self.events[-1]["data"]) if self.events else {}

    @property
    def words(self) -> list[str]:
        """What the agent had the gateway say, in order."""
        verbs = [each["data"] for each in self.events if each["type"] == EventType.VERB]
        started = [each for each in verbs if each.get("phase") == "started"]
        return [str(each["text"]) for each in started if each.get("text")]

    @property
    def played_ms(self) -> int:
        """How much sound the gateway's verbs say they sent."""
        facts = [each["data"] for each in self.events if each["type"] == EventType.VERB]
        return sum(int(each.get("playback_milliseconds") or 0) for each in facts)

    @property
    def statuses(self) -> list[Json]:
        return [each["payload"] for each in self.webhooks if each["path"] == STATUS_PATH]

    @property
    def gathered(self) -> str:
        """The digits the agent was told about."""
        return "".join(str(each["payload"].get("digits") or "") for each in self.webhooks)


@dataclass(frozen=True, slots=True)
class Check:
    good: bool
    text: str


def judge(evidence: Evidence) -> list[Check]:
    """Whether the call went as a call should; each check compares two independent witnesses."""
    status = str(evidence.ended.get("call_status"))
    outcome = evidence.ended.get("outcome") or {}
    heard = evidence.callee.get("heard") or {}
    pressed = str(evidence.callee.get("pressed", ""))
    told = [str(payload.get("call_status")) for payload in evidence.statuses]
    numbers = [payload.get("seq") for payload in evidence.statuses]
    in_order = all(
        isinstance(first, int) and isinstance(second, int) and first < second
        for first, second in pairwise(numbers)
    )
    signed = [bool(each.get("signed")) for each in evidence.webhooks]
    return [
        Check(
            status == "completed" and outcome.get("fault_domain") is None,
            f"the call ended {status}: {outcome.get('summary', 'no outcome was given')}",
        ),
        Check(
            told == STATUSES and in_order,
            f"the agent was told, in order: {', '.join(told) or 'nothing'}",
        ),
        Check(
            bool(signed) and all(signed),
            f"{sum(signed)} of {len(signed)} webhooks carried a right signature",
        ),
        Check(
            bool(pressed) and evidence.gathered == pressed,
            f"the callee pressed {pressed or 'nothing'}, "
            f"the agent received {evidence.gathered or 'nothing'}",
        ),
        Check(
            0 < evidence.played_ms < 2 * int(heard.get("audio_ms") or 0),
            f"the callee heard {heard.get('audio_ms', 0)} ms of sound; "
            f"{evidence.played_ms} ms were played, pauses between words included",
        ),
    ]


def show_webhooks(console: Console, evidence: Evidence) -> None:
    heading(console, "Webhooks the agent received")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("seq", "hook", "call_status", "sip", "more", "signature"):
        table.add_column(name, justify="right" if name == "seq" else "left")
    for each in evidence.webhooks:
        payload = each["payload"]
        more = {
            name: payload[name]
            for name in ("reason", "digits", "duration", "call_termination_by")
            if payload.get(name) is not None
        }
        table.add_row(
            str(payload.get("seq", "")),
            f"POST {each['path']}",
            str(payload.get("call_status", "")),
            escape(f"{payload.get('sip_status', '')} {payload.get('sip_reason', '')}"),
            escape(compact(more)) if more else "",
            "[green]right[/]" if each.get("signed") else "[dim]not checked[/]",
        )
    console.print(table)


def show_far_end(console: Console, title: str, callee: Json) -> None:
    """`callee` is the sandbox's record of whoever had the call with the gateway."""
    heading(console, title)
    heard = callee.get("heard") or {}
    first = heard.get("first_audio_ms")
    fact(console, "persona", f"{callee.get('persona')}: {callee.get('script')}")
    fact(console, "said", " ".join(callee.get("said", [])) or "nothing")
    fact(console, "pressed", str(callee.get("pressed") or "nothing"))
    fact(
        console,
        "heard",
        f"{heard.get('audio_ms', 0)} ms of sound in {heard.get('received_ms', 0)} ms of "
        f"{heard.get('codec')}, the first {first if first is not None else '?'} ms after the answer",
    )
    fact(
        console,
        "packets",
        f"{heard.get('packets_received', 0)} received, {heard.get('packets_lost', 0)} lost, "
        f"{heard.get('packets_sent', 0)} sent",
    )
    for problem in callee.get("problems", []):
        fact(console, "problem", str(problem))


def show_words(console: Console, evidence: Evidence) -> None:
    heading(console, "What the agent had to say")
    for words in evidence.words:
        console.print(f"  [blue]“{escape(words)}”[/]", soft_wrap=True)
    fact(console, "digit gathered", evidence.gathered or "none")


def show_checks(console: Console, checks: list[Check], ended: Json) -> None:
    console.print()
    for check in checks:
        mark = "[green]✓[/]" if check.good else "[red]✗[/]"
        console.print(f"  {mark} {escape(check.text)}", soft_wrap=True)
    good = all(check.good for check in checks)
    outcome = ended.get("outcome") or {}
    next_step = "" if good else f"\n{outcome.get('next_step', '')}"
    verdict(
        console,
        good=good,
        title="the call worked" if good else "the call did not go as it should",
        text=f"outcome {outcome.get('code', 'unknown')}: {outcome.get('summary', '')}{next_step}",
    )
