"""What somebody hears who waits: the verbs of a hook, once or again and again."""

import asyncio
from collections.abc import Callable, Iterable

from voxgate.flow.session import Session
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.verbs.contract import Document, VerbContext

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
