"""Connects what answers calls and registrations from outside."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.flow.control import CallControl
from voxgate.flow.guard import Guard
from voxgate.flow.login import LoginPorts, Logins
from voxgate.flow.reception import Reception, ReceptionPorts
from voxgate.flow.registrar import Registrar, RegistrarPorts
from voxgate.flow.ways import Asker, SecretOf
from voxgate.hooks.failures import HookFailed
from voxgate.model.alerts import Alert
from voxgate.provisioning.arrivals import Arrivals
from voxgate.provisioning.calls import CallLog
from voxgate.provisioning.capacity import Capacity
from voxgate.provisioning.devices import Devices
from voxgate.provisioning.directory import Directory
from voxgate.sip.challenges import Challenger
from voxgate.sip.endpoint import Endpoint

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of the gateway that the reception needs."""

    control: CallControl
    directory: Directory
    devices: Devices
    capacity: Capacity
    log: CallLog
    asker: Asker
    secret_of: SecretOf
    raise_alert: Callable[[Alert], None]
    clock: Clock
    digest_algorithms: tuple[str, ...]
    registered_trunks: Callable[[str], tuple[str, ...]]


def open_reception(endpoint: Endpoint, parts: Parts) -> Reception:
    """From here INVITE and REGISTER are answered. The owner must await its `close()`."""
    clock, directory = parts.clock, parts.directory

    def hook_failed(account_sid: str, failed: HookFailed) -> None:
        at, message = clock.wall(), str(failed)
        parts.raise_alert(Alert(at, account_sid, failed.alert_type, message, detail=failed.detail))

    # A restart makes nonces of before stale; every device is then asked once more.
    key = secrets.token_bytes(_KEY_BYTES)
    challenger = Challenger(key, secrets.token_bytes, parts.digest_algorithms)
    login_ports = LoginPorts(
        directory.account, directory.client, parts.asker, parts.secret_of, hook_failed, clock
    )
    logins = Logins(challenger, login_ports)
    guard = Guard(clock)
    registrar_ports = RegistrarPorts(
        directory.atlas, directory.limits, parts.devices, parts.raise_alert, clock
    )
    reception = Reception(
        parts.control,
        logins,
        Registrar(logins, guard, registrar_ports),
        guard,
        ReceptionPorts(
            atlas=directory.atlas,
            numbers_on=directory.numbers_on,
            registered=parts.devices.registered,
            raise_alert=parts.raise_alert,
            arrivals=Arrivals(directory, parts.log, parts.capacity, clock),
            calls=parts.control.ports,
            registered_trunks=parts.registered_trunks,
            clock=clock,
        ),
    )
    endpoint.on_invite(reception.on_invite)
    endpoint.on_request("REGISTER", reception.on_register)
    return reception
