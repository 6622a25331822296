"""What an application behind a WebSocket is told of the verbs, and the wait for its commands."""

import asyncio

from voxgate.flow.application import VERB_STATUS
from voxgate.flow.session import Session
from voxgate.verbs.contract import NEXT, Outcome, Verb


class Attendance:
    """The Watcher of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_verb(self, event: str, verb: Verb) -> None:
        if not self._session.settings.notify_events:
            return
        about = {"event": event, "name": verb.verb} | ({"id": verb.id} if verb.id else {})
        self._session.application.tell(VERB_STATUS, about)

    @property
    def more_may_come(self) -> bool:
        return self._session.application.sends_commands

    async def wait(self, arrived: asyncio.Event) -> Outcome:
        await arrived.wait()
        return NEXT
