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

    def with_dialog(self, call_id: str, our_tag: str, their_tag: str) -> Session | None:
        """The session whose answered call has this dialog (RFC 3891 section 3)."""
        for session in self._by_call.values():
            leg = session.leg
            if leg is None or not session.call.is_answered or session.call.ended:
                continue
            dialog = leg.dialog
            if (dialog.call_id, dialog.from_tag, dialog.to_tag) == (call_id, our_tag, their_tag):
                return session
        return None

    def of(self, call_sid: str) -> Session | None:
        """The session of a call that has not ended."""
        session = self._by_call.get(call_sid)
        return None if session is None or session.call.ended else session
