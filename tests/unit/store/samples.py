"""One of each noun."""

from dataclasses import replace

from unit.store.clusters import BOX
from voxgate.base.ids import new_sid
from voxgate.model.accounts import Account, ApiKey, ServiceProvider
from voxgate.model.applications import Application
from voxgate.model.calls import Call, CallRequest, CallStatus, SipAuth, Target
from voxgate.model.carriers import Carrier, CarrierSetEntry, Gateway, Lcr, LcrRoute
from voxgate.model.hooks import Hook
from voxgate.model.numbers import PhoneNumber
from voxgate.model.speech import RecognizerChoice, Voice
from voxgate.store import (
    accounts,
    api_keys,
    applications,
    carriers,
    gateways,
    lcrs,
    numbers,
    service_providers,
)
from voxgate.store.engine import Connection

PROVIDER = ServiceProvider(new_sid(), "Provider", "For tests", "voice.example", created_at=1.0)
ACCOUNT = Account(
    new_sid(),
    PROVIDER.service_provider_sid,
    "Tenant",
    sip_realm="tenant.example",
    registration_hook=Hook("https://app.example/reg", "GET", "u", "registration password"),
    webhook_secret="wh_secret_of_the_tenant",
    require_known_caller=True,
    speech_synthesis_vendor="builtin",
    created_at=2.0,
)
KEY = ApiKey(new_sid(), "ab" * 32, "0f7a2b", account_sid=ACCOUNT.account_sid, created_at=3.0)
APPLICATION = Application(
    new_sid(),
    ACCOUNT.account_sid,
    "Bot",
    call_hook=Hook("https://app.example/call", "POST", "user", "hook password"),
    call_status_hook=Hook("https://app.example/status"),
    speech_synthesis_language="de-DE",
    created_at=4.0,
)
CARRIER = Carrier(
    new_sid(),
    "Trunk",
    account_sid=ACCOUNT.account_sid,
    service_provider_sid=PROVIDER.service_provider_sid,
    application_sid=APPLICATION.application_sid,
    e164_leading_plus=True,
    register_username="user",
    register_password="carrier password",
    created_at=5.0,
)
GATEWAY = Gateway(new_sid(), CARRIER.voip_carrier_sid, "192.0.2.1", 5080, created_at=6.0)
NUMBER = PhoneNumber(
    new_sid(),
    "4930111222",
    account_sid=ACCOUNT.account_sid,
    service_provider_sid=PROVIDER.service_provider_sid,
    voip_carrier_sid=CARRIER.voip_carrier_sid,
    application_sid=APPLICATION.application_sid,
    created_at=7.0,
)
_ROUTE_SID = new_sid()
ENTRY = CarrierSetEntry(new_sid(), _ROUTE_SID, CARRIER.voip_carrier_sid, 2, 1, created_at=9.0)
_LCR_SID = new_sid()
ROUTE = LcrRoute(_ROUTE_SID, _LCR_SID, "49", 3, "Germany", (ENTRY,), created_at=8.0)
LCR = Lcr(
    _LCR_SID,
    "Rules",
    account_sid=ACCOUNT.account_sid,
    service_provider_sid=PROVIDER.service_provider_sid,
    routes=(ROUTE,),
    created_at=8.0,
)


def insert_all(connection: Connection) -> None:
    """A tenant with one of everything."""
    service_providers.insert(connection, PROVIDER, BOX)
    accounts.insert(connection, ACCOUNT, BOX)
    api_keys.insert(connection, KEY, BOX)
    applications.insert(connection, APPLICATION, BOX)
    carriers.insert(connection, CARRIER, BOX)
    gateways.insert(connection, GATEWAY, BOX)
    numbers.insert(connection, NUMBER, BOX)
    lcrs.insert(connection, LCR, BOX)
    lcrs.replace_routes(connection, LCR.lcr_sid, LCR.routes, BOX)


def another_account(name: str) -> Account:
    return replace(ACCOUNT, account_sid=new_sid(), name=name, sip_realm=None)


def a_call(*, account_sid: str = ACCOUNT.account_sid, created_at: float = 100.0) -> Call:
    request = CallRequest(
        from_user="+4930111222",
        to=Target(
            "phone",
            number="+4915112345678",
            trunk="Trunk",
            headers=(("X-Campaign", "42"),),
            auth=SipAuth("alice", "target password"),
        ),
        from_host="tenant.example",
        caller_name="Ann",
        timeout_s=25,
        time_limit_s=1800,
        application_sid=APPLICATION.application_sid,
        call_hook=Hook("https://app.example/call", "POST", "user", "call password"),
        call_status_hook=Hook("https://app.example/status"),
        notify_hook=Hook("wss://crm.example/notify", "POST", None, "notify password"),
        app_json=None,
        tag={"customer": {"id": 7}},
        headers=(("User-to-User", "UUID: 1"), ("X-Two", "2")),
        voice=Voice("builtin", "de-DE", "thorsten"),
        recognizer=RecognizerChoice("deepgram", "de"),
        amd={"actionHook": {"url": "/amd", "method": "POST"}, "thresholdWordCount": 9},
    )
    return Call(
        call_sid=new_sid(),
        account_sid=account_sid,
        service_provider_sid=PROVIDER.service_provider_sid,
        call_id=new_sid(),
        direction="outbound",
        from_="+4930111222",
        to="+4915112345678",
        status=CallStatus.TRYING,
        request=request,
        trace_id=new_sid(),
        created_at=created_at,
        application_sid=APPLICATION.application_sid,
        tag={"customer": {"id": 7}},
    )
