"""SIP gateways: the addresses of a carrier."""

import ipaddress
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from voxgate.base.ids import new_sid
from voxgate.model.carriers import Carrier, Gateway
from voxgate.provisioning import carriers as carrier_rules
from voxgate.provisioning.addresses import host_problem
from voxgate.provisioning.drafts import Draft, Flag, Sid, host_name
from voxgate.provisioning.errors import FieldError, Invalid, NotFound, Unprocessable
from voxgate.provisioning.inventory import Inventory
from voxgate.provisioning.permissions import Principal
from voxgate.provisioning.reach import unknown
from voxgate.store import carriers, gateways
from voxgate.store.engine import Connection


def _ipv4_or_name(text: str) -> str:
    if ":" in text:
        raise ValueError("is an IPv4 address or a host name; IPv6 is not available")
    return host_name(text)


class GatewayDraft(Draft):
    """`ipv4` may be a host name, unless calls come in from it."""

    required: ClassVar = ("voip_carrier_sid", "ipv4")
    not_null: ClassVar = (
        "netmask",
        "inbound",
        "outbound",
        "protocol",
        "is_active",
        "send_options_ping",
        "priority",
    )
    read_only: ClassVar = ("sip_gateway_sid", "created_at")
    later: ClassVar = {"use_sips_scheme": 0, "pad_crypto": 0, "remove_ice": 0, "dtls_off": 0}

    voip_carrier_sid: Sid | None = None
    ipv4: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=128), AfterValidator(_ipv4_or_name)
        ]
        | None
    ) = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    netmask: Annotated[int, Field(ge=1, le=32)] = 32
    inbound: Flag = False
    outbound: Flag = True
    protocol: Literal["udp", "tcp", "tls", "tls/srtp"] = "udp"
    is_active: Flag = True
    send_options_ping: Flag = False
    priority: Annotated[int, Field(ge=0, le=10_000)] = 0


class Gateways:
    """Whoever may change a carrier may change its gateways; whoever sees it sees them."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def to_ping(self) -> list[tuple[Gateway, bool]]:
        """Of every tenant, for the gateway's own OPTIONS pings; no caller is involved.

        The flag says whether a tenant entered the address, so that the egress policy applies.
        """

        def question(connection: Connection) -> list[tuple[Gateway, bool]]:
            policed = carriers.made_by_accounts(connection)
            found = gateways.to_ping(connection, self._inventory.box)
            return [(gateway, gateway.voip_carrier_sid in policed) for gateway in found]

        return await self._inventory.read(question)

    async def list(self, caller: Principal, voip_carrier_sid: str) -> list[Gateway]:
        def question(connection: Connection) -> list[Gateway]:
            carrier_rules.visible(connection, caller, voip_carrier_sid, self._inventory)
            return gateways.of_carriers(connection, self._inventory.box, [voip_carrier_sid])

        return await self._inventory.read(question)

    async def create(self, caller: Principal, document: object) -> Gateway:
        draft = GatewayDraft.to_create(document)
        now = self._inventory.now()

        def change(connection: Connection) -> Gateway:
            sid = draft.voip_carrier_sid or ""
            try:
                carrier = carrier_rules.visible(connection, caller, sid, self._inventory)
            except NotFound:
                raise unknown("voip_carrier_sid") from None
            carrier_rules.require_changeable(caller, carrier)
            blank = Gateway(new_sid(), carrier.voip_carrier_sid, "", created_at=now)
            gateway = self._with(connection, blank, draft)
            self._require_allowed(connection, caller, carrier, blank, gateway)
            gateways.insert(connection, gateway, self._inventory.box)
            return gateway

        return await self._inventory.write(change)

    async def get(self, caller: Principal, sip_gateway_sid: str) -> Gateway:
        return await self._inventory.read(lambda c: self._visible(c, caller, sip_gateway_sid)[0])

    async def change(self, caller: Principal, sip_gateway_sid: str, document: object) -> None:
        def change(connection: Connection) -> None:
            current, carrier = self._visible(connection, caller, sip_gateway_sid)
            carrier_rules.require_changeable(caller, carrier)
            draft = GatewayDraft.to_change(document)
            if draft.voip_carrier_sid not in {None, current.voip_carrier_sid}:
                raise Invalid.fields(FieldError("voip_carrier_sid", "cannot be changed"))
            gateway = self._with(connection, current, draft)
            self._require_allowed(connection, caller, carrier, current, gateway)
            gateways.update(connection, gateway, self._inventory.box)

        await self._inventory.write(change)

    async def delete(self, caller: Principal, sip_gateway_sid: str) -> None:
        def change(connection: Connection) -> None:
            _, carrier = self._visible(connection, caller, sip_gateway_sid)
            carrier_rules.require_changeable(caller, carrier)
            gateways.delete(connection, sip_gateway_sid)

        await self._inventory.write(change)

    def _visible(
        self, connection: Connection, caller: Principal, sip_gateway_sid: str
    ) -> tuple[Gateway, Carrier]:
        missing = NotFound(f"there is no gateway {sip_gateway_sid}")
        gateway = gateways.get(connection, sip_gateway_sid, self._inventory.box)
        if gateway is None:
            raise missing
        sid = gateway.voip_carrier_sid
        try:
            return gateway, carrier_rules.visible(connection, caller, sid, self._inventory)
        except NotFound:
            raise missing from None

    def _with(self, connection: Connection, current: Gateway, draft: GatewayDraft) -> Gateway:
        sent = draft.sent(renamed={"ipv4": "host"})
        sent.pop("voip_carrier_sid", None)
        gateway = replace(current, **sent)
        if gateway.protocol not in {"udp", "tcp"}:
            msg = f"{gateway.protocol} is not available in this version"
            raise Unprocessable.fields(FieldError("protocol", msg))
        if gateway.inbound and not _is_ipv4(gateway.host):
            msg = "must be an IPv4 address when inbound is set"
            raise Invalid.fields(FieldError("ipv4", msg))
        if not gateway.inbound and gateway.netmask != 32:
            raise Invalid.fields(FieldError("netmask", "must be 32 unless inbound is set"))
        if gateways.twin(connection, gateway):
            msg = "the carrier has a gateway with this address, port and protocol already"
            raise Unprocessable.fields(FieldError("ipv4", msg))
        return gateway

    def _require_allowed(
        self,
        connection: Connection,
        caller: Principal,
        carrier: Carrier,
        before: Gateway,
        after: Gateway,
    ) -> None:
        """An account that says where a trunk leads puts the trunk under the egress policy."""
        if not caller.is_account or after.host == before.host:
            return
        if problem := host_problem(self._inventory.egress, after.host):
            raise Unprocessable.fields(FieldError("ipv4", problem))
        if not carrier.made_by_account:
            policed = replace(carrier, made_by_account=True)
            carriers.update(connection, policed, self._inventory.box)


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
