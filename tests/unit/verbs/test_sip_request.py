from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.capabilities.dialling import SipAnswer
from voxgate.verbs.contract import InvalidDocument, NotNow
from voxgate.verbs.vocabulary import parse_document

OK = SipAnswer(200, "OK")


@dataclass
class Asker:
    answer: SipAnswer | None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def request(
        self, method: str, headers: Mapping[str, str], body: str | None, content_type: str | None
    ) -> SipAnswer:
        self.asked.append((method, dict(headers), body, content_type))
        if self.answer is None:
            raise NotNow("the call was not answered")
        return self.answer


def asked(answer: SipAnswer | None = OK, **properties: object) -> FakeCall:
    call = FakeCall()
    call.dialling = Asker(answer)
    run(verb("sip:request", **{"method": "info", "actionHook": "/done", **properties}), call)
    return call


def result(call: FakeCall) -> object:
    return call.told("ask")[0][3]


def test_the_content_type_may_stand_among_the_headers():
    call = asked(body="{}", headers={"Content-Type": "application/json", "X-A": 1})

    assert call.dialling.asked == [("INFO", {"X-A": "1"}, "{}", "application/json")]


def test_an_answer_is_a_success_whatever_its_status():
    assert result(asked(SipAnswer(405, "No"))) == {"result": "success", "sip_status": 405}


@pytest.mark.parametrize(
    ("answer", "err"),
    [(SipAnswer(408, "Timeout", "nobody answered"), "nobody answered"),
     (None, "the call was not answered")],
)  # fmt: skip
def test_no_answer_is_a_failure_with_its_reason(answer, err):
    assert result(asked(answer)) == {"result": "failed", "err": err}


@pytest.mark.parametrize("method", ["BYE", "INVITE", "CANCEL", "ACK", "nonsense"])
def test_what_begins_changes_or_ends_a_call_cannot_be_sent(method):
    with pytest.raises(InvalidDocument):
        parse_document([{"verb": "sip:request", "method": method}], strict=True)


@pytest.mark.parametrize(
    "written",
    [
        {"contentType": "text/plain\r\nX-Evil: 1"},
        {"headers": {"Content-Type": "text/plain\r\nX-Evil: 1"}},
    ],
)
def test_nobody_smuggles_a_header_into_a_content_type(written):
    with pytest.raises(InvalidDocument, match="line break"):
        parse_document([{"verb": "sip:request", "method": "INFO", **written}], strict=True)


def test_a_body_beyond_what_sip_carries_is_refused_by_name():
    with pytest.raises(InvalidDocument, match=r"sip:request: body .* at most 60000"):
        parse_document(
            [{"verb": "sip:request", "method": "INFO", "body": "x" * 70_000}], strict=True
        )
