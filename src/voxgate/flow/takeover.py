"""A call to us that takes the place of one that is under way (RFC 3891): an attended transfer.

A call centre puts the one who is to go on in the place of the one who talked. The call, its
application, its room and its port stay what they are; only the far end changes.
"""

from collections.abc import Callable

from voxgate.call.leg import Leg
from voxgate.call.orphan import LEG_REPLACED, answered_facts, arrived_facts
from voxgate.flow.login import Final
from voxgate.flow.session import Session
from voxgate.flow.transfer import Replaces, read_replaces
from voxgate.model.calls import Call, EventType, Json
from voxgate.sdp.description import SdpError
from voxgate.sip.endpoint import IncomingInvite
from voxgate.verbs.contract import NotNow

REPLACES = "Replaces"
_SDP = "application/sdp"
_GONE = Final(481, "Call/Transaction Does Not Exist")
_DECLINED = Final(603, "Decline")


def named_session(
    invite: IncomingInvite, find: Callable[[str, str, str], object], may: Callable[[Call], bool]
) -> Session | Final:
    """Whose place the INVITE wants. A call that is not the caller's to name does not exist."""
    values = invite.request.headers.all(REPLACES)
    wanted = read_replaces(values[0]) if len(values) == 1 else None
    if wanted is None:
        return Final.because(400, "Replaces must be one Call-ID with its to-tag and from-tag")
    session = _found(wanted, find)
    if session is None or not may(session.call.record):
        return _GONE
    if wanted.early_only:
        return Final(486, "Busy Here")  # RFC 3891 section 3: it was answered
    return session


def _found(wanted: Replaces, find: Callable[[str, str, str], object]) -> Session | None:
    session = find(wanted.call_id, wanted.our_tag, wanted.their_tag)
    return session if isinstance(session, Session) else None


async def take_place(invite: IncomingInvite, session: Session) -> Final | None:
    """None: the caller is the call's far end now, and who was it before is hung up."""
    leg = session.leg
    if leg is None:
        return _GONE
    former = leg.dialog
    try:
        session.dialling.check_audio()
    except NotNow:  # the audio goes past us, and would go on to who leaves
        await session.dialling.media_path("full-media")
    if invite.over:
        return None
    if session.ending.done() or session.call.ended or leg.dialog is not former:
        return _DECLINED
    return _replace(invite, session, leg)


def _replace(invite: IncomingInvite, session: Session, leg: Leg) -> Final | None:
    media = leg.media
    before = media.facts
    offer = invite.request.part(_SDP)
    try:
        body = media.offer() if offer is None else media.answer(offer)
    except SdpError as unusable:
        return Final.because(488, str(unusable))
    call = session.call
    dialog = invite.answer(body, session.on_dialog, [("X-Call-Sid", call.sid)])
    state = dialog.confirmed_state if dialog is not None else None
    if dialog is None or state is None:  # refused for its session timer
        if before is not None:
            media.back_to(before)
        return None
    told: Json = {
        "type": LEG_REPLACED,
        "call_id": invite.request.call_id,
        "from": str(invite.request.from_.uri),
        "source": invite.source.host,
        "arrived": arrived_facts(invite.request, invite.source, invite.tag),
        "dialog": answered_facts(state),
    }
    call.note(EventType.MEDIA, told)
    leg.supersede(dialog)
    return None
