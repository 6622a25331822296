import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.hooks.audio_frames import (
    ClearMarks,
    Disconnect,
    Information,
    KillAudio,
    PlayAudio,
    SetMark,
    introduction,
    key_pressed,
    mark_told,
    play_done,
    read_message,
)
from voxgate.hooks.frames import BadFrame

SOUND = base64.b64encode(b"\1\0\2\0").decode()


def message(type_: str, **data: object) -> str:
    return json.dumps({"type": type_, "data": data} if data else {"type": type_})


def test_the_introduction_is_the_call_in_camel_case_with_the_metadata_beside_it():
    call = {"call_sid": "0d0c", "fs_sip_address": "10.0.4.17:5060", "customerData": {"a_b": 1}}

    text, whole = introduction(16000, "stereo", call, {"tenant": "demo", "callSid": "mine"})

    assert whole
    assert json.loads(text) == {
        "sampleRate": 16000,
        "mixType": "stereo",
        "callSid": "mine",
        "fsSipAddress": "10.0.4.17:5060",
        "customerData": {"a_b": 1},
        "tenant": "demo",
    }


def test_metadata_that_does_not_fit_into_8192_bytes_is_left_out():
    text, whole = introduction(8000, "mono", {"call_sid": "0d0c"}, {"m": "x" * 8192})

    assert not whole
    assert json.loads(text)["callSid"] == "0d0c"


def test_what_is_told_has_the_contracts_texts_for_numbers():
    assert json.loads(key_pressed("5", 200)) == {"event": "dtmf", "dtmf": "5", "duration": "1600"}
    assert json.loads(play_done("p1", 2140)) == {
        "type": "playDone",
        "data": {
            "id": "p1",
            "playbackSeconds": "2",
            "playbackMilliseconds": "2140",
            "playbackLastOffsetPos": "17120",
        },
    }
    assert "id" not in json.loads(play_done(None, 1))["data"]
    assert json.loads(mark_told("m", "playout"))["data"] == {"name": "m", "event": "playout"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (message("killAudio"), KillAudio()),
        (message("clearMarks"), ClearMarks()),
        (message("disconnect"), Disconnect()),
        (message("mark", name="m"), SetMark("m")),
        (message("transfer", to="x"), Information("transfer")),
        (
            message("playAudio", audioContent=SOUND, audioContentType="raw", sampleRate=8000),
            PlayAudio(b"\1\0\2\0", 8000),
        ),
        (
            message("playAudio", audioContent=SOUND, audioContentType="raw", sampleRate="16000"),
            PlayAudio(b"\1\0\2\0", 16000),
        ),
        (
            message("playAudio", audioContent=SOUND, audioContentType="wav", id=7, queuePlay=True),
            PlayAudio(b"\1\0\2\0", None, id="7", queued=True),
        ),
    ],
)
def test_every_message_of_the_contract_is_understood(text, meant):
    assert read_message(text) == meant


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON object"),
        ("{}", "type is missing"),
        ('{"type": 5}', "unknown type '5'"),
        (message("sing"), "unknown type 'sing'"),
        (message("mark"), "mark: data is missing"),
        (message("mark", name=""), "mark: name is missing"),
        (message("playAudio", audioContent=5), "audioContent must be base64"),
        (message("playAudio", audioContent="%%%"), "audioContent is not base64"),
        (message("playAudio", audioContent=SOUND), "audioContentType must be"),
        (message("playAudio", audioContent=SOUND, audioContentType="mp3"), "audioContentType"),
        (message("playAudio", audioContent=SOUND, audioContentType="raw"), "sampleRate"),
        (
            message("playAudio", audioContent=SOUND, audioContentType="raw", sampleRate=11025),
            "sampleRate must be one of",
        ),
        (
            message("playAudio", audioContent="AAAA", audioContentType="raw", sampleRate=8000),
            "two bytes each",
        ),
    ],
)
def test_everything_else_is_refused_with_what_is_wrong_with_it(text, problem):
    with pytest.raises(BadFrame, match=problem):
        read_message(text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_DATA = st.fixed_dictionaries(
    {},
    optional={
        "audioContent": _VALUES | st.just(SOUND),
        "audioContentType": _VALUES | st.sampled_from(["raw", "wav"]),
        "sampleRate": _VALUES,
        "id": _VALUES,
        "name": _VALUES,
        "queuePlay": _VALUES,
    },
)


@given(st.sampled_from(["playAudio", "mark", "json", "killAudio"]) | _VALUES, _DATA | _VALUES)
def test_any_json_is_a_message_or_refused_by_name(type_, data):
    with suppress(BadFrame):
        assert read_message(json.dumps({"type": type_, "data": data})) is not None
