"""SIP gateways: the addresses of carriers."""

from collections.abc import Sequence

from sqlalchemy import Connection

from voxgate.base.secrets import SecretBox
from voxgate.model.carriers import Gateway
from voxgate.store.rows import Rows
from voxgate.store.tables import GATEWAYS

_ROWS = Rows(GATEWAYS, Gateway, order=[GATEWAYS.c.priority, GATEWAYS.c.created_at])

insert = _ROWS.insert
get = _ROWS.get
update = _ROWS.update
delete = _ROWS.delete


def of_carriers(
    connection: Connection, box: SecretBox, voip_carrier_sids: Sequence[str]
) -> list[Gateway]:
    """By priority, then age."""
    return _ROWS.many(connection, box, GATEWAYS.c.voip_carrier_sid.in_(voip_carrier_sids))


def to_ping(connection: Connection, box: SecretBox) -> list[Gateway]:
    """Active outbound gateways of all tenants that asked for OPTIONS pings."""
    return _ROWS.many(
        connection,
        box,
        GATEWAYS.c.send_options_ping.is_(True),
        GATEWAYS.c.is_active.is_(True),
        GATEWAYS.c.outbound.is_(True),
    )


def twin(connection: Connection, gateway: Gateway) -> bool:
    """Does its carrier have this address, port and protocol already?"""
    port = GATEWAYS.c.port
    return bool(
        _ROWS.count(
            connection,
            GATEWAYS.c.voip_carrier_sid == gateway.voip_carrier_sid,
            GATEWAYS.c.host == gateway.host,
            port.is_(None) if gateway.port is None else port == gateway.port,
            GATEWAYS.c.protocol == gateway.protocol,
            GATEWAYS.c.netmask == gateway.netmask,
            GATEWAYS.c.sip_gateway_sid != gateway.sip_gateway_sid,
        )
    )
