"""What a far end asks inside a call: a transfer, or that the application hears of INFO and MESSAGE."""

from collections.abc import Callable

from voxgate.flow.dial import RunningDial
from voxgate.flow.session import Session
from voxgate.flow.transfer import IncomingRefer, part
from voxgate.model.calls import EventType, Json
from voxgate.model.hooks import Hook
from voxgate.sip.dialog.events import DialogEvent, InfoReceived, MessageReceived, ReferReceived
from voxgate.sip.message import Headers
from voxgate.sip.private import may_be_told

ASKED_AT_ONCE = 16  # requests of a far end that the application is told; older ones give way
_DTMF_INFO = ("application/dtmf-relay", "application/dtmf")


class FarEndRequests:
    """Of one call, from its making to its end; `dial` is the one it takes part in now."""

    def __init__(self, session: Session, dial: Callable[[], RunningDial | None]) -> None:
        self._session = session
        self._dial_of_the_moment = dial
        self._asked_times = 0
        session.listen_to_dialog(self._on_dialog)

    def _on_dialog(self, event: DialogEvent) -> None:
        match event:
            case ReferReceived():
                self._referred(event)
            case InfoReceived() | MessageReceived():
                self._asked(event)
            case _:
                pass

    def _refer_hook(self) -> Hook | None:
        dial = self._dial_of_the_moment()
        of_dial = dial.order.refer_hook if dial is not None else None
        return of_dial or self._session.settings.refer_hook

    def _referred(self, event: ReferReceived) -> None:
        hook = self._refer_hook()
        if hook is None:
            event.respond(501, "Not Implemented")
            return
        event.respond(202, "Accepted")
        self._session.call.note(EventType.MEDIA, {"type": "refer_received"})
        dial = self._dial_of_the_moment()
        other = dial.other(self._session) if dial is not None else None
        # It belongs to who stays: a referrer often hangs up as soon as it is told 202.
        stays = other or self._session
        stays.background.start("transfer", self._transfer(event, hook, dial, other))

    async def _transfer(
        self, event: ReferReceived, hook: Hook, dial: RunningDial | None, other: Session | None
    ) -> None:
        refer = IncomingRefer(self._session, event)
        if dial is None or other is None:
            await refer.run(hook, None, self._session.replace)
            return
        dial.begin_transfer()
        try:
            succeeded = await refer.run(
                hook, other, lambda document: dial.hand_over(self._session, document)
            )
        finally:
            dial.end_transfer()
        if succeeded or (refer.handed_over and dial.is_child(self._session)):
            await part(self._session)

    def _asked(self, event: InfoReceived | MessageReceived) -> None:
        """Keys are the leg's; everything else goes to the hook that wants requests, if any."""
        kind = (event.content_type or "").partition(";")[0].strip().lower()
        hook = self._session.settings.sip_request_hook
        if hook is None or kind in _DTMF_INFO:
            return
        method = "INFO" if isinstance(event, InfoReceived) else "MESSAGE"
        body = event.body.decode(errors="replace")
        asked: Json = {"sip_method": method, "sip_body": body, "sip_headers": _plain(event.headers)}
        self._asked_times += 1
        name = f"sip-request-{self._asked_times % ASKED_AT_ONCE}"
        self._session.background.start(name, self._session.report(hook, asked))


def _plain(headers: Headers) -> Json:
    return {name: value for name, value in headers if may_be_told(name)}
