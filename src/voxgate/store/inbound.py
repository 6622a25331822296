"""Who may be calling: trunks by their addresses, tenants by their realms, numbers by their digits."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, or_, select

from voxgate.base.secrets import SecretBox
from voxgate.model.inbound import Entrance, Tenant, Trunk
from voxgate.model.numbers import PhoneNumber
from voxgate.store.hooks import opened_text
from voxgate.store.tables import ACCOUNTS, CARRIERS, GATEWAYS, PHONE_NUMBERS

_MANY = 500  # what fits into one IN () of every database


def tenants(connection: Connection) -> list[Tenant]:
    columns = (
        ACCOUNTS.c.account_sid,
        ACCOUNTS.c.service_provider_sid,
        ACCOUNTS.c.sip_realm,
        ACCOUNTS.c.is_active,
        ACCOUNTS.c.device_calling_application_sid,
    )
    return [Tenant(*row) for row in connection.execute(select(*columns))]


def trunks(connection: Connection, box: SecretBox) -> list[Trunk]:
    """Active carriers that somebody may call from: by address, by password, or both."""
    columns = (
        CARRIERS.c.voip_carrier_sid,
        CARRIERS.c.name,
        CARRIERS.c.account_sid,
        CARRIERS.c.service_provider_sid,
        CARRIERS.c.application_sid,
        CARRIERS.c.trunk_type,
        CARRIERS.c.inbound_auth_username,
        CARRIERS.c.register_username,
        CARRIERS.c.inbound_auth_password,
    )
    # The gateway's own carrier, which belongs to nobody, only takes calls.
    owned = CARRIERS.c.service_provider_sid.is_not(None) | CARRIERS.c.account_sid.is_not(None)
    found = connection.execute(select(*columns).where(CARRIERS.c.is_active.is_(True), owned))
    return [
        Trunk(*row[:7], register_username=row[7], inbound_auth_password=opened_text(row[8], box))
        for row in found
    ]


def entrances(connection: Connection) -> list[Entrance]:
    question = select(GATEWAYS.c.voip_carrier_sid, GATEWAYS.c.host, GATEWAYS.c.netmask).where(
        GATEWAYS.c.inbound.is_(True), GATEWAYS.c.is_active.is_(True)
    )
    return [Entrance(*row) for row in connection.execute(question)]


def numbers(
    connection: Connection, number: str, voip_carrier_sids: Sequence[str]
) -> list[PhoneNumber]:
    """This number on these carriers or on none."""
    return _numbers(connection, voip_carrier_sids, PHONE_NUMBERS.c.number == number)


def patterns(connection: Connection, voip_carrier_sids: Sequence[str]) -> list[PhoneNumber]:
    """Wildcards and regular expressions on these carriers or on none."""
    number = PHONE_NUMBERS.c.number
    is_pattern = number.like("^%") | number.like("%*")
    return _numbers(connection, voip_carrier_sids, is_pattern)


def _numbers(
    connection: Connection, voip_carrier_sids: Sequence[str], rule: ColumnElement[bool]
) -> list[PhoneNumber]:
    carrier = PHONE_NUMBERS.c.voip_carrier_sid
    of_them = or_(carrier.in_(voip_carrier_sids[:_MANY]), carrier.is_(None))
    question = select(PHONE_NUMBERS).where(of_them, rule).order_by(PHONE_NUMBERS.c.created_at)
    return [PhoneNumber(**row) for row in connection.execute(question).mappings()]
