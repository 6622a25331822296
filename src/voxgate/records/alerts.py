"""Alert rows (contract 10.1) made from what happened to a call."""

from voxgate.model.alerts import Alert
from voxgate.model.calls import Call, CallEvent


def alert_of(call: Call, event: CallEvent) -> Alert:
    """The row beside an `alert` event."""
    data = event.data
    return Alert(
        at=event.at,
        account_sid=call.account_sid,
        service_provider_sid=call.service_provider_sid,
        alert_type=data["alert_type"],
        message=data["message"],
        detail=data.get("detail"),
        target_sid=call.call_sid,
        vendor=data.get("vendor"),
    )


class AlertBrake:
    """Lets the same alert through once per `every_s`: a dead host fails thousands of calls."""

    def __init__(self, *, every_s: float = 60.0, most: int = 10_000) -> None:
        self._every_s = every_s
        self._most = most
        self._last: dict[tuple[str, str, str], float] = {}

    def lets_through(self, alert: Alert) -> bool:
        key = (alert.account_sid, alert.alert_type, alert.message)
        last = self._last.get(key)
        if last is not None and alert.at - last < self._every_s:
            return False
        if len(self._last) >= self._most:
            self._last.clear()  # forgetting lets an alert through early, which harms nobody
        self._last[key] = alert.at
        return True
