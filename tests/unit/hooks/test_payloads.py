import json
from dataclasses import replace

import pytest

from unit.records.samples import ENDED_DATA, STATUS_DATA, ended, sample_call
from voxgate.hooks.payloads import (
    Site,
    action_payload,
    as_javascript,
    base_payload,
    session_payload,
    snake_cased,
    snake_key,
    status_payload,
)
from voxgate.model.calls import CallEvent, EventType
from voxgate.model.speech import RecognizerChoice, Voice

SITE = Site(sip_address="192.0.2.1:5060", api_base_url="https://voice.example/v1")


def test_the_base_payload_has_the_contract_s_keys():
    call = replace(sample_call(), application_sid="c91d", sbc_callid="a7e1", tag={"customerId": 7})

    assert base_payload(call, SITE) == {
        "call_sid": call.call_sid,
        "direction": "outbound",
        "from": "+49171000",
        "to": "+4930111222",
        "call_id": "6c0c@example.org",
        "account_sid": call.account_sid,
        "trace_id": "4d5e",
        "application_sid": "c91d",
        "sip_status": 100,
        "sip_reason": "Trying",
        "call_status": "trying",
        "sbc_callid": "a7e1",
        "customerData": {"customerId": 7},
        "fs_sip_address": "192.0.2.1:5060",
        "api_base_url": "https://voice.example/v1",
    }


def test_what_is_not_known_is_absent_not_null():
    assert None not in base_payload(sample_call(), Site()).values()
    assert "customerData" not in base_payload(sample_call(), Site())


def test_the_call_as_it_ended_tells_duration_and_who_hung_up():
    call = replace(ended(sample_call()), termination_by="caller")

    payload = base_payload(call, SITE)

    assert (payload["duration"], payload["call_termination_by"]) == (2, "caller")


def test_a_status_tells_what_the_event_said_not_how_the_call_stands_now():
    call = replace(ended(sample_call()), tag={"later": True}, sbc_callid="later")
    event = CallEvent(call.call_sid, 3, 1700000000.5, EventType.STATUS, STATUS_DATA)

    payload = status_payload(call, event, SITE)

    assert (payload["call_status"], payload["sip_status"]) == ("ringing", 180)
    assert (payload["event_id"], payload["seq"]) == (f"{call.call_sid}-3", 3)
    assert payload["event_at"] == "2023-11-14T22:13:20.500Z"
    assert not {"duration", "sbc_callid", "customerData"} & payload.keys()


def test_the_last_status_has_duration_outcome_and_the_bye_s_headers_in_snake_case():
    call = sample_call()
    data = ENDED_DATA | {
        "headers": {"X-Why": "done", "User-Agent": "phone"},
        "outcome": {"code": "completed"},
        "sbc_callid": "a7e1",
        "tag": {"Customer": {"firstName": "S"}},
    }

    payload = status_payload(call, CallEvent(call.call_sid, 9, 1.0, EventType.ENDED, data), SITE)

    assert payload["headers"] == {"x_why": "done", "user_agent": "phone"}
    assert payload["duration"] == 2
    assert payload["call_termination_by"] == "caller"
    assert payload["outcome"] == {"code": "completed"}
    assert payload["sbc_callid"] == "a7e1"
    assert payload["customerData"] == {"Customer": {"firstName": "S"}}


def test_a_tag_of_the_request_is_customer_data_from_the_first_status_on():
    call = sample_call()
    call = replace(call, request=replace(call.request, tag={"env": "app"}))

    payload = status_payload(
        call, CallEvent(call.call_sid, 2, 1.0, EventType.STATUS, STATUS_DATA), SITE
    )

    assert payload["customerData"] == {"env": "app"}


def test_the_first_question_tells_the_session_s_voice_and_ear():
    call = sample_call()
    request = replace(
        call.request,
        voice=Voice("acme", "de-DE", "Kathrin"),
        recognizer=RecognizerChoice(None, "de"),
    )

    payload = session_payload(replace(call, request=request), SITE)

    assert payload["defaults"] == {
        "synthesizer": {"vendor": "acme", "language": "de-DE", "voice": "Kathrin"},
        "recognizer": {"language": "de"},
    }
    assert "sip" not in payload


def test_an_action_s_result_is_merged_in_snake_case_with_the_verb_s_id():
    payload = action_payload(
        sample_call(), {"digits": "12", "reason": "dtmfDetected", "maskedITN": 1}, "ask-pin", SITE
    )

    assert payload["digits"] == "12"
    assert payload["masked_i_t_n"] == 1
    assert payload["verb_id"] == "ask-pin"
    assert payload["call_status"] == "trying"


@pytest.mark.parametrize(
    ("key", "cased"),
    [
        ("maskedITN", "masked_i_t_n"),
        ("NBest", "n_best"),
        ("X-Why", "x_why"),
        ("User-Agent", "user_agent"),
        ("already_snake", "already_snake"),
        ("call_sid", "call_sid"),
        ("dtmf", "dtmf"),
        ("P-Asserted-Identity", "p_asserted_identity"),
        ("--", "--"),
    ],
)
def test_every_capital_begins_a_word_gotcha_40(key, cased):
    assert snake_key(key) == cased


def test_the_customer_s_own_data_keeps_its_keys():
    value = {
        "speechResult": [{"isFinal": True}],
        "customerData": {"firstName": {"camelCase": 1}},
        "args": {"userId": 1},
    }

    assert snake_cased(value) == {
        "speech_result": [{"is_final": True}],
        "customerData": {"firstName": {"camelCase": 1}},
        "args": {"userId": 1},
    }


def test_whole_numbers_are_written_without_a_fraction():
    value = {"price": 10.0, "share": 0.5, "list": [2.0, "x"], "huge": 1e300, "flag": True}

    assert json.dumps(as_javascript(value)) == (
        '{"price": 10, "share": 0.5, "list": [2, "x"], "huge": 1e+300, "flag": true}'
    )


def test_a_dialled_call_names_who_rang_it_and_who_is_shown_as_calling():
    call = sample_call()
    child = replace(
        call, request=replace(call.request, parent_call_sid="parent", caller_id="+4940")
    )

    payload = base_payload(child, SITE)

    assert (payload["parent_call_sid"], payload["caller_id"]) == ("parent", "+4940")
    assert "parent_call_sid" not in base_payload(call, SITE)


def test_a_transfers_status_goes_under_both_of_its_names():
    told = action_payload(sample_call(), {"refer_status": 202, "referStatus": 202}, None, SITE)

    assert (told["refer_status"], told["referStatus"]) == (202, 202)


def test_an_inbound_call_introduces_itself_with_its_invite():
    """Contract 3.5: the record is shown whole, and where it came from in every payload."""
    request = replace(sample_call().request, source_ip="198.51.100.7", caller_name="Ann")
    call = replace(sample_call(), direction="inbound", request=request, trunk="carrier-a")
    sip = {"headers": {"X-Kept": "As-Is"}}

    new = session_payload(call, SITE, sip)

    assert new["sip"] == sip
    assert (new["caller_name"], new["has_recording"]) == ("Ann", False)
    assert new["service_provider_sid"] == call.service_provider_sid
    assert new["local_sip_address"] == "192.0.2.1:5060"
    assert new["originating_sip_ip"] == "198.51.100.7"
    assert base_payload(call, SITE)["originating_sip_trunk_name"] == "carrier-a"
