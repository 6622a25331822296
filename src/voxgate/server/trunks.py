"""Keeps us registered at the carriers that want it (RFC 3261 section 10.2)."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from voxgate.base.clock import Clock
from voxgate.base.errors import VoxgateError
from voxgate.base.log import get_logger
from voxgate.call.dial import Locate
from voxgate.model.carriers import Carrier, Gateway
from voxgate.provisioning.addresses import sip_address
from voxgate.provisioning.trunk_registrations import (
    RegisteringTrunk,
    Status,
    TrunkRegistrations,
)
from voxgate.sip.auth import Credentials
from voxgate.sip.headers import NameAddr
from voxgate.sip.message import Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri

log = get_logger("trunks")

ROUND_S = 1.0
EXPIRES_S = 3600
REFRESH_AT = 0.8  # of the time granted
RETRY_S = 30.0
ANSWER_S = 10.0
AT_ONCE = 32
LEAVE_S = 1.0


class Requester(Protocol):
    """The part of `sip.endpoint.Endpoint` that registering uses."""

    @property
    def known_as(self) -> list[Destination]: ...

    async def request(
        self,
        method: str,
        uri: Uri,
        *,
        next_hop: Destination | None,
        headers: tuple[tuple[str, str], ...],
        credentials: Credentials | None,
        from_: NameAddr | None,
        timeout_s: float,
    ) -> Response: ...


@dataclass(slots=True)
class _Standing:
    trunk: RegisteringTrunk
    due_at: float = 0.0
    registered: bool = False
    address: str | None = None  # where the registrar really is


class RegisteredTrunks:
    """One task, owned by the gateway."""

    def __init__(
        self,
        requester: Requester,
        registrations: TrunkRegistrations,
        *,
        locate: Locate,
        public_ip: str | None,
        clock: Clock,
    ) -> None:
        self._requester = requester
        self._registrations = registrations
        self._locate = locate
        self._public_ip = public_ip
        self._clock = clock
        self._standing: dict[str, _Standing] = {}

    def at(self, address: str) -> tuple[str, ...]:
        """Sids of the carriers that we are registered with and that call from there."""
        return tuple(
            sid
            for sid, standing in self._standing.items()
            if standing.registered and standing.address == address
        )

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except VoxgateError as failed:
                log.warning("register_round_failed", reason=str(failed))
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Register where it is due, leave where it is no longer wanted."""
        wanted = {t.carrier.voip_carrier_sid: t for t in await self._registrations.wanted()}
        for sid in [sid for sid in self._standing if sid not in wanted]:
            await self._leave(self._standing.pop(sid))
            await self._registrations.note(sid, None)
        for sid, trunk in wanted.items():
            standing = self._standing.get(sid)
            if standing is None or standing.trunk != trunk:
                self._standing[sid] = _Standing(trunk)
        now = self._clock.monotonic()
        due = [standing for standing in self._standing.values() if standing.due_at <= now]
        room = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._register(standing, room) for standing in due))

    async def close(self) -> None:
        """Tell the registrars that we are gone, as far as a second allows."""
        leaving = [self._leave(standing) for standing in self._standing.values()]
        try:
            async with asyncio.timeout(LEAVE_S):
                await asyncio.gather(*leaving)
        except TimeoutError:
            return

    async def _register(self, standing: _Standing, room: asyncio.Semaphore) -> None:
        async with room:
            status = await self._ask(standing, EXPIRES_S)
        ok = status["status"] == "ok"
        if ok is not standing.registered:
            carrier = standing.trunk.carrier
            log.info(
                "trunk_registration",
                carrier=carrier.name,
                carrier_sid=carrier.voip_carrier_sid,
                registered=ok,
                reason=status.get("reason"),
            )
        standing.registered = ok
        wait_s = max(1.0, status["expires"] * REFRESH_AT) if ok else RETRY_S
        standing.due_at = self._clock.monotonic() + wait_s
        await self._registrations.note(standing.trunk.carrier.voip_carrier_sid, status)

    async def _leave(self, standing: _Standing) -> None:
        if standing.registered:
            await self._ask(standing, 0)

    async def _ask(self, standing: _Standing, expires_s: int) -> Status:
        """One REGISTER and what came of it, in the contract's words (1.4.6)."""
        carrier, gateway = standing.trunk.carrier, standing.trunk.gateway
        status: Status = {"status": "fail", "timestamp": round(self._clock.wall() * 1000)}
        try:
            hop = _next_hop(carrier, gateway)
            destination = await self._locate(hop, carrier.made_by_account)
            answer = await self._send(carrier, gateway, destination, expires_s)
        except (VoxgateError, OSError, ValueError) as failed:
            return status | {"reason": str(failed)}
        status |= {"callId": answer.call_id, "cseq": answer.cseq.number}
        if answer.status != 200:
            return status | {"reason": f"{answer.status} {answer.reason}".strip()}
        standing.address = destination.host
        return status | {"status": "ok", "expires": _granted(answer, expires_s)}

    async def _send(
        self, carrier: Carrier, gateway: Gateway, destination: Destination, expires_s: int
    ) -> Response:
        realm = carrier.register_sip_realm or gateway.host
        username = carrier.register_username or ""
        record = Uri(
            "sip", carrier.register_from_user or username, carrier.register_from_domain or realm
        )
        return await self._requester.request(
            "REGISTER",
            Uri("sip", None, realm),
            next_hop=destination,
            headers=(
                ("Contact", f"<{self._contact(username, destination, carrier)}>"),
                ("Expires", str(expires_s)),
            ),
            credentials=Credentials(username, carrier.register_password or ""),
            from_=NameAddr(None, record),
            timeout_s=ANSWER_S,
        )

    def _contact(self, username: str, destination: Destination, carrier: Carrier) -> Uri:
        ours = self._requester.known_as
        local = next((d for d in ours if d.transport == destination.transport), ours[0])
        public = self._public_ip if carrier.register_public_ip_in_contact else None
        uri = Uri("sip", username, public or local.host, local.port)
        return uri if local.transport == "udp" else uri.with_parameter("transport", "tcp")


def _next_hop(carrier: Carrier, gateway: Gateway) -> Uri:
    """Raises ValueError for a proxy that cannot be read."""
    if carrier.outbound_sip_proxy:
        return sip_address(carrier.outbound_sip_proxy)
    uri = Uri("sip", None, gateway.host, gateway.port)
    return uri if gateway.protocol == "udp" else uri.with_parameter("transport", gateway.protocol)


def _granted(answer: Response, asked_s: int) -> int:
    """Seconds that the registrar granted: of our Contact, or of all."""
    texts = [contact.parameter("expires") for contact in answer.contacts]
    texts.append(answer.headers.get("Expires"))
    numbers = [int(text) for text in texts if text is not None and text.isdigit()]
    return min(numbers, default=asked_s)
