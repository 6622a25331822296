"""Calls that come in, as use cases: from the chosen application to a call on disk."""

from dataclasses import dataclass

from voxgate.base.clock import Clock
from voxgate.base.ids import new_sid
from voxgate.model.accounts import Account
from voxgate.model.applications import Application
from voxgate.model.calls import Call, CallRequest, CallStatus, Json, Target
from voxgate.provisioning.call_request import (
    fallback_voice_of,
    recognizer_of,
    records_all,
    voice_of,
)
from voxgate.provisioning.calls import CallLog
from voxgate.provisioning.capacity import Capacity, Tenancy, full_text, tenancy_of
from voxgate.provisioning.directory import Directory
from voxgate.provisioning.errors import Unavailable
from voxgate.routing.inbound import NO_APPLICATION, Chosen, Refusal
from voxgate.store.engine import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Arrival:
    """An INVITE as the call's record keeps it. `to` is the called number as it was dialled."""

    call_id: str
    from_user: str
    caller_name: str | None
    to: str
    source_ip: str


class Arrivals:
    """`prepare`, then `record`; a prepared call that is not recorded must be dropped by `forget`."""

    def __init__(
        self, directory: Directory, log: CallLog, capacity: Capacity, clock: Clock
    ) -> None:
        self._directory = directory
        self._log = log
        self._capacity = capacity
        self._clock = clock

    async def prepare(self, chosen: Chosen, arrival: Arrival) -> Call | Refusal:
        """The call as it would be, counted against the limits. Raises Unavailable."""
        account = await self._directory.account(chosen.account_sid)
        if account is None:
            return Refusal(404)
        application = await self._application(chosen)
        if chosen.app_json is None and application is None:
            return Refusal(480, x_reason=NO_APPLICATION, account_sid=account.account_sid)
        limits = await self._directory.limits(account.account_sid, account.service_provider_sid)
        reached = self._capacity.admit(tenancy_of(account), limits)
        if reached is not None:
            return Refusal(503, full_text(reached), account_sid=account.account_sid)
        return self._call(chosen, arrival, account, application)

    async def record(self, call: Call, data: Json) -> None:
        """Return once the call is on disk. Raises Unavailable, and has then forgotten it."""
        try:
            await self._log.create(call, data, None)
        except StoreUnavailable as away:
            self.forget(call)
            raise Unavailable(str(away)) from away
        except BaseException:  # boundary: whatever came in between, the call is not counted
            self.forget(call)
            raise

    def forget(self, call: Call) -> None:
        self._capacity.release(Tenancy(call.account_sid, call.service_provider_sid))

    async def _application(self, chosen: Chosen) -> Application | None:
        """The application, if it is the account's and can be asked anything."""
        if chosen.application_sid is None:
            return None
        found = await self._directory.application(chosen.application_sid)
        if found is None or found.account_sid != chosen.account_sid:
            return None
        return found if found.app_json is not None or found.call_hook is not None else None

    def _call(
        self,
        chosen: Chosen,
        arrival: Arrival,
        account: Account,
        application: Application | None,
    ) -> Call:
        levels = (application, account) if application else (account,)
        request = CallRequest(
            from_user=arrival.from_user,
            to=Target("phone", number=arrival.to),
            caller_name=arrival.caller_name,
            application_sid=application.application_sid if application else None,
            call_hook=application.call_hook if application else None,
            call_status_hook=application.call_status_hook if application else None,
            fallback=application.fallback if application else None,
            app_json=chosen.app_json or (application.app_json if application else None),
            voice=voice_of(levels),
            recognizer=recognizer_of(levels),
            fallback_voice=fallback_voice_of(levels),
            source_ip=arrival.source_ip,
            record=records_all(application, account),
        )
        return Call(
            call_sid=new_sid(),
            account_sid=account.account_sid,
            service_provider_sid=account.service_provider_sid,
            call_id=arrival.call_id,
            direction="inbound",
            from_=arrival.from_user,
            to=arrival.to,
            status=CallStatus.TRYING,
            request=request,
            trace_id=new_sid(),
            created_at=self._clock.wall(),
            application_sid=request.application_sid,
            sbc_callid=arrival.call_id,
            trunk=chosen.trunk.name if chosen.trunk else None,
        )
