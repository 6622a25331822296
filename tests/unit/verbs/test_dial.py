import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.model.calls import SipAuth, Target
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.dialling import DialOrder, DialResult
from voxgate.verbs.contract import NEXT, InvalidDocument, Replace
from voxgate.verbs.vocabulary import parse_document

PHONE = {"type": "phone", "number": "+4940555"}
BUSY = DialResult("busy", 486, "child", "call-id")


@dataclass
class Dialler:
    """Answers `dial` with a result and keeps what was ordered."""

    result: DialResult | None = BUSY
    orders: list[DialOrder] = field(default_factory=list)

    async def dial(self, order: DialOrder) -> DialResult | None:
        self.orders.append(order)
        return self.result


def dialled(call: FakeCall, result: DialResult | None = BUSY, **properties: Any) -> Any:
    call.dialling = Dialler(result)
    return run(verb("dial", **{"target": [PHONE], **properties}), call)


def ordered(**properties: Any) -> DialOrder:
    call = FakeCall()
    dialled(call, **properties)
    return call.dialling.orders[0]


def problem(**properties: Any) -> str:
    with pytest.raises(InvalidDocument) as refused:
        parse_document([{"verb": "dial", "target": [PHONE], **properties}], strict=True)
    return "; ".join(refused.value.problems)


def test_the_action_hook_is_told_under_both_names():
    call = FakeCall()

    assert dialled(call, actionHook="/done", id="d") is NEXT

    ((_, _, url, told, verb_id),) = call.told("ask")
    assert (url, verb_id) == ("/done", "d")
    assert told == {
        "dial_call_status": "busy", "dial_status": "busy", "dial_sip_status": 486,
        "dial_call_sid": "child", "dial_sbc_callid": "call-id",
    }  # fmt: skip


def test_the_hooks_document_replaces_the_rest():
    call = FakeCall(answer_document=[{"verb": "hangup"}])

    assert isinstance(dialled(call, actionHook="/done"), Replace)


def test_a_far_leg_that_goes_its_own_way_is_not_told():
    call = FakeCall()

    assert dialled(call, None, actionHook="/done") is NEXT
    assert call.told("ask") == []


def test_defaults_are_those_of_the_contract():
    order = ordered()

    assert (order.timeout_s, order.time_limit_s, order.answer_on_bridge) == (60, None, False)
    assert order.forward_identity
    assert not order.beside.needs_media


def test_duplicate_targets_are_rung_once():
    assert len(ordered(target=[PHONE, PHONE, {"type": "sip", "sipUri": "sip:x@y"}]).targets) == 2


def test_a_target_keeps_what_is_its_own():
    """Gotcha 65: trunk, headers, caller and hook of one target are not another's."""
    own = {
        **PHONE, "trunk": "t", "headers": {"X-A": "1"}, "callerId": "+49",
        "auth": {"username": "u", "password": "p"}, "from": {"host": "h.example"},
        "confirmHook": "/confirm", "proxy": "sip:p",
    }  # fmt: skip
    first, second = ordered(target=[own, {"type": "user", "name": "alice"}], proxy="sip:q").targets

    assert first.to == Target(
        "phone", number="+4940555", trunk="t", headers=(("X-A", "1"),), proxy="sip:p",
        auth=SipAuth("u", "p"),
    )  # fmt: skip
    assert (first.from_user, first.from_host) == ("+49", "h.example")
    assert first.confirm_hook == Hook("/confirm")
    assert second.to == Target("user", name="alice", proxy="sip:q")
    assert (second.from_user, second.confirm_hook) == (None, None)


def test_a_list_of_patterns_counts_for_both_legs():
    capture = ordered(dtmfCapture=["*2"], dtmfHook="/keys").capture

    assert (capture.parent, capture.child, capture.hook) == (("*2",), ("*2",), Hook("/keys"))


def test_patterns_of_each_leg_stay_apart():
    """Gotcha 67."""
    capture = ordered(
        dtmfCapture={"parentCall": ["*1"], "childCall": ["*2"]}, dtmfHook="/keys"
    ).capture

    assert (capture.parent, capture.child) == (("*1",), ("*2",))


def test_nested_verbs_are_of_the_leg_their_channel_names():
    beside = ordered(
        listen={"url": "wss://app.example/a", "channel": 2},
        transcribe={"transcriptionHook": "/t"},
        dub=[{"action": "addTrack", "track": "m"}],
        boostAudioSignal="+3dB",
    ).beside

    assert [v.verb for v in beside.on_parent] == ["transcribe"]
    assert [v.verb for v in beside.on_child] == ["dub", "listen", "transcribe"]
    assert beside.boost_db == 3
    assert beside.needs_media


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"target": []}, "target must not be empty"),
        ({"target": [PHONE] * 11}, "more than 10 targets"),
        ({"target": [{"type": "phone"}]}, "missing value for number"),
        ({"target": [{"type": "sip"}]}, "missing value for sipUri"),
        ({"target": [{"type": "teams", "number": "1"}]}, "teams is not available"),
        ({"dtmfCapture": ["*2"]}, "missing value for dtmfHook"),
        ({"dtmfCapture": ["x"], "dtmfHook": "/k"}, "not a sequence of keys"),
        ({"timeout": 0}, "timeout"),
        ({"boostAudioSignal": "loud"}, "boostAudioSignal"),
        ({"headers": {"Via": "x"}}, "Via is written by the gateway itself"),
    ],
)
def test_what_cannot_be_dialled_is_refused_by_name(properties, said):
    assert said in problem(**properties)


@pytest.mark.parametrize("kind", ["sdes", "dtls"])
def test_encrypted_audio_is_refused_and_never_pretended(kind):
    """Gotcha 69."""
    assert "srtpEncryption: encrypted audio is not available" in problem(srtpEncryption=kind)


def test_what_only_teams_reads_is_a_warning():
    document = parse_document(
        [{"verb": "dial", "target": [{**PHONE, "vmail": True, "tenant": "t"}]}], strict=True
    )

    assert document.warnings == (
        "dial: target.tenant has no effect in this version",
        "dial: target.vmail has no effect in this version",
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"type": "phone", "number": "+49 (30) 1\r\nX: y"}, "number"),
        ({"type": "sip", "sipUri": "tel:+49"}, "must start with sip:"),
        ({"type": "sip", "sipUri": "sip:a b"}, "is not a SIP URI"),
        ({**PHONE, "callerName": "A\r\nB"}, "callerName"),
    ],
)
def test_what_cannot_stand_in_an_invite_is_refused(target, said):
    assert said in problem(target=[target])


def test_a_number_may_be_written_for_reading():
    (target,) = ordered(target=[{"type": "phone", "number": "+49 (40) 555-0"}]).targets

    assert target.to.number == "+49405550"


def test_a_dial_that_is_replaced_lets_go():
    released = []

    class Ringing(Dialler):
        async def dial(self, order: DialOrder) -> DialResult | None:
            try:
                await asyncio.Event().wait()
            finally:
                released.append(order)
            return None

    async def scenario() -> None:
        call = FakeCall()
        call.dialling = Ringing()
        running = asyncio.ensure_future(verb("dial", target=[PHONE]).run(call))
        await asyncio.sleep(1)
        running.cancel()
        await asyncio.wait({running})

    run_virtual(scenario())
    assert len(released) == 1


def test_nobody_smuggles_a_header_into_the_headers_of_a_uri():
    target = {"type": "sip", "sipUri": "sip:b@pbx.example?X-A=1%0d%0aX-Evil%3a1"}

    assert "line break" in problem(target=[target])


def test_an_unknown_property_of_a_target_written_without_its_array_is_passed_over():
    document = parse_document([{"verb": "dial", "target": {**PHONE, "extra": 1}}], strict=False)

    assert [verb.verb for verb in document.verbs] == ["dial"]
