"""Two calls that talk through a dial: their room, their audio's path, and what runs beside it."""

from functools import partial

from voxgate.flow.amd import CallAmd
from voxgate.flow.bridge import Bridge
from voxgate.flow.child import ChildCall
from voxgate.flow.context import CallContext
from voxgate.flow.media_path import MediaPath
from voxgate.flow.prompts import entertain
from voxgate.flow.runner import Notes
from voxgate.flow.session import Session
from voxgate.flow.transcription import transcribe_beside
from voxgate.verbs.capabilities.dialling import DialOrder, Nested
from voxgate.verbs.contract import NotNow, Verb, VerbContext
from voxgate.verbs.transcribe import Transcribe

CAPTURES_AT_ONCE = 16  # hooks of captured keys under way; older ones give way
DIRECT = "no-media"


class Talk:
    """`join` for early media already, `begin` once it is answered. The owner must `close()` it."""

    def __init__(self, near: Session, order: DialOrder) -> None:
        self._near = near
        self._order = order
        self._far: Session | None = None
        self._bridge: Bridge | None = None
        self._path: MediaPath | None = None
        self._captures = 0

    def join(self, child: ChildCall) -> None:
        """Both in one room; the keys of either are pressed for the other one too."""
        near = self._near.leg
        if near is None or child.media is None:
            return
        if self._bridge is None:
            self._bridge = Bridge(self._near.ports.open_room())
        self._bridge.join(self._near.call.sid, near.stream)
        self._bridge.join(child.call.sid, child.media.stream)

    def begin(self, child: ChildCall) -> None:
        """Keys, hold, the verbs nested in the dial, and the way of the audio."""
        order, near, far = self._order, self._near, child.session
        self.join(child)
        if self._bridge is None:
            return
        self._far = far
        for session, other, sequences in (
            (near, far, order.capture.parent),
            (far, near, order.capture.child),
        ):
            self._bridge.watch_keys(session, sequences, partial(self._captured, session))
            self._bridge.watch_hold(session, partial(self._held, session, other))
            self._bridge.relay_info_keys(session, other)
        if order.beside.boost_db is not None and far.context is not None:
            far.context.tracks.boost(order.beside.boost_db)
        if order.beside.amd is not None:
            CallAmd(far, told=near).start(order.beside.amd)
        self._start_nested(near, order.beside.on_parent)
        self._start_nested(far, order.beside.on_child)
        self._path = MediaPath(near, far)
        if order.exit_media_path and self._keeps_audio() is None:
            near.background.start("media-path", self._path.release())

    def _start_nested(self, session: Session, verbs: tuple[Nested, ...]) -> None:
        for number, nested in enumerate(verbs):
            if isinstance(nested, Verb):
                work = _run_nested(nested, session, self._near)
                session.background.start(f"dial-{nested.verb}-{number}", work)

    def _keeps_audio(self) -> str | None:
        """What of the dial needs the audio in the gateway."""
        order = self._order
        if order.anchor_media:
            return "anchorMedia"
        if order.capture.parent or order.capture.child:
            return "dtmfCapture"
        return "a nested verb" if order.beside.needs_media else None

    def _captured(self, session: Session, sequence: str) -> None:
        """Told with the base payload of the leg that pressed; the answer changes nothing."""
        hook = self._order.capture.hook
        if hook is not None:
            telling = session.application.action(hook, {"dtmf": sequence}, None)
            self._captures += 1
            session.background.start(f"dtmf-capture-{self._captures % CAPTURES_AT_ONCE}", telling)

    def _held(self, holder: Session, other: Session, held: bool) -> None:  # noqa: FBT001
        hook, music = self._order.hold_hook, other.settings.hold_music
        if not held:
            other.background.stop("on-hold")
        elif hook is not None:
            facts = {"hold_call_sid": holder.call.sid}
            other.background.start("on-hold", entertain(other, _beside(other), hook, lambda: facts))
        elif music is not None:
            other.background.start("on-hold", _hold_music(other, music))

    # Live control.

    @property
    def is_joined(self) -> bool:
        return self._far is not None

    @property
    def is_direct(self) -> bool:
        """Whether the audio does not pass through here."""
        return self._path is not None and self._path.is_direct

    def mute(self, session: Session, *, muted: bool) -> None:
        """Raises NotNow before anybody answered."""
        if self._bridge is None or self._path is None:
            raise NotNow("nobody has answered the dial yet")
        if self._path.is_direct:
            self._near.background.start("media-path", self._path.restore())
        self._bridge.mute(session.call.sid, muted=muted)

    async def media_path(self, path: str) -> None:
        """Raises NotNow when nobody has answered, or something needs the audio here."""
        if self._path is None:
            raise NotNow("nobody has answered the dial yet")
        if path != DIRECT:
            await self._path.restore()
            return
        if (why := self._keeps_audio()) is not None:
            raise NotNow(f"the audio stays in the gateway: {why} needs it")
        await self._path.release()

    # The end.

    def let_far_go(self) -> None:
        """The far leg leaves; what ran beside it for this dial ends."""
        if self._far is None:
            return
        for number, nested in enumerate(self._order.beside.on_child):
            self._far.background.stop(f"dial-{nested.verb}-{number}")
        self._far.background.stop("on-hold")
        if self._bridge is not None:
            self._bridge.let_go(self._far.call.sid)

    def close(self) -> None:
        self.let_far_go()
        self._near.background.stop("on-hold")
        for number, nested in enumerate(self._order.beside.on_parent):
            self._near.background.stop(f"dial-{nested.verb}-{number}")
        if self._path is not None:
            self._path.close()
        if self._bridge is not None:
            self._bridge.close()


async def _run_nested(verb: Verb, session: Session, parent: Session) -> None:
    if isinstance(verb, Transcribe):
        await transcribe_beside(session, verb.order(), parent)
        return
    await verb.run(_beside(session))


async def _hold_music(session: Session, url: str) -> None:
    context = _beside(session)
    while (await context.play(url)).ms > 0:
        pass


def _beside(session: Session) -> VerbContext:
    """The call for verbs that run beside its own."""
    context = session.context
    return context.aside() if context is not None else CallContext(session, Notes())
