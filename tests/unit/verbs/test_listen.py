import asyncio

import pytest

from unit.verbs.fakes import FakeCall, FakeTaps, run, verb
from voxgate.model.hooks import Hook
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.taps import Listened, ListenOrder, SpeaksBack
from voxgate.verbs.contract import NEXT, InvalidDocument, Replace
from voxgate.verbs.listen import BackgroundListen, Listen

URL = "wss://app.example/audio"


def order(**properties: object) -> ListenOrder:
    instruction = verb("listen", url=URL, **properties)
    assert isinstance(instruction, Listen)
    return instruction.listen_order


def test_what_is_left_out_has_the_contracts_defaults():
    assert order() == ListenOrder(Hook(URL), 8000, "mono", {}, SpeaksBack(streaming=False))


def test_everything_asked_for_is_in_the_order():
    asked = order(
        sampleRate=16000,
        mixType="stereo",
        metadata={"a": 1},
        wsAuth={"username": "u", "password": "p"},
        finishOnKey="#*",
        maxLength=30,
        timeout=4,
        passDtmf=True,
        playBeep=True,
        bidirectionalAudio={"enabled": True, "streaming": True, "sampleRate": 24000},
    )

    assert asked == ListenOrder(
        Hook(URL, username="u", password="p"),
        16000,
        "stereo",
        {"a": 1},
        SpeaksBack(streaming=True, rate_hz=24000),
        passes_keys=True,
        beeps=True,
        lasts_s=30,
        finish_on_key="#*",
        silent_s=4,
    )


@pytest.mark.parametrize(
    "properties",
    [{"bidirectionalAudio": {"enabled": False}}, {"disableBidirectionalAudio": True}],
)
def test_the_application_need_not_be_allowed_to_speak(properties):
    assert order(**properties).speaks_back is None


def test_auth_is_another_name_for_ws_auth():
    assert order(auth={"username": "u", "password": "p"}).hook.password == "p"


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({}, "listen: missing value for url"),
        ({"url": " "}, "listen: url must not be empty"),
        (
            {"url": URL, "sampleRate": 44100},
            "listen: sampleRate must be 8000, 16000, 24000, 32000, 48000 or 64000",
        ),
        ({"url": URL, "mixType": "quadro"}, "listen: mixType must be 'mono', 'mixed' or 'stereo'"),
        ({"url": URL, "metadata": {"a": "x" * 8192}}, "listen: metadata is longer than 8192 bytes"),
        ({"url": URL, "channel": 3}, "listen: channel must be 1 or 2"),
        ({"url": URL, "wsAuth": {"username": "u"}}, "listen.wsAuth: missing value for password"),
    ],
)
def test_what_cannot_be_listened_to_is_refused_with_the_reason(properties, complaint):
    with pytest.raises(InvalidDocument) as refused:
        verb("listen", **properties)

    assert complaint in refused.value.problems


def test_the_action_hook_hears_how_long_it_was_and_which_key_ended_it():
    call = FakeCall(taps=FakeTaps(Listened(12, "key", "#")), answer_document=[{"verb": "hangup"}])

    outcome = run(verb("listen", url=URL, actionHook="/done", id="l"), call)

    (asked,) = call.told("ask")
    assert asked[2:] == ("/done", {"dial_call_duration": 12, "digits": "#"}, "l")
    assert isinstance(outcome, Replace)
    assert call.notes == [{"ended_by": "key", "seconds": 12}]


def test_without_a_key_or_a_hook_nothing_is_said_about_them():
    assert Listened(3, "closed").to_json() == {"dial_call_duration": 3}
    assert run(verb("listen", url=URL), FakeCall()) is NEXT


def test_it_ends_with_its_verb_and_so_does_the_nested_transcript():
    """Gotcha 72: listen never ends by itself."""
    call = FakeCall(taps=FakeTaps(None))
    nested = {"transcriptionHook": "/words"}

    async def scenario() -> None:
        running = asyncio.ensure_future(verb("listen", url=URL, transcribe=nested).run(call))
        await asyncio.sleep(3600)
        assert not running.done()
        running.cancel()
        await asyncio.wait({running})

    run_virtual(scenario())

    (transcript,) = call.ears.transcribed
    assert (transcript.hook, transcript.answer_counts) == (Hook("/words"), False)
    assert call.taps.cut == 1


def test_config_listens_in_the_background_until_it_says_no():
    call = FakeCall()

    run(verb("config", listen={"enable": True, "url": "/ears", "mixType": "mixed"}), call)
    run(verb("config", stream={"enable": False}), call)
    run(verb("config", reset="listen"), call)

    assert call.taps.background_orders == [ListenOrder(Hook("/ears"), mix="mixed"), None, None]


def test_only_an_end_needs_no_address():
    assert BackgroundListen(enable=False).order is None
    with pytest.raises(InvalidDocument, match=r"config\.listen: missing value for url"):
        verb("config", listen={"enable": True})


def test_only_the_address_without_its_query_is_on_the_timeline():
    facts = verb("listen", url="wss://u:p@app.example/a?token=1", sampleRate=16000).facts()

    assert facts == {"url": "wss://app.example/a", "sample_rate": 16000, "mix": "mono"}
