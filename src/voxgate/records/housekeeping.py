"""What nobody needs any more goes: Idempotency-Keys past their 24 hours."""

import asyncio
from functools import partial

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.store import idempotency
from voxgate.store.engine import Database, StoreUnavailable

log = get_logger("housekeeping")

_EVERY_S = 3600.0


async def keep_house(database: Database, clock: Clock) -> None:
    """Runs until it is cancelled: at once, then every hour."""
    while True:
        try:
            await database.write(partial(idempotency.forget_old, now=clock.wall()))
        except StoreUnavailable as failure:
            log.warning("housekeeping_failed", reason=str(failure))
        await asyncio.sleep(_EVERY_S)
