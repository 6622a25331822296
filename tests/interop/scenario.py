"""SIPp scenarios of a callee, written as steps; `xml()` is what SIPp reads.

    Scenario("busy", receive_invite(), reply(486, "Busy Here"), receive("ACK"))

Every check (`Check`) fails the call and with it SIPp's exit code.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

TO_TAG = "[pid]T[call_number]"
# What is kept of the INVITE, for replies after a CANCEL and for requests of our own.
_KEEP = (
    ("CSeq:", r"[0-9]+", "invite_cseq"),
    ("From:", r"<.*", "caller"),
    ("To:", r"<[^>]*>", "callee"),
    ("Contact:", r"sip:[^>;]+", "target"),
)


@dataclass(frozen=True)
class Check:
    """A regular expression that a header (with its colon), the body or the message must match."""

    pattern: str
    header: str | None = None
    body: bool = False
    absent: bool = False

    def xml(self, variable: str) -> str:
        where = (
            f'search_in="hdr" header={quoteattr(self.header)}'
            if self.header
            else f'search_in="{"body" if self.body else "msg"}"'
        )
        flag = "check_it_inverse" if self.absent else "check_it"
        return (
            f'<ereg regexp={quoteattr(self.pattern)} {where} {flag}="true" assign_to="{variable}"/>'
        )


def header(name: str, pattern: str) -> Check:
    return Check(pattern, header=name + ":")


def no_header(name: str) -> Check:
    """Searched in the whole message: SIPp cannot look for a header that is not there."""
    return Check(f"\n{name} *:", absent=True)


def body(pattern: str) -> Check:
    return Check(pattern, body=True)


@dataclass(frozen=True)
class Step:
    """One element of a scenario; `variables` are the SIPp variables it sets."""

    xml: str
    variables: tuple[str, ...] = ()


def _actions(number: int, checks: Iterable[Check]) -> tuple[str, tuple[str, ...]]:
    names = []
    lines = []
    for index, check in enumerate(checks):
        names.append(f"check_{number}_{index}")
        lines.append(check.xml(names[-1]))
    return "".join(lines), tuple(names)


_number = iter(range(1, 1_000_000))


def receive_invite(*checks: Check, credentials: tuple[str, str] | None = None) -> Step:
    """An INVITE; keeps what later steps need of it.

    With `credentials` SIPp works the digest answer out by itself and fails when they differ.
    """
    kept = "".join(
        f'<ereg regexp={quoteattr(pattern)} search_in="hdr" header={quoteattr(name)}'
        f' check_it="true" assign_to="{variable}"/>'
        for name, pattern, variable in _KEEP
    )
    number = next(_number)
    lines, names = _actions(number, checks)
    names += tuple(variable for _, _, variable in _KEEP)
    verdict = ""
    if credentials:
        variable = f"verified_{number}"
        kept += (
            f'<verifyauth assign_to="{variable}" username={quoteattr(credentials[0])}'
            f" password={quoteattr(credentials[1])}/>"
        )
        verdict = (
            f'<nop condexec="{variable}" condexec_inverse="true">'
            '<action><error message="the credentials are wrong"/></action></nop>'
        )
        names += (variable,)
    invite = f'<recv request="INVITE" crlf="true"><action>{kept}{lines}</action></recv>'
    return Step(invite + verdict, names)


def receive(
    method: str, *checks: Check, optional: bool = False, timeout_ms: int | None = None
) -> Step:
    """A request of that method, or a response when given a status such as "200"."""
    lines, names = _actions(next(_number), checks)
    kind = "response" if method.isdigit() else "request"
    more = ' optional="true"' if optional else ""
    more += f' timeout="{timeout_ms}"' if timeout_ms else ""
    actions = f"<action>{lines}</action>" if lines else ""
    return Step(f'<recv {kind}="{method}"{more} crlf="true">{actions}</recv>', names)


def sdp(
    direction: str = "sendrecv",
    *,
    version: int = 1,
    host: str = "[media_ip]",
    port: str = "[media_port]",
    payloads: str = "0 101",
) -> str:
    lines = [
        "v=0",
        f"o=callee 7 {version} IN IP4 [local_ip]",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {payloads}",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        f"a={direction}",
    ]
    return "\n".join(lines) + "\n"


def _send(
    lines: Iterable[str], content: str, *, retransmit: bool, kind: str = "application/sdp"
) -> str:
    head = list(lines)
    if content:
        head.append(f"Content-Type: {kind}")
    head.append("Content-Length: [len]")
    text = "\n".join(head) + "\n\n" + content
    again = ' retrans="500"' if retransmit else ""
    return f"<send{again}><![CDATA[\n{text}\n]]></send>"


def reply(
    status: int,
    reason: str,
    *headers: str,
    content: str = "",
    to_tag: str = TO_TAG,
    contact: str = "<sip:callee@[local_ip]:[local_port]>",
) -> Step:
    """A response to the initial INVITE. Final ones are resent until the ACK."""
    lines = [
        f"SIP/2.0 {status} {reason}",
        "[last_Via:]",
        "[last_Record-Route:]",
        "[last_From:]",
        f"[last_To:];tag={to_tag}",
        "[last_Call-ID:]",
        "CSeq: [$invite_cseq] INVITE",
        f"Contact: {contact}",
        *headers,
    ]
    return Step(_send(lines, content, retransmit=status >= 200))


def reply_again(status: int, reason: str, *headers: str, content: str = "") -> Step:
    """A response to the request received last, inside the dialog (its To has the tag already)."""
    lines = [
        f"SIP/2.0 {status} {reason}",
        "[last_Via:]",
        "[last_From:]",
        "[last_To:]",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        "Contact: <sip:callee@[local_ip]:[local_port]>",
        *headers,
    ]
    return Step(_send(lines, content, retransmit=False))


def request(
    method: str,
    cseq: int,
    *headers: str,
    content: str = "",
    from_tag: str = TO_TAG,
    kind: str = "application/sdp",
) -> Step:
    """A request of the callee inside the dialog (`cseq` of its own numbering; also for ACK)."""
    lines = [
        f"{method} [$target] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        f"From: [$callee];tag={from_tag}",
        "To: [$caller]",
        "Call-ID: [call_id]",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        "Contact: <sip:callee@[local_ip]:[local_port]>",
        *headers,
    ]
    return Step(_send(lines, content, retransmit=method != "ACK", kind=kind))


def pause(milliseconds: int) -> Step:
    return Step(f'<pause milliseconds="{milliseconds}"/>')


class Scenario:
    def __init__(self, name: str, *steps: Step) -> None:
        self.name = name
        self._steps = steps

    def xml(self) -> str:
        variables = sorted({v for step in self._steps for v in step.variables})
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<scenario name={quoteattr(escape(self.name))}>",
            *(step.xml for step in self._steps),
        ]
        if variables:
            lines.append(f'<Reference variables="{",".join(variables)}"/>')
        return "\n".join([*lines, "</scenario>", ""])


def answered(*steps: Step, content: str | None = None) -> tuple[Step, ...]:
    """INVITE, 180, 200, ACK; then `steps`."""
    return (
        receive_invite(),
        reply(180, "Ringing"),
        reply(200, "OK", content=sdp() if content is None else content),
        receive("ACK"),
        *steps,
    )


def hung_up() -> tuple[Step, ...]:
    """The gateway sends BYE."""
    return (receive("BYE"), reply_again(200, "OK"))
