"""The sessions of this process by the sid of their call: where live control finds them."""

from collections.abc import Callable

from voxgate.flow.session import Session


class Sessions:
    """Callers, callees and dialled legs alike."""

    def __init__(self) -> None:
        self._by_call: dict[str, Session] = {}

    def enlist(self, session: Session) -> Callable[[], None]:
        """Call the result when the session is over; safe to call again."""
        sid = session.call.sid
        self._by_call[sid] = session

        def delist() -> None:
            if self._by_call.get(sid) is session:
                del self._by_call[sid]

        return delist

    def of(self, call_sid: str) -> Session | None:
        """The session of a call that has not ended."""
        session = self._by_call.get(call_sid)
        return None if session is None or session.call.ended else session
