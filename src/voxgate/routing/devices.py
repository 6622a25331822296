"""Where a logged-in device's call goes: a queue, a room, an application, another user (11.3). Pure.

`queue-<name>`, `conference-<name>` and `app-<sid>` in the user part lead straight there, if the
device may.
"""

import json
from dataclasses import dataclass

from voxgate.base.ids import is_sid
from voxgate.model.devices import Client
from voxgate.model.inbound import Tenant
from voxgate.routing.inbound import INACTIVE, NO_APPLICATION, Chosen, Refusal

_FORBIDDEN = "this device may not call there"


@dataclass(frozen=True, slots=True)
class Permissions:
    """Whom a device may call without an application in between."""

    applications: bool = True
    queues: bool = True
    users: bool = True

    @classmethod
    def of(cls, client: Client | None) -> "Permissions":
        """A device that the account's own registration hook let in may do everything."""
        if client is None:
            return cls()
        return cls(
            client.allow_direct_app_calling,
            client.allow_direct_queue_calling,
            client.allow_direct_user_calling,
        )


@dataclass(frozen=True, slots=True)
class DeviceCall:
    """A logged-in device's INVITE; `callee_registered`: the user it calls has a contact now."""

    user: str
    caller: str
    tenant: Tenant
    permissions: Permissions
    callee_registered: bool
    own_application_sid: str | None = None  # what the registration hook chose for this device


def choose_for_device(call: DeviceCall) -> Chosen | Refusal:
    account_sid = call.tenant.account_sid
    if not call.tenant.is_active:
        return Refusal(503, x_reason=INACTIVE, account_sid=account_sid)
    for wish in (_prefixed, _another_user):
        if (direct := wish(call)) is not None:
            return direct
    application_sid = call.own_application_sid or call.tenant.device_calling_application_sid
    if application_sid is None:
        return Refusal(480, x_reason=NO_APPLICATION, account_sid=account_sid)
    return Chosen(account_sid, application_sid, reason="the account's application for devices")


def _prefixed(call: DeviceCall) -> Chosen | Refusal | None:
    kind, _, name = call.user.partition("-")
    if not name or kind not in {"queue", "conference", "app"}:
        return None
    if kind == "app" and not is_sid(name):
        return None
    account_sid, may = call.tenant.account_sid, call.permissions
    if not (may.applications if kind == "app" else may.queues):
        return Refusal(403, x_reason=_FORBIDDEN, account_sid=account_sid)
    reason = f"the device {call.caller!r} calls {call.user!r}"
    if kind == "app":
        return Chosen(account_sid, name.lower(), reason=reason)
    verb = "dequeue" if kind == "queue" else "conference"
    document = json.dumps([{"verb": verb, "name": name}])
    return Chosen(account_sid, app_json=document, reason=reason)


def _another_user(call: DeviceCall) -> Chosen | Refusal | None:
    if not call.callee_registered:
        return None
    account_sid = call.tenant.account_sid
    if not call.permissions.users:
        return Refusal(403, x_reason=_FORBIDDEN, account_sid=account_sid)
    target = {"type": "user", "name": call.user}
    dial = {"verb": "dial", "target": [target], "answerOnBridge": True, "callerId": call.caller}
    reason = f"the device {call.caller!r} calls the user {call.user!r}"
    return Chosen(account_sid, app_json=json.dumps([dial]), reason=reason)
