"""Dialling, transfers, requests and keys of one call: the `dialling` that its verbs are given.

Live control uses the same object: what cannot be done in the present state raises NotNow.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from voxgate.call import outcome
from voxgate.call.leg import Leg
from voxgate.flow.child import ChildCall
from voxgate.flow.dial import RunningDial
from voxgate.flow.requests import FarEndRequests
from voxgate.flow.session import Ending, Session
from voxgate.flow.transfer import OutgoingRefer, Replaces, settled
from voxgate.media.errors import MediaError
from voxgate.media.events import DigitsSent, MediaEvent
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.sip.dialog.events import (
    Outcome,
)
from voxgate.verbs.capabilities.dialling import (
    DialOrder,
    DialResult,
    ReferOrder,
    ReferResult,
    SipAnswer,
)
from voxgate.verbs.contract import Document, NotNow

KEY_GAP_MS = 250
KEYS_AFTER_S = 0.75  # the contract's pause after the last key
# What begins, changes or ends a call is the gateway's own to send.
INSIDE = ("INFO", "MESSAGE", "NOTIFY", "OPTIONS", "PUBLISH")
PLAIN_TEXT = "text/plain"


class CallDialling:
    """One per call, whatever applications run on it. See `Dialling` for what verbs may do."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dial: RunningDial | None = None
        FarEndRequests(session, lambda: self._current)

    @property
    def _leg(self) -> Leg:
        leg = self._session.leg
        if leg is None or not self._session.call.is_answered:
            raise NotNow("the call was not answered")
        return leg

    # Verbs.

    async def dial(self, order: DialOrder) -> DialResult | None:
        running = self._dial = RunningDial(
            self._session, order, on_joined=self._joined, pick_up=self._pick_up
        )
        try:
            return await running.run()
        finally:
            self._dial = None

    def _joined(self, dial: RunningDial, far: Session) -> None:
        """Live control and REFER of the dialled leg concern the same dial."""
        if isinstance(far.dialling, CallDialling):
            far.dialling.take_part(dial)

    def _pick_up(self, replaces: Replaces) -> ChildCall | None:
        """Whom a far end of ours has arranged a transfer with, over a call of this process."""
        session = self._session.ports.session_with(
            replaces.call_id, replaces.our_tag, replaces.their_tag
        )
        own = self._session.call.record.account_sid
        if not isinstance(session, Session) or session.call.record.account_sid != own:
            return None
        dialling = session.dialling
        return dialling.give_up_child() if isinstance(dialling, CallDialling) else None

    def give_up_child(self) -> ChildCall | None:
        """Whom this call has dialled, for somebody else; the call itself is over then."""
        dial = self._current
        if dial is None or dial.is_child(self._session) or dial.other(self._session) is None:
            return None
        child = dial.give_up()
        self._session.end(Ending(outcome.TRANSFERRED))
        return child

    @property
    def _current(self) -> RunningDial | None:
        """The dial this call takes part in, from either side."""
        dial = self._dial
        return dial if dial is not None and dial.includes(self._session) else None

    def take_part(self, dial: RunningDial) -> None:
        """The call was dialled, and has been joined with who dialled it."""
        self._dial = dial

    async def refer(self, order: ReferOrder) -> ReferResult:
        refer = OutgoingRefer(self._session, self._leg, order)
        try:
            result = await refer.run()
        except asyncio.CancelledError:
            # The far end that was transferred hangs up; the application is told all the same.
            if refer.result is not None and self._session.ending.done():
                self._session.last_words(self._report(order, refer.result))
            raise
        if order.action_hook is None:
            return result
        answer = await asyncio.shield(self._session.last_words(self._report(order, result)))
        return replace(result, answer=answer)

    async def _report(self, order: ReferOrder, result: ReferResult) -> Document | None:
        if order.action_hook is None:
            return None
        application = self._session.application
        return await application.action(order.action_hook, result.to_json(), order.verb_id)

    async def request(
        self, method: str, headers: Mapping[str, str], body: str | None, content_type: str | None
    ) -> SipAnswer:
        if method not in INSIDE:
            raise NotNow(f"{method} cannot be sent inside a call; {', '.join(INSIDE)} can")
        answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._leg.dialog.request(
            method,
            headers=tuple(headers.items()),
            body=(body or "").encode(),
            content_type=content_type or PLAIN_TEXT,
            listener=settled(answered),
        )
        answer = await answered
        told: Json = {"type": "sip_request", "method": method, "sip_status": answer.status}
        self._session.call.note(EventType.MEDIA, told)
        return SipAnswer(answer.status, answer.reason, answer.failure)

    async def send_digits(self, digits: str, duration_ms: int) -> None:
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[None] = loop.create_future()

        def heard(event: MediaEvent) -> None:
            if isinstance(event, DigitsSent) and not sent.done():
                sent.set_result(None)

        stop = self._session.listen_to_media(heard)
        try:
            self.press(digits, duration_ms)
            await sent
        finally:
            stop()
        await asyncio.sleep(KEYS_AFTER_S)

    # Live control.

    def press(self, digits: str, duration_ms: int) -> None:
        """Send keys to this leg's far end without waiting."""
        leg = self._session.leg
        if leg is None:
            raise NotNow("the call has no media")
        try:
            leg.stream.send_digits(digits, duration_ms=duration_ms, gap_ms=KEY_GAP_MS)
        except MediaError as refused:
            raise NotNow(f"the far end takes no keys: {refused}") from refused

    def mute(self, *, muted: bool) -> None:
        if (dial := self._current) is None:
            raise NotNow("no dial to mute")
        dial.talk.mute(self._session, muted=muted)

    def redirect_child(self, hook: Hook) -> None:
        """Give the dialled leg an application of its own; asked for at once, carried out after."""
        dial, far = self._joined_with()

        async def first() -> Document:
            return await far.application.redirected(hook)

        dial.emancipate(first)

    def replace_child(self, document: Document) -> None:
        dial, _ = self._joined_with()

        async def first() -> Document:
            return document

        dial.emancipate(first)

    def check_audio(self) -> None:
        if (dial := self._current) is not None and dial.talk.is_direct:
            raise NotNow("the audio goes straight between the far ends; ask for full-media first")

    def check_joined(self) -> None:
        self._joined_with()

    def _joined_with(self) -> tuple[RunningDial, Session]:
        if (dial := self._current) is None:
            raise NotNow("there is no dialled call")
        far = dial.other(self._session)
        if far is None:
            raise NotNow("nobody has answered the dial yet")
        return dial, far

    async def media_path(self, path: str) -> None:
        if (dial := self._current) is None:
            raise NotNow("no dial to take out of the media path")
        await dial.talk.media_path(path)
