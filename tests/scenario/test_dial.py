"""`dial`: what both far ends live through, and what the application is told."""

import itertools

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer

CALLER = {"type": "phone", "number": "+15005550100", "trunk": "sandbox"}
HANGUP = {"verb": "hangup"}

_number = itertools.count()


def persona(ending: str, **fields: object) -> dict:
    return {"type": "phone", "number": f"+1500555{ending}", "trunk": "sandbox", **fields}


class Story:
    """One call of ours whose application dials; A is the sandbox's human."""

    def __init__(self, gateway: Gateway, hooks: HookServer) -> None:
        self.gateway = gateway
        self.hooks = hooks
        self.number = next(_number)

    def path(self, name: str) -> str:
        return f"/dial/{self.number}/{name}"

    def begin(self, *targets: dict, then: list[dict] | None = None, **dial: object) -> PlacedCall:
        self.hooks.answer(self.path("done"), [HANGUP] if then is None else then)
        verb = {"verb": "dial", "id": "d", "target": list(targets), "actionHook": self.path("done")}
        hook = self.hooks.answer(self.path("call"), [verb | dial])
        return self.gateway.call({
            "from": "+15005550001",
            "to": CALLER,
            "call_hook": hook,
            "call_status_hook": self.hooks.url(self.path("status")),
        })

    def done(self) -> dict:
        return self.hooks.wait_for(self.path("done")).body

    def child(self, sid: str) -> PlacedCall:
        return PlacedCall(self.gateway, sid, "")

    def told(self, sid: str) -> list[dict]:
        """Status webhooks of one call, up to its terminal one."""
        last = {"completed", "failed", "busy", "no-answer"}
        self.hooks.wait_for(
            self.path("status"),
            lambda r: r.body["call_sid"] == sid and r.body["call_status"] in last,
        )
        return [
            r.body for r in self.hooks.requests(self.path("status")) if r.body["call_sid"] == sid
        ]


@pytest.fixture
def story(gateway: Gateway, hooks: HookServer) -> Story:
    return Story(gateway, hooks)


def test_the_caller_and_the_callee_are_joined_and_the_application_hears_how_it_ended(story):
    placed = story.begin(persona("0100"), timeLimit=2, callerId="+15005550007")

    told = story.done()

    assert (told["dial_call_status"], told["dial_status"], told["dial_sip_status"]) == (
        "completed", "completed", 200,
    )  # fmt: skip
    assert told["verb_id"] == "d"
    child = story.child(told["dial_call_sid"])
    record = child.record()
    assert (record["parent_call_sid"], record["direction"]) == (placed.sid, "outbound")
    assert (record["from"], record["outcome"]["code"]) == ("+15005550007", "time_limit")
    assert told["dial_sbc_callid"] == record["sbc_callid"]
    assert placed.ended()["outcome"]["code"] == "completed"


@pytest.mark.parametrize(
    ("ending", "status", "sip_status"),
    [
        ("0130", "busy", 486),
        ("0139", "busy", 600),
        ("0131", "failed", 603),
        ("0136", "failed", 484),
    ],
)
def test_a_refusal_comes_back_as_the_contract_maps_it(story, ending, status, sip_status):
    """Contract 5.2 dial; gotcha 66: of a dialled leg 600 is busy and 603 is failed."""
    story.begin(persona(ending))

    told = story.done()

    assert (told["dial_call_status"], told["dial_sip_status"]) == (status, sip_status)
    assert [e["call_status"] for e in story.told(told["dial_call_sid"])][-1] == status
