"""What nobody needs any more goes: Idempotency-Keys past their day, devices that left."""

import asyncio

from voxgate.base.clock import Clock
from voxgate.base.log import get_logger
from voxgate.store import idempotency, registrations
from voxgate.store.engine import Connection, Database, StoreUnavailable

log = get_logger("housekeeping")

_EVERY_S = 3600.0


async def keep_house(database: Database, clock: Clock) -> None:
    """Runs until it is cancelled: at once, then every hour."""

    def tidy(connection: Connection) -> None:
        idempotency.forget_old(connection, now=clock.wall())
        registrations.remove_expired(connection, now=clock.wall())

    while True:
        try:
            await database.write(tidy)
        except StoreUnavailable as failure:
            log.warning("housekeeping_failed", reason=str(failure))
        await asyncio.sleep(_EVERY_S)
