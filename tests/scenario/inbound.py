"""What the stories about calls from outside share: trunks, numbers, applications."""

import threading
import time
import uuid
from typing import Any

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookRequest, HookServer
from interop.ports import wait_until


class Line:
    """A number with an application of its own, whose document the test chooses."""

    def __init__(
        self,
        gateway: Gateway,
        hooks: HookServer,
        trunk: str | None,
        *,
        number: str | None = None,
        account_sid: str | None = None,
    ) -> None:
        """Without a trunk there is an application but no number."""
        self.gateway = gateway
        self.hooks = hooks
        self.account_sid = account_sid or gateway.account_sid
        name = uuid.uuid4().hex[:12]
        self.path, self.statuses_path = f"/{name}", f"/{name}-status"
        self.application_sid = gateway.add_application(
            name,
            account_sid=self.account_sid,
            call_hook={"url": hooks.url(self.path)},
            call_status_hook={"url": hooks.url(self.statuses_path)},
        )
        self.number = number or str(uuid.uuid4().int)[:12]
        if trunk is not None:
            body = {
                "number": self.number,
                "voip_carrier_sid": trunk,
                "account_sid": self.account_sid,
                "application_sid": self.application_sid,
            }
            self.number_sid = str(gateway.api("POST", "/PhoneNumbers", body)["sid"])
        self.uri = f"sip:+{self.number}@127.0.0.1"

    def answers(self, verbs: Any, status: int = 200) -> None:
        self.hooks.answer(self.path, verbs, status)

    def holds_its_answer(self) -> threading.Event:
        """The application thinks for seconds; the event is set once it was asked."""
        asked = threading.Event()

        def think(_request: HookRequest) -> tuple[int, Any]:
            asked.set()
            time.sleep(3)  # the hook's own slowness is what is tested
            return 200, [{"verb": "answer"}]

        self.hooks.answer_with(self.path, think)
        return asked

    @property
    def was_asked(self) -> bool:
        return bool(self.hooks.requests(self.path))

    def statuses(self, last: str) -> list[str]:
        """What the status hook was told, once it was told `last`."""
        self.hooks.wait_for(self.statuses_path, lambda r: r.body["call_status"] == last)
        return [request.body["call_status"] for request in self.hooks.requests(self.statuses_path)]

    def last(self, status: str) -> dict[str, Any]:
        found = self.hooks.wait_for(
            self.statuses_path, lambda request: request.body["call_status"] == status
        )
        return dict(found.body)

    def call(self) -> PlacedCall:
        asked = self.hooks.wait_for(self.path)
        return PlacedCall(self.gateway, asked.body["call_sid"], asked.body["call_id"])


def add_trunk(gateway: Gateway, address: str, **fields: Any) -> str:
    """A trunk of the account that calls from that address."""
    inbound = {"inbound": fields.pop("inbound", 1), "is_active": fields.pop("gateway_active", 1)}
    netmask = fields.pop("netmask", 32)
    sid = gateway.add_carrier(fields.pop("name", uuid.uuid4().hex[:12]), **fields)
    gateway.add_gateway(sid, 5060, ipv4=address, outbound=0, netmask=netmask, **inbound)
    return sid


def add_account(gateway: Gateway, **fields: Any) -> str:
    """Another account of the first account's provider."""
    first = gateway.api("GET", f"/Accounts/{gateway.account_sid}")
    body = {
        "name": uuid.uuid4().hex[:12],
        "service_provider_sid": first["service_provider_sid"],
        **fields,
    }
    return str(gateway.api("POST", "/Accounts", body)["sid"])


def wait_for_alert(gateway: Gateway, alert_type: str, account_sid: str) -> Any:
    """The first alert of that type; alerts are written in groups."""

    def found() -> Any:
        page = gateway.api("GET", f"/Accounts/{account_sid}/Alerts?page=1&count=100")
        return next((a for a in page["data"] if a["alert_type"] == alert_type), None)

    return wait_until(found, within_s=5.0, what=f"an alert {alert_type}")
