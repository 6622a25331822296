"""Hanging up calls of a former life: CANCEL what may still ring, BYE what was answered.

Built from what the journal knows. Never an INVITE: nobody is rung by a clean-up.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from voxgate.sip.dialog.events import OrphanDialog, OrphanFate, Outcome
from voxgate.sip.dialog.exchange import Exchange, Ready
from voxgate.sip.dialog.login import Login
from voxgate.sip.dialog.path import Path, contact_of, new_branch, via_of
from voxgate.sip.dialog.stack import Stack
from voxgate.sip.grammar import MalformedMessage
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Headers, Request, Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transaction.layer import FailureCause, Transmit
from voxgate.sip.transaction.mirror import cancel_of
from voxgate.sip.uri import Uri

# Refreshes and challenges after the last entry of the journal have used up numbers; gaps are fine.
CSEQ_GAP = 1000

_REPEATS_S = (0.5, 1.5)  # as a server transaction would at first (RFC 3261 timer G)

_GONE = 481


def end(
    stack: Stack,
    orphan: OrphanDialog,
    targets: tuple[Destination, ...],
    finished: Callable[[OrphanFate], None],
) -> None:
    """Hang up one call; `finished` is called once, after 64*T1 at the latest."""
    local = stack.local_for(targets[0])
    if local is None:
        finished("unreachable")
    elif orphan.refusal is not None:
        _refuse(stack, orphan, targets[0], local, finished)
    elif orphan.remote_target is not None:
        _bye(stack, orphan, targets[0], local, finished)
    else:
        _cancel(stack, orphan, targets[0], local, finished)


def _refuse(
    stack: Stack,
    orphan: OrphanDialog,
    target: Destination,
    local: Destination,
    finished: Callable[[OrphanFate], None],
) -> None:
    """Somebody called us and the answer, if there was one, is not in the journal.

    The refusal ends an INVITE that still waits. There is no transaction to repeat it, so it goes
    out more than once; whoever waits no longer drops it. A BYE ends what was answered after all.
    """
    refusal = Transmit(orphan.refusal or b"", target, local, orphan.call_id)

    def repeat() -> None:
        stack.put(refusal)
        stack.flush()

    def judged(fate: OrphanFate) -> None:
        finished("cancelled" if fate == "gone" else fate)

    stack.put(refusal)
    for after_s in _REPEATS_S:
        stack.alarm(after_s, repeat)
    _bye(stack, orphan, target, local, judged)


def _cancel(
    stack: Stack,
    orphan: OrphanDialog,
    target: Destination,
    local: Destination,
    finished: Callable[[OrphanFate], None],
) -> None:
    headers = Headers()
    headers.add("Via", via_of(local, orphan.branch))
    for name, value in orphan.headers:
        if name.lower() == "route":
            headers.add(name, value)
    headers.add("From", str(orphan.from_.with_tag(orphan.from_tag)))
    headers.add("To", str(orphan.to))
    headers.add("Call-ID", orphan.call_id)
    headers.add("CSeq", f"{orphan.cseq} INVITE")
    cancel = cancel_of(Request("INVITE", orphan.uri, headers))

    def judged(outcome: Outcome) -> None:
        # A 200 says that the CANCEL came, not that it was in time (RFC 3261 section 9.2): the call
        # may have been answered in the moment of the crash. A BYE too many gets a 481.
        answered = outcome.success or outcome.status == _GONE
        to_tag = orphan.to_tag or (_tag_of(outcome) if outcome.success else None)
        if answered and to_tag is not None:
            known = replace(orphan, to_tag=to_tag)
            _bye(stack, known, target, local, partial(_either, outcome, finished))
        else:
            finished(_fate(outcome, "cancelled"))

    stack.send(cancel, target, local, _Once(judged), branch=orphan.branch)


def _bye(
    stack: Stack,
    orphan: OrphanDialog,
    target: Destination,
    local: Destination,
    finished: Callable[[OrphanFate], None],
) -> None:
    remote = orphan.remote_target
    path = Path(
        call_id=orphan.call_id,
        local_party=str(orphan.from_.with_tag(orphan.from_tag)),
        local_tag=orphan.from_tag,
        remote_party=str(orphan.to.with_tag(orphan.to_tag or "")),
        remote_tag=orphan.to_tag or "",
        local_cseq=orphan.cseq + CSEQ_GAP,
        remote_cseq=None,
        target=Uri.parse(remote) if remote is not None else orphan.uri,
        route_set=tuple(NameAddr.parse(route) for route in orphan.route_set),
        local=local,
        contact=contact_of(local, None),
        peer=target,
        choose=stack.local_for,
    )
    login = Login(orphan.credentials, stack.token)
    # Without a remote target the call was only ringing: back the way the INVITE went.
    hop = path.next_hop if remote is not None else target

    def build() -> Ready:
        fields = login.fields("BYE", str(path.request_uri), b"")
        branch = new_branch(stack.token())
        return Ready(path.request("BYE", branch=branch, fields=fields), branch, hop, path.local)

    Exchange(stack, build, login, lambda outcome: finished(_fate(outcome, "ended")))


def _tag_of(cancelled: Outcome) -> str | None:
    """The answer to a CANCEL has the tag of the dialog it was for (RFC 3261 section 9.2)."""
    try:
        return NameAddr.parse(cancelled.headers.get("To") or "").tag
    except MalformedMessage:
        return None


def _either(
    cancelled: Outcome, finished: Callable[[OrphanFate], None], after_bye: OrphanFate
) -> None:
    """A BYE that found nothing leaves what the CANCEL did."""
    found = after_bye == "ended" or not cancelled.success
    finished(after_bye if found else "cancelled")


def _fate(outcome: Outcome, success: OrphanFate) -> OrphanFate:
    if outcome.failure is not None:
        return "no-answer" if outcome.status == 408 else "unreachable"
    return success if outcome.success else "gone"


class _Once:
    """Sends a CANCEL, which cannot be challenged and so needs no `Exchange`."""

    def __init__(self, finished: Callable[[Outcome], None]) -> None:
        self._finished = finished

    def on_response(self, response: Response) -> None:
        if response.status >= 200:
            self._finished(Outcome(response.status, response.reason, response.headers))

    def on_failure(self, cause: FailureCause, detail: str) -> None:
        status = 408 if cause == "timeout" else 503
        self._finished(Outcome(status, "", Headers(), failure=f"{cause}: {detail}"))
