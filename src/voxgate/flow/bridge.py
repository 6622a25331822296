"""Two calls joined in one room of the media core: who hears whom, keys, hold, and who is muted."""

from collections.abc import Callable

from voxgate.flow.keys import KeySequences
from voxgate.flow.session import Session
from voxgate.media.errors import MediaError
from voxgate.media.room import Room, Seat
from voxgate.media.stream import Stream
from voxgate.verbs.contract import NotNow

BY_INFO = 0  # how long a leg says a key lasted that came as INFO
INFO_KEY_MS = 160


class Bridge:
    """The owner must `close()` it; then both are as they were, alone with their applications."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._seats: dict[str, Seat] = {}  # by call_sid
        self._undo: list[Callable[[], None]] = []

    def join(self, call_sid: str, stream: Stream) -> None:
        """Take a call in; again is the same as once."""
        if call_sid not in self._seats:
            seat = self._seats[call_sid] = stream.join(self._room)
            seat.relay_digits(relays=True)

    def mute(self, call_sid: str, *, muted: bool) -> None:
        """Raises NotNow for a call that is not in it."""
        seat = self._seats.get(call_sid)
        if seat is None:
            raise NotNow("the calls are not joined yet")
        seat.mute(muted)

    def watch_keys(
        self, session: Session, sequences: tuple[str, ...], told: Callable[[str], None]
    ) -> None:
        """`told(sequence)` whenever the far end of `session` has pressed one of these."""
        if not sequences or session.leg is None:
            return
        keys = KeySequences(sequences)

        def press(digit: str, _duration_ms: int) -> None:
            if (found := keys.press(digit)) is not None:
                told(found)

        self._undo.append(session.leg.listen_for_digits(press))

    def relay_info_keys(self, session: Session, other: Session) -> None:
        """Keys that come as INFO are pressed for the other leg; those in RTP pass by themselves."""
        leg = session.leg
        if leg is None:
            return

        def press(digit: str, duration_ms: int) -> None:
            if duration_ms == BY_INFO and other.leg is not None:
                try:
                    other.leg.stream.send_digits(digit, duration_ms=INFO_KEY_MS)
                except MediaError:
                    return  # a far end that takes no keys

        self._undo.append(leg.listen_for_digits(press))

    def watch_hold(self, session: Session, told: Callable[[bool], None]) -> None:
        """`told(True)` when the far end of `session` holds the call, `told(False)` afterwards."""
        session.on_hold = told
        self._undo.append(lambda: setattr(session, "on_hold", lambda _held: None))

    def let_go(self, call_sid: str) -> None:
        """One leaves; the other stays in an empty room."""
        seat = self._seats.pop(call_sid, None)
        if seat is not None:
            seat.leave()

    def close(self) -> None:
        for undo in self._undo:
            undo()
        self._undo.clear()
        for call_sid in list(self._seats):
            self.let_go(call_sid)
        self._room.close()
