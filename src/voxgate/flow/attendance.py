"""What goes with the running verb: what the application is told, and speech rendered ahead.

And the wait for the commands of an application behind a WebSocket.
"""

import asyncio

from voxgate.flow.application import VERB_STATUS
from voxgate.flow.session import Session
from voxgate.model.calls import EventType
from voxgate.verbs.contract import NEXT, Outcome, Verb, VerbContext
from voxgate.verbs.filler import Company, GivenUp

AHEAD = "speech ahead"
GOES_ON = frozenset({"say", "play", "pause"})


class Attendance:
    """The Watcher of one session."""

    def __init__(self, session: Session, context: VerbContext) -> None:
        self._session = session
        self._context = context

    def on_verb(self, event: str, verb: Verb) -> None:
        if event == "starting":
            self._render_ahead(verb)
        if not self._session.settings.notify_events:
            return
        about = {"event": event, "name": verb.verb} | ({"id": verb.id} if verb.id else {})
        self._session.application.tell(VERB_STATUS, about)

    def _render_ahead(self, verb: Verb) -> None:
        """FS#816: what is said next is ready when its turn comes.

        Only during verbs that say where it goes on: after a gather the application decides.
        """
        runner, settings = self._session.runner, self._session.settings
        if runner is None or verb.verb not in GOES_ON or not settings.cache_speech:
            return
        coming = runner.coming
        phrases = (*verb.speech()[1:], *(coming.speech() if coming is not None else ()))
        if phrases:
            self._session.background.start(AHEAD, self._session.prepare(phrases))

    @property
    def more_may_come(self) -> bool:
        return self._session.application.sends_commands

    async def wait(self, arrived: asyncio.Event) -> Outcome:
        """With the session's company for a slow application (contract 5.3)."""
        delay = self._session.settings.take_delay()
        company = Company(self._context, noise=None, delay=delay, on_filler=self._note_filler)
        try:
            await company.during(arrived.wait())
        except GivenUp as why:
            return await company.give_up(why)
        return NEXT

    def _note_filler(self, action: Verb) -> None:
        """No verb runs on whose timeline entry it could stand."""
        data = {"verb": action.verb, "phase": "filler"} | action.facts()
        self._session.call.note(EventType.VERB, data)
