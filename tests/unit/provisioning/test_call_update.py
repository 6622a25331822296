import pytest

from voxgate.base.egress import EgressPolicy
from voxgate.provisioning.call_update import check_hooks, read_update
from voxgate.provisioning.errors import Invalid, Unprocessable


@pytest.mark.parametrize(
    ("value", "decibels"), [(3, 3.0), (-6.5, -6.5), ("+3dB", 3.0), ("-10 dB", -10.0), (0, 0.0)]
)
def test_gain_is_a_number_or_text(value, decibels):
    """gotcha 32: 0 counts."""
    change = read_update({"boostAudioSignal": value})

    assert change.boost_audio_signal == decibels
    assert "boost_audio_signal" in change.model_fields_set


@pytest.mark.parametrize("value", ["loud", True, 99, "1e9dB", [1]])
def test_other_gains_are_refused(value):
    with pytest.raises(Invalid, match="boostAudioSignal"):
        read_update({"boostAudioSignal": value})


def test_either_name_of_the_wait_hook_is_taken():
    """gotcha 29."""
    for name in ("wait_hook", "waitHook"):
        change = read_update({"conf_hold_status": "hold", name: {"url": "/music"}})
        assert change.waiting is not None
        assert change.waiting.url == "/music"


def test_listen_and_stream_are_the_same():
    assert read_update({"stream_status": "pause"}).listening == "pause"
    assert read_update({"listen_status": "resume"}).listening == "resume"


@pytest.mark.parametrize(
    ("servers", "read"), [("sip:a", ("sip:a",)), (["sip:a", "sip:b"], ("sip:a", "sip:b"))]
)
def test_recording_servers_are_one_or_many_and_not_needed_to_stop(servers, read):
    """gotcha 26."""
    start = {"action": "startCallRecording", "siprecServerURL": servers}
    change = read_update({"record": start})
    assert change.record is not None
    assert change.record.siprec_server_url == read
    stop = read_update({"record": {"action": "stopCallRecording"}}).record
    assert stop is not None
    assert stop.siprec_server_url is None


@pytest.mark.parametrize(
    "pair",
    [
        {"call_hook": "/a", "child_call_hook": "/b"},
        {"call_hook": "/a", "call_status_hook": "/s"},
        {"mute_status": "mute", "whisper": {"verb": "say"}},
        {"whisper": [{"verb": "say"}]},
    ],
)
def test_some_options_stand_together(pair):
    assert read_update(pair).model_fields_set == set(pair)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "no valid options supplied to updateCall"),
        ({"mute_status": None}, "no valid options supplied to updateCall"),
        ({"tag": {}, "dtmf": {"digit": "1"}}, "multiple options are not allowed in updateCall"),
        ({"wait_hook": "/x"}, "wait_hook can be updated only when conf_hold_status"),
        ({"call_status_hook": "/x"}, "call_status_hook can be updated only when call_hook"),
        (
            {"conferenceParticipantAction": {"action": "tag"}},
            "conferenceParticipantAction requires",
        ),
        ({"conferenceParticipantAction": "kick"}, "conferenceParticipantAction requires an action"),
        ({"sip_request": {"content": "x"}}, "sip_request requires"),
        ({"sip_request": []}, "sip_request requires"),
        ([], "the body must be a JSON object"),
    ],
)
def test_what_is_wrong_is_said_in_the_contracts_words(document, message):
    with pytest.raises(Invalid) as refused:
        read_update(document)

    assert refused.value.msg.startswith(message)


def test_every_hook_is_judged():
    hook = "http://169.254.169.254/"
    for document, field in (
        ({"call_hook": hook, "child_call_hook": hook, "call_status_hook": hook}, 3),
        ({"conf_hold_status": "hold", "waitHook": hook}, 1),
        ({"conferenceParticipantAction": {"action": "hold", "wait_hook": hook}}, 1),
    ):
        with pytest.raises(Unprocessable) as refused:
            check_hooks(read_update(document), EgressPolicy(()))
        assert len(refused.value.errors) == field
    check_hooks(read_update({"call_hook": "/relative"}), EgressPolicy(()))
