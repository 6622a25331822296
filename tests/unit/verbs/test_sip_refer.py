from dataclasses import dataclass, field

import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.dialling import ReferOrder, ReferResult
from voxgate.verbs.contract import NEXT, Document, InvalidDocument, Need, NotNow, Replace
from voxgate.verbs.sip_refer import SipRefer
from voxgate.verbs.vocabulary import parse_document


@dataclass
class Referrer:
    result: ReferResult | None
    orders: list[ReferOrder] = field(default_factory=list)

    async def refer(self, order: ReferOrder) -> ReferResult:
        self.orders.append(order)
        if self.result is None:
            raise NotNow("the call was not answered")
        return self.result


def referred(call: FakeCall, result: ReferResult | None, **properties: object) -> object:
    call.dialling = Referrer(result)
    return run(verb("sip:refer", **{"referTo": "+4940", **properties}), call)


def test_everything_of_the_verb_is_ordered():
    call = FakeCall()

    referred(
        call, ReferResult(202, 200), id="r", referredBy="+49", referredByDisplayName="Bot",
        headers={"X-Why": "sales"}, actionHook="/done", eventHook="/events",
    )  # fmt: skip

    assert call.dialling.orders == [
        ReferOrder(
            "+4940", "+49", "Bot", (("X-Why", "sales"),), Hook("/events"), Hook("/done"), "r"
        )
    ]


def test_the_result_has_both_names_of_the_status():
    assert ReferResult(202, 486).to_json() == {
        "refer_status": 202, "referStatus": 202, "final_referred_call_status": 486,
    }  # fmt: skip
    assert "final_referred_call_status" not in ReferResult(403).to_json()


def test_a_document_of_the_action_hook_replaces_the_rest():
    answer = Document(())

    assert referred(FakeCall(), ReferResult(202, 200, answer)) == Replace(answer)
    assert referred(FakeCall(), ReferResult(202, 200)) is NEXT


def test_a_call_that_cannot_be_transferred_is_an_alert():
    call = FakeCall()

    assert referred(call, None) is NEXT
    assert call.alerts == [
        "refer-failure: the call could not be transferred: the call was not answered"
    ]


def test_it_is_skipped_on_a_call_that_was_not_answered():
    assert SipRefer.needs is Need.ANSWERED


@pytest.mark.parametrize("property_", ["referTo", "referredBy", "referredByDisplayName"])
def test_nobody_smuggles_a_header_into_a_transfer(property_):
    written = {"verb": "sip:refer", "referTo": "+4940", property_: "+49\r\nX-Evil: 1"}

    with pytest.raises(InvalidDocument, match="line break"):
        parse_document([written], strict=True)
