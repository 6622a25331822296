"""Stories with three parties: A, whom the gateway calls, its application, and B, who is dialled."""

from typing import Any

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.softphone import Line, Softphone

Json = dict[str, Any]
HANGUP = {"verb": "hangup"}
STAY = {"verb": "pause", "length": 60}
CALLER = "+4930111222"
OVER = {"completed", "failed", "busy", "no-answer"}


class DialStory:
    """A answers at once; the application's first document is up to the story."""

    def __init__(self, gateway: Gateway, hooks: HookServer, number: int) -> None:
        self.gateway = gateway
        self.hooks = hooks
        self._number = number

    def path(self, name: str) -> str:
        return f"/dial/{self._number}/{name}"

    def answers(self, name: str, *verbs: Json) -> str:
        self.hooks.answer(self.path(name), list(verbs))
        return self.path(name)

    def to(self, phone: Softphone, user: str = "b", **fields: Any) -> Json:
        return {"type": "sip", "sipUri": f"sip:{user}@127.0.0.1:{phone.port}", **fields}

    def dial(self, *targets: Json, **fields: Any) -> Json:
        done = self.path("done")
        return {"verb": "dial", "target": list(targets), "actionHook": done, **fields}

    def begin(self, phone: Softphone, *verbs: Json, **fields: Any) -> tuple[PlacedCall, Line]:
        """Call A and have these verbs run."""
        self.hooks.answer(self.path("done"), [HANGUP])
        before = len(phone.lines)
        placed = self.gateway.call({
            "from": CALLER,
            "to": self.to(phone, "a"),
            "call_hook": self.hooks.answer(self.path("call"), list(verbs)),
            "call_status_hook": self.hooks.url(self.path("status")),
            **fields,
        })
        line = phone.expect_call(nth=before + 1)
        line.answer()
        return placed, line

    def done(self, name: str = "done") -> Json:
        """What the action hook was told."""
        return dict(self.hooks.wait_for(self.path(name)).body)

    def told(self, sid: str) -> list[str]:
        """The statuses of one call that the status hook was told, to its terminal one."""
        path = self.path("status")
        self.hooks.wait_for(
            path, lambda r: r.body["call_sid"] == sid and r.body["call_status"] in OVER
        )
        return [
            r.body["call_status"] for r in self.hooks.requests(path) if r.body["call_sid"] == sid
        ]

    def children(self) -> list[str]:
        """The sids of dialled calls, in the order in which their statuses came."""
        bodies = [r.body for r in self.hooks.requests(self.path("status"))]
        return list(dict.fromkeys(b["call_sid"] for b in bodies if b.get("parent_call_sid")))

    def call(self, sid: str) -> PlacedCall:
        return PlacedCall(self.gateway, sid, "")
