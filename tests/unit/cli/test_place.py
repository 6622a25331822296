import json

import pytest

from voxgate.cli.place import CallOrder
from voxgate.cli.screen import Failure


def test_a_number_is_called_with_words():
    body = CallOrder("+4930", from_="+491", say="Hi").body(None)

    assert body["to"] == {"type": "phone", "number": "+4930"}
    assert body["from"] == "+491"
    assert json.loads(body["app_json"]) == [{"verb": "say", "text": "Hi"}, {"verb": "hangup"}]


def test_a_trunk_a_timeout_and_a_hook_go_into_the_request():
    body = CallOrder("+4930", hook="http://127.0.0.1/x", timeout_s=5).body("sandbox")

    assert body["to"]["trunk"] == "sandbox"
    assert body["timeout"] == 5
    assert body["call_hook"] == "http://127.0.0.1/x"
    assert "app_json" not in body


def test_headers_are_written_as_in_sip():
    body = CallOrder("+4930", headers=("X-Campaign: 42", "X-Time:10:30")).body(None)

    assert body["headers"] == {"X-Campaign": "42", "X-Time": "10:30"}
    with pytest.raises(Failure, match="Name: value"):
        CallOrder("+4930", headers=("nonsense",)).body(None)


def test_a_sip_address_is_called_directly():
    body = CallOrder("sip:bob@192.0.2.1").body("sandbox")

    assert body["to"] == {"type": "sip", "sipUri": "sip:bob@192.0.2.1"}
