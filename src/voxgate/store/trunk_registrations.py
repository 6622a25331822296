"""How the registrations of carriers stand, as the API shows them."""

from typing import Any

from sqlalchemy import Connection, delete, select

from voxgate.store.tables import TRUNK_REGISTRATIONS

Status = dict[str, Any]


def put(connection: Connection, voip_carrier_sid: str, status: Status) -> None:
    remove(connection, voip_carrier_sid)
    values = {"voip_carrier_sid": voip_carrier_sid, "status": status}
    connection.execute(TRUNK_REGISTRATIONS.insert().values(values))


def remove(connection: Connection, voip_carrier_sid: str) -> None:
    rule = TRUNK_REGISTRATIONS.c.voip_carrier_sid == voip_carrier_sid
    connection.execute(delete(TRUNK_REGISTRATIONS).where(rule))


def everything(connection: Connection) -> dict[str, Status]:
    """By the carrier's sid."""
    return {
        row.voip_carrier_sid: row.status for row in connection.execute(select(TRUNK_REGISTRATIONS))
    }
