"""Alerts of accounts, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select

from voxgate.model.alerts import Alert
from voxgate.store.tables import ALERTS


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Of an account or of a whole provider; `start` and `end` are seconds since 1970."""

    account_sid: str | None = None
    service_provider_sid: str | None = None
    alert_type: str | None = None
    start: float | None = None
    end: float | None = None


def add(connection: Connection, alerts: Sequence[Alert]) -> None:
    if alerts:
        connection.execute(ALERTS.insert(), [_to_row(alert) for alert in alerts])


def page(
    connection: Connection, wanted: AlertFilter, *, offset: int, limit: int
) -> tuple[int, list[Alert]]:
    """How many there are in all, and one page of them."""
    rule = _rule(wanted)
    total = connection.execute(select(func.count()).select_from(ALERTS).where(*rule)).scalar_one()
    rows = connection.execute(
        select(ALERTS)
        .where(*rule)
        .order_by(ALERTS.c.at.desc(), ALERTS.c.alert_id.desc())
        .offset(offset)
        .limit(limit)
    )
    return total, [_to_alert(row) for row in rows]


def remove_of_account(connection: Connection, account_sid: str) -> None:
    connection.execute(delete(ALERTS).where(ALERTS.c.account_sid == account_sid))


def _rule(wanted: AlertFilter) -> list[ColumnElement[bool]]:
    rule: list[ColumnElement[bool]] = []
    if wanted.account_sid is not None:
        rule.append(ALERTS.c.account_sid == wanted.account_sid)
    if wanted.service_provider_sid is not None:
        rule.append(ALERTS.c.service_provider_sid == wanted.service_provider_sid)
    if wanted.alert_type is not None:
        rule.append(ALERTS.c.alert_type == wanted.alert_type)
    if wanted.start is not None:
        rule.append(ALERTS.c.at >= wanted.start)
    if wanted.end is not None:
        rule.append(ALERTS.c.at <= wanted.end)
    return rule


def _to_row(alert: Alert) -> dict[str, Any]:
    return {
        "at": alert.at,
        "account_sid": alert.account_sid,
        "service_provider_sid": alert.service_provider_sid,
        "alert_type": alert.alert_type,
        "message": alert.message,
        "detail": alert.detail,
        "target_sid": alert.target_sid,
        "vendor": alert.vendor,
    }


def _to_alert(row: Row[Any]) -> Alert:
    return Alert(
        at=row.at,
        account_sid=row.account_sid,
        alert_type=row.alert_type,
        message=row.message,
        service_provider_sid=row.service_provider_sid,
        detail=row.detail,
        target_sid=row.target_sid,
        vendor=row.vendor,
    )
