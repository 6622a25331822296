"""Whether the audio of two joined calls passes through the gateway or goes straight between them.

Taking it out is third party call control (RFC 3725 section 4.1, flow I): one far end makes an
offer, the other one answers it. Whatever goes wrong leaves the audio in the gateway.
"""

import asyncio

from voxgate.call.leg import MediaSession
from voxgate.flow.session import Session
from voxgate.flow.transfer import settled
from voxgate.model.calls import EventType
from voxgate.sdp.description import SdpError
from voxgate.sip.dialog.events import DialogEvent, Outcome, ReInvited, Updated


class MediaPath:
    """Of two calls that are answered and joined. The owner must call `close`."""

    def __init__(self, near: Session, far: Session) -> None:
        self._near = near
        self._far = far
        self.is_direct = False
        self._undo = [
            near.listen_to_dialog(lambda event: self._on_dialog(event, far)),
            far.listen_to_dialog(lambda event: self._on_dialog(event, near)),
        ]

    async def release(self) -> bool:
        """Have the two exchange their audio directly; False when that cannot be."""
        near, far = self._near.leg, self._far.leg
        if self.is_direct or near is None or far is None:
            return self.is_direct
        if _behind_nat(near.media) or _behind_nat(far.media):
            return self._stays("a far end is behind NAT")
        offered = await _reinvite(self._near, b"")
        if not offered.success or offered.acknowledge is None:
            return self._stays(f"the caller's side answered {offered.status}")
        answered = await _reinvite(self._far, far.media.relay(offered.body))
        if not answered.success or not answered.body:
            try:
                offered.acknowledge(near.media.answer(offered.body))
            except SdpError:
                offered.acknowledge(near.media.description)
            return self._stays(f"the callee's side answered {answered.status}")
        offered.acknowledge(near.media.relay(answered.body))
        near.media.rest()
        far.media.rest()
        self.is_direct = True
        self._note("direct")
        return True

    async def restore(self) -> None:
        """Bring the audio back; at once when it is here."""
        if not self.is_direct:
            return
        self.is_direct = False
        self._note("gateway")
        async with asyncio.TaskGroup() as tasks:
            for session in (self._near, self._far):
                tasks.create_task(_reclaim(session), name="reclaim-media")

    def close(self) -> None:
        for undo in self._undo:
            undo()
        self._undo.clear()

    def _on_dialog(self, event: DialogEvent, other: Session) -> None:
        """Who changes its session is answered with the gateway's address, so the other must too."""
        if self.is_direct and isinstance(event, ReInvited | Updated):
            self.is_direct = False
            self._note("gateway")
            other.background.start("media-path", _reclaim(other))

    def _note(self, path: str) -> None:
        self._near.call.note(EventType.MEDIA, {"type": "media_path", "path": path})

    def _stays(self, why: str) -> bool:
        told = {"type": "media_path", "path": "gateway", "reason": why}
        self._near.call.note(EventType.MEDIA, told)
        return False


def _behind_nat(media: MediaSession) -> bool:
    """Whether the audio comes from another address than the far end described."""
    seen = media.stream.stats().remote_ip
    return media.facts is not None and seen not in {None, media.facts.remote_ip}


async def _reinvite(session: Session, body: bytes) -> Outcome:
    answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    if session.leg is not None:
        session.leg.dialog.reinvite(body, settled(answered))
    return await answered


async def _reclaim(session: Session) -> None:
    leg = session.leg
    if leg is None or session.ending.done():
        return
    outcome = await _reinvite(session, leg.media.offer())
    if outcome.success and outcome.body:
        try:
            leg.media.accept(outcome.body)
        except SdpError as unusable:
            told = {"type": "media_path", "error": str(unusable)}
            session.call.note(EventType.MEDIA, told)
