"""Runs a session's application, from its first document to the end of the call."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from voxgate.base.log import get_logger
from voxgate.base.tasks import forget
from voxgate.call import outcome
from voxgate.call.call import LiveCall
from voxgate.flow.application import NoDocument
from voxgate.flow.attendance import Attendance
from voxgate.flow.context import CallContext
from voxgate.flow.fallback import first_document
from voxgate.flow.inbox import CommandInbox
from voxgate.flow.runner import Notes, Runner
from voxgate.flow.session import Ending, Session
from voxgate.model.calls import CallStatus, Outcome
from voxgate.verbs.contract import Document

log = get_logger("flow")

FirstDocument = Callable[[], Awaitable[Document]]

_APP_FAULTS = {
    "empty": outcome.APP_EMPTY,
    "invalid": outcome.APP_INVALID,
    "failed": outcome.APP_FAILED,
}
_BYE_REASONS = {
    outcome.TIME_LIMIT: "Max Call Duration",
    outcome.MEDIA_TIMEOUT: "Media Timeout",
}


async def conduct(session: Session, limit_s: float, first: FirstDocument | None = None) -> Ending:
    """Run the application until the session ends, after `limit_s` at the latest, and say why.

    `first` gives its first document; without it the application is asked as for a new call.
    """
    loop = asyncio.get_running_loop()
    limit = loop.call_later(limit_s, session.end, Ending(outcome.TIME_LIMIT))
    try:
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(_run_application(session, first), name="application")
            ending = await session.ending
            work.cancel()
    finally:
        limit.cancel()
    forget(work)
    return ending


async def carry_through(
    call: LiveCall, work: Coroutine[Any, Any, None], break_off: Callable[[Outcome], None]
) -> None:
    """Run a call's `work`, which must not leave it without its end; cancellation passes through."""
    try:
        await work
    except asyncio.CancelledError:
        break_off(outcome.own(outcome.SHUTDOWN, 503, "Shutdown"))
        raise
    except Exception:  # boundary: a call must end with its terminal event
        log.exception("call_failed", call_sid=call.sid)
        break_off(outcome.own(outcome.INTERNAL, 500, "Internal Server Error"))


def hang_up(session: Session, ending: Ending) -> None:
    """End an answered call: BYE, unless the far end was first, and the terminal event."""
    if ending.leg is not None and ending.leg.cause is None:
        session.call.end(
            CallStatus.COMPLETED,
            outcome.hung_up(ending.leg.reason),
            by="caller",
            headers=ending.leg.headers,
        )
        return
    headers = dict(ending.headers)
    if ending.cause in _BYE_REASONS:
        headers["X-Reason"] = _BYE_REASONS[ending.cause]
    if session.leg is not None:
        session.leg.hang_up(headers)
    session.call.end(CallStatus.COMPLETED, outcome.own(ending.cause, 200, "OK"), by="jambonz")


async def _run_application(session: Session, first: FirstDocument | None) -> None:
    """Returns once the verbs ran out; the session has then been told why it ends.

    Only cancellation ends it early: the call is over.
    """
    notes = Notes()
    session.context = CallContext(session, notes)
    session.runner = Runner(
        session.call, session.context, notes, session.line, Attendance(session, session.context)
    )
    session.application.take_command = CommandInbox(session).put
    try:
        await session.runner.run(first or partial(first_document, session))
    except NoDocument as nothing:
        session.end(Ending(_APP_FAULTS[nothing.kind], detail=str(nothing)))
    except Exception:  # boundary: a verb's bug must not leave the far end in silence
        log.exception("application_failed", call_sid=session.call.sid)
        session.end(Ending(outcome.INTERNAL))
    else:
        session.end(Ending(outcome.APP_DONE))
