"""What the event log keeps of a SIP dialog, so that a call can be ended after a crash.

`created` carries the INVITE that is about to be sent, `attempt` events those that were (phase
"sent") and the early dialog (phase "early"); `answered` carries the confirmed one. Of a call to us
`created` carries the INVITE that came (`arrived`). `orphan_of` puts them together again.
"""

from collections.abc import Iterable

from voxgate.call.invite import AttemptIds, BadDestination, compose
from voxgate.model.calls import Call, CallEvent, EventType, Json
from voxgate.routing.outbound import RoutePlan
from voxgate.sip.dialog.events import DialogState, OrphanDialog, OutgoingInvite, Sent
from voxgate.sip.headers import Headers, NameAddr
from voxgate.sip.message import Request, response_to
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

LEG_REPLACED = "leg_replaced"  # a call to us took the place of the dialog (RFC 3891)


def sent_facts(invite: OutgoingInvite, sent: Sent) -> Json:
    """Of an INVITE that was handed to the transport."""
    destination = invite.destination
    return {
        "phase": "sent",
        "uri": str(invite.uri),
        "transport": destination.transport,
        "host": destination.host,
        "port": destination.port,
        "from": str(invite.from_),
        "to": str(invite.to),
        "call_id": invite.call_id,
        "from_tag": invite.from_tag,
        "branch": sent.branch,
        "cseq": sent.cseq,
        "routes": [value for name, value in invite.headers if name.lower() == "route"],
    }


def intended_facts(call: Call, plan: RoutePlan, local_host: str) -> Json | None:
    """Of the first INVITE of a call, before it is sent: a crash may come before `attempt` is kept.

    None when there will be none, because the request's address cannot be called.
    """
    try:
        parts = compose(call.request, plan.attempts[0], local_host)
    except BadDestination:
        return None
    ids = AttemptIds.of(call.call_sid, call.call_id, 1)
    invite = OutgoingInvite(
        uri=parts.uri,
        destination=Destination(
            parts.next_hop.parameter("transport") or "udp", parts.next_hop.host, parts.next_hop.port
        ),
        from_=parts.from_,
        to=parts.to,
        call_id=ids.call_id,
        from_tag=ids.from_tag,
        branch_seed=ids.branch_seed,
        headers=parts.headers,
    )
    return sent_facts(invite, Sent(invite.cseq, invite.branch(invite.cseq)))


def answered_facts(state: DialogState) -> Json:
    return {
        "remote_target": state.remote_target,
        "route_set": list(state.route_set),
        "to_tag": state.to_tag,
        "cseq": state.cseq,
    }


def arrived_facts(invite: Request, source: Destination, tag: str) -> Json:
    """Of an INVITE that came to us, and the tag of our side of its dialog."""
    target = invite.contact or invite.from_
    return {
        "uri": str(invite.uri),
        "transport": source.transport,
        "host": source.host,
        "port": source.port,
        "via": invite.headers.all("Via"),
        "from": invite.headers.get("From"),
        "to": invite.headers.get("To"),
        "call_id": invite.call_id,
        "cseq": invite.cseq.number,
        "tag": tag,
        "remote_target": str(target.uri),
        "route_set": [str(route) for route in invite.record_routes],
    }


def _called(arrived: Json, state: Json) -> OrphanDialog:
    """The dialog of a call to us; unless it was answered its INVITE still wants a final response."""
    caller = NameAddr.parse(arrived["from"])
    known = arrived | state
    return OrphanDialog(
        uri=Uri.parse(arrived["remote_target"]),
        destination=Destination(arrived["transport"], arrived["host"], arrived["port"]),
        from_=NameAddr.parse(arrived["to"]),
        to=caller,
        call_id=arrived["call_id"],
        from_tag=arrived["tag"],
        branch="",
        cseq=state.get("cseq", 0),
        to_tag=caller.tag,
        remote_target=known["remote_target"],
        route_set=tuple(known["route_set"]),
        refusal=None if state else _refusal(arrived),
    )


def _refusal(arrived: Json) -> bytes:
    fields = [("Via", via) for via in arrived["via"]]
    fields += [("From", arrived["from"]), ("To", arrived["to"]), ("Call-ID", arrived["call_id"])]
    fields.append(("CSeq", f"{arrived['cseq']} INVITE"))
    invite = Request("INVITE", arrived["uri"], Headers(fields))
    return response_to(invite, 487, "Request Terminated", to_tag=arrived["tag"]).to_bytes()


def orphan_of(events: Iterable[CallEvent]) -> OrphanDialog | None:
    """The dialog that a call's log leaves open; None when no INVITE can have left."""
    sent: Json | None = None
    arrived: Json | None = None
    to_tag: str | None = None
    state: Json = {}
    for event in events:
        if event.type is EventType.CREATED:
            sent, arrived = event.data.get("invite"), event.data.get("arrived")
        elif event.type is EventType.ATTEMPT and event.data.get("phase") == "sent":
            sent, to_tag = event.data, None
        elif event.type is EventType.ATTEMPT and event.data.get("phase") == "early":
            to_tag = event.data.get("to_tag")
        elif event.type is EventType.ANSWERED:
            state = event.data["dialog"]
        elif event.type is EventType.MEDIA and event.data.get("type") == LEG_REPLACED:
            arrived, state = event.data["arrived"], event.data["dialog"]
    if arrived is not None:
        return _called(arrived, state)
    if sent is None:
        return None
    state = sent | state
    return OrphanDialog(
        uri=Uri.parse(sent["uri"]),
        destination=Destination(sent["transport"], sent["host"], sent["port"]),
        from_=NameAddr.parse(sent["from"]),
        to=NameAddr.parse(sent["to"]),
        call_id=sent["call_id"],
        from_tag=sent["from_tag"],
        branch=sent["branch"],
        cseq=state["cseq"],
        to_tag=state.get("to_tag", to_tag),
        remote_target=state.get("remote_target"),
        route_set=tuple(state.get("route_set", ())),
        headers=tuple(("Route", route) for route in sent["routes"]),
    )
