"""A number that every provisioning write of every process raises."""

from sqlalchemy import Connection, select

from voxgate.store.tables import GENERATION

_ONLY = 1


def current(connection: Connection) -> int:
    """0 before the first write."""
    found = connection.execute(select(GENERATION.c.number)).scalar_one_or_none()
    return found or 0


def raise_it(connection: Connection) -> int:
    """The new number; part of the writer's own transaction."""
    update = GENERATION.update().values(number=GENERATION.c.number + 1)
    if connection.execute(update).rowcount == 0:
        connection.execute(GENERATION.insert().values(id=_ONLY, number=1))
    return current(connection)
