"""What somebody hears who waits or is asked: the verbs of a hook, once or again and again."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from voxgate.flow.session import Session
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import Told
from voxgate.verbs.contract import Document, Replace, Step, VerbContext

PROMPTS = frozenset({"say", "play", "pause"})
ROUND_S = 1.0  # a round that is shorter is followed by a pause: a hook is not asked in a frenzy
RETRY_S_MAX = 15.0


async def perform(
    session: Session, context: VerbContext, document: Document, allowed: Iterable[str] = PROMPTS
) -> None:
    """Run the verbs that are allowed here; the others are alerts."""
    permitted = frozenset(allowed)
    for verb in document.verbs:
        if verb.verb in permitted:
            await verb.run(context)
        else:
            session.call.alert("invalid-app-payload", f"{verb.verb} is not allowed while waiting")


async def converse(
    session: Session, context: VerbContext, document: Document, allowed: Iterable[str]
) -> None:
    """Like `perform`, and what the hooks of these verbs answer is performed in their place."""
    permitted = frozenset(allowed)
    verbs = deque(document.verbs)
    while verbs:
        verb = verbs.popleft()
        if verb.verb not in permitted:
            session.call.alert("invalid-app-payload", f"{verb.verb} is not allowed here")
            continue
        outcome = await verb.run(context)
        if outcome is Step.ENDED:
            return
        if isinstance(outcome, Replace):
            verbs = deque(outcome.document.verbs)


async def perform_once(session: Session, context: VerbContext, hook: Hook) -> None:
    document = await session.application.action(hook, {}, None)
    if document is not None:
        await perform(session, context, document)


async def entertain(
    session: Session,
    context: VerbContext,
    hook: Hook,
    facts: Callable[[], Json],
    allowed: Iterable[str] = PROMPTS,
) -> None:
    """Ask, perform, ask again, until cancelled."""
    loop = asyncio.get_running_loop()
    pause_s = ROUND_S
    while True:
        began = loop.time()
        document = await session.application.action(hook, facts(), None)
        if document is not None:
            await perform(session, context, document, allowed)
        if loop.time() - began >= ROUND_S and document is not None:
            pause_s = ROUND_S
            continue
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, RETRY_S_MAX)


def _no_facts() -> Json:
    return {}


async def entertain_until(
    over: Coroutine[Any, Any, None],
    session: Session,
    context: VerbContext,
    hook: Hook | None,
    *,
    facts: Callable[[], Json] = _no_facts,
    allowed: Iterable[str] = PROMPTS,
) -> None:
    """Let the far end hear what the hook says, or nothing without one, until `over` returns."""
    if hook is None:
        await over
        return
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(
            entertain(session, context, hook, facts, allowed), name="entertain"
        )
        await over
        playing.cancel()


async def first_of(wait: Coroutine[Any, Any, object], future: "asyncio.Future[Any]") -> None:
    """Return when either is done; `future` is left as it is."""
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wait)
        await asyncio.wait({waiting, future}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


async def before(future: "asyncio.Future[Any]", work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, but break it off once `future` is done."""
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work)
        await asyncio.wait({working, future}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()


def tell_after_end(session: Session, done: Told | None, facts: Json) -> None:
    """Tell an action hook that its call ended while the verb ran; nothing when it did not."""
    if done is not None and session.ending.done():
        telling = session.application.action(done.hook, dict(facts), done.verb_id)
        session.last_words(telling)
