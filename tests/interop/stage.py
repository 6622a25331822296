"""What a story of one outbound call needs: a trunk, a document for the application, the call."""

import time
from pathlib import Path
from typing import Any

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.ports import wait_until
from interop.scenario import Scenario
from interop.sipp import Sipp

Json = dict[str, Any]
CALLER = "+4930111222"
CALLEE = "+4915112345678"

HANG_UP_SOON: list[Json] = [{"verb": "pause", "length": 1}, {"verb": "hangup"}]
STAY: list[Json] = [{"verb": "pause", "length": 60}]


class Stage:
    def __init__(
        self,
        gateway: Gateway,
        hooks: HookServer,
        application_sid: str,
        folder: Path,
        *,
        number: int,
    ) -> None:
        self.gateway = gateway
        self.hooks = hooks
        self.application_sid = application_sid
        self.folder = folder
        self._number = number
        self._trunks = 0

    def phone(self, scenario: Scenario, **options: Any) -> Sipp:
        return Sipp(scenario, self.folder, **options)

    def trunk(self, *ports: int, transport: str = "udp", **fields: Any) -> str:
        """A fresh trunk with these gateways; returns its name."""
        self._trunks += 1
        name = f"trunk-{self._number}-{self._trunks}"
        sid = self.gateway.add_carrier(name, e164_leading_plus=True, **fields)
        for priority, port in enumerate(ports):
            self.gateway.add_gateway(sid, port, protocol=transport, priority=priority)
        return name

    def path(self, name: str) -> str:
        """A path of the web application that only this story uses."""
        return f"/{self._number}/{name}"

    def document(self, verbs: list[Json], name: str = "call") -> str:
        """The application answers the call hook with these verbs; returns its URL."""
        return self.hooks.answer(self.path(name), verbs)

    def call(self, *ports: int, verbs: list[Json] | None = None, **fields: Any) -> PlacedCall:
        """Call the phone behind the ports (gateways of one trunk, in this order)."""
        to = {"type": "phone", "number": CALLEE}
        if ports:
            to["trunk"] = self.trunk(*ports)
        return self.gateway.call({
            "application_sid": self.application_sid,
            "from": CALLER,
            "to": to,
            "call_hook": self.document(HANG_UP_SOON if verbs is None else verbs),
            "call_status_hook": self.hooks.url(self.path("status")),
            **fields,
        })

    def notified(self, call: PlacedCall, *, within_s: float = 15.0) -> list[Json]:
        """Every status webhook of the call up to its terminal one, in order of arrival."""
        path = self.path("status")
        last = {"completed", "failed", "busy", "no-answer"}
        self.hooks.wait_for(
            path,
            lambda r: r.body["call_sid"] == call.sid and r.body["call_status"] in last,
            within_s=within_s,
        )
        return [r.body for r in self.hooks.requests(path) if r.body["call_sid"] == call.sid]

    def told_statuses(self, call: PlacedCall, *, within_s: float = 15.0) -> list[str]:
        return [each["call_status"] for each in self.notified(call, within_s=within_s)]

    def nothing_within(self, seconds: float, happened: Any, what: str) -> None:
        """Holds the story open for a while: `happened()` must stay false all the time."""
        deadline = time.monotonic() + seconds
        try:
            wait_until(happened, within_s=deadline - time.monotonic(), what=what)
        except TimeoutError:
            return
        raise AssertionError(f"should not have happened: {what}")
