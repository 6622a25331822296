import json

import pytest

from voxgate.hooks.frames import Ack, BadFrame, Command, Outgoing, read_frame


def test_a_frame_has_the_contracts_keys_and_a_hook_only_when_it_is_about_one():
    plain = json.loads(Outgoing("session:new", "m1", "0d0c", {"from": "Jürgen"}).text())
    hooked = json.loads(Outgoing("verb:hook", "m2", "0d0c", {}, hook="/menu").text())

    assert plain == {
        "type": "session:new",
        "msgid": "m1",
        "call_sid": "0d0c",
        "data": {"from": "Jürgen"},
    }
    assert hooked["hook"] == "/menu"
    assert hooked["data"] == {}


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('{"type":"ack","msgid":"m1"}', Ack("m1")),
        ('{"type":"ack","msgid":"m1","data":[{"verb":"hangup"}]}', Ack("m1", [{"verb": "hangup"}])),
        (
            '{"type":"command","command":"redirect","queueCommand":true,"data":[]}',
            Command("redirect", [], queued=True),
        ),
        ('{"type":"command","command":"tts:flush"}', Command("tts:flush")),
        (
            '{"type":"command","command":"boostAudioSignal","data":0}',
            Command("boostAudioSignal", 0),
        ),
    ],
)
def test_what_an_application_may_send(text, frame):
    assert read_frame(text) == frame


def test_the_leg_of_a_command_is_named_in_camel_case_gotcha_45():
    text = '{"type":"command","command":"mute:status","callSid":"c1","call_sid":"x","data":"mute"}'

    assert read_frame(text) == Command("mute:status", "mute", call_sid="c1")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[" * 100_000, "nested"),
        ("NaN", "JSON"),
        ("[]", "object"),
        ("{}", "type is missing"),
        ('{"type":"greet"}', "greet"),
        ('{"type":"ack"}', "msgid is missing"),
        ('{"type":"ack","msgid":7}', "msgid must be a string"),
        ('{"type":"command","data":1}', "command is missing"),
        ('{"type":"command","command":"redirect"}', "data is missing"),
        ('{"type":"command","command":"redirect","data":[],"queueCommand":"yes"}', "queueCommand"),
        ('{"type":"command","command":"redirect","data":[],"callSid":[]}', "callSid"),
    ],
)
def test_what_is_no_frame_is_named_fs_1094(text, named):
    with pytest.raises(BadFrame, match=named):
        read_frame(text)
