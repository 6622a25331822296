"""`listen`: the audio of a call for an application, and what it says into the call (contract 7)."""

import base64
import io
import itertools
import json
import wave
from array import array
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from interop.audio_app import AudioFarEnd, Heard
from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.raw_caller import RawCaller, status_of
from interop.ws_app import WsApp
from scenario.inbound import Line, add_trunk
from voxgate.model.audio import Audio
from voxgate.testing.rtp import frequency_hz, tone
from voxgate.testing.sandbox import HeardCall, RunningSandbox, running_sandbox

HANGUP = {"verb": "hangup"}
SAID_HZ, TOLD_HZ, OTHER_HZ = 440, 1000, 620
SPEAKS = f"answer; beep {SAID_HZ}Hz 20s"
LISTENS = "answer; listen"

_number = itertools.count()


@pytest.fixture(scope="module")
def sandbox(gateway: Gateway) -> Iterator[RunningSandbox]:
    with running_sandbox() as sandbox:
        gateway.add_carrier("listen-far-ends", sandbox.sip.port)
        yield sandbox


@pytest.fixture
def app() -> Iterator[AudioFarEnd]:
    app = AudioFarEnd()
    yield app
    app.close()


class Stage:
    """Calls to callees that a test orders, with a document that listens."""

    def __init__(self, gateway: Gateway, hooks: HookServer, sandbox: RunningSandbox) -> None:
        self.until_then = ExitStack()
        self.gateway = gateway
        self.hooks = hooks
        self.sandbox = sandbox

    def path(self, name: str) -> str:
        return f"/listen/{next(_number)}/{name}"

    def call(self, number: str, *verbs: dict, **fields: object) -> PlacedCall:
        hook = self.hooks.answer(self.path("call"), list(verbs))
        to = {"type": "phone", "number": number, "trunk": "listen-far-ends"}
        return self.gateway.call({"from": "+15005550001", "to": to, "call_hook": hook, **fields})

    def run(self, script: str, *verbs: dict) -> tuple[PlacedCall, HeardCall]:
        """A whole call."""
        with self.sandbox.callee(script) as callee:
            placed = self.call(callee.number, *verbs)
            return placed, callee.wait()


@pytest.fixture
def stage(gateway: Gateway, hooks: HookServer, sandbox: RunningSandbox) -> Iterator[Stage]:
    stage = Stage(gateway, hooks, sandbox)
    with stage.until_then:
        yield stage


def listen(app: AudioFarEnd, **properties: object) -> dict:
    return {"verb": "listen", "url": app.url(), **properties}


def alerts(placed: PlacedCall) -> list[dict]:
    return [e["data"] for e in placed.events() if e["type"] == "alert"]


def heard_audio(heard: HeardCall) -> Audio:
    assert heard.wav is not None
    with wave.open(io.BytesIO(heard.wav)) as file:
        return Audio(file.readframes(file.getnframes()), file.getframerate())


def loud_ms(audio: Audio) -> int:
    return sum(abs(sample) > 500 for sample in array("h", audio.samples)) * 1000 // audio.rate_hz


# -- what the application hears


def test_the_first_frame_introduces_the_call_and_audio_follows_in_frames_of_20_ms(stage, app):
    """Contract 7: first frame, sub-protocol, binary frames; FS#1553: media is there at once."""
    with stage.sandbox.callee(SPEAKS) as callee:
        placed = stage.call(
            callee.number,
            listen(app, metadata={"tenant": "demo", "n": 1}, maxLength=1),
            HANGUP,
            tag={"customerId": "77"},
        )
        heard = app.wait()
        placed.ended()

    first = heard.introduction
    assert (first["sampleRate"], first["mixType"]) == (8000, "mono")
    assert (first["callSid"], first["direction"]) == (placed.sid, "outbound")
    assert (first["from"], first["to"]) == ("+15005550001", callee.number)
    assert (first["callStatus"], first["sipStatus"], first["sipReason"]) == (
        "in-progress", 200, "OK",
    )  # fmt: skip
    assert first["customerData"] == {"customerId": "77"}
    assert (first["tenant"], first["n"]) == ("demo", 1)
    assert {"callId", "sbcCallid", "accountSid", "traceId", "fsSipAddress"} <= first.keys()
    assert heard.headers["Sec-WebSocket-Protocol"].split(",")[:2] == [
        "audio.jambonz.org",
        "audio.drachtio.org",
    ]
    assert "Authorization" not in heard.headers
    assert {len(frame) for frame in heard.frames} == {320}
    assert heard.tone() == pytest.approx(SAID_HZ, rel=0.02)
    assert heard.wait_ended() == 1000


@pytest.mark.parametrize("rate_hz", [16000, 24000, 32000, 48000, 64000])
def test_stereo_has_the_callee_left_and_what_it_hears_right_at_every_rate(
    stage, app, hooks, rate_hz
):
    sound = hooks.answer(f"/listen/{rate_hz}.wav", wav(tone(TOLD_HZ, 3000)))
    background = {
        "verb": "config",
        "listen": {"enable": True, "url": app.url(), "mixType": "stereo", "sampleRate": rate_hz},
    }

    stage.run(SPEAKS, background, {"verb": "play", "url": sound, "timeoutSecs": 1}, HANGUP)

    heard = app.wait()
    assert heard.introduction["sampleRate"] == rate_hz
    assert {len(frame) for frame in heard.frames} == {rate_hz // 50 * 4}
    assert heard.tone(channel=0, channels=2) == pytest.approx(SAID_HZ, rel=0.02)
    assert heard.tone(channel=1, channels=2) == pytest.approx(TOLD_HZ, rel=0.02)


def test_mixed_is_both_sides_in_one(stage, app, hooks):
    sound = hooks.answer("/listen/mixed.wav", wav(tone(TOLD_HZ, 3000)))
    background = {"verb": "config", "listen": {"enable": True, "url": app.url()}}
    background["listen"]["mixType"] = "mixed"

    stage.run(LISTENS, background, {"verb": "play", "url": sound, "timeoutSecs": 1}, HANGUP)

    assert app.wait().tone(last_s=0.8) == pytest.approx(TOLD_HZ, rel=0.02)


def test_a_dubbed_track_is_in_what_is_heard(stage, app, hooks):
    """FS#833: dub was not in the recording."""
    sound = hooks.answer("/listen/dub.wav", wav(tone(TOLD_HZ, 4000)))
    dub = {"verb": "dub", "track": "music", "loop": True}

    stage.run(
        LISTENS,
        dub | {"action": "addTrack"},
        dub | {"action": "playOnTrack", "play": sound},
        listen(app, mixType="stereo", maxLength=1.2),
        HANGUP,
    )

    heard = app.wait()
    assert heard.tone(channel=1, channels=2, last_s=0.6) == pytest.approx(TOLD_HZ, rel=0.02)
    assert heard.tone(channel=0, channels=2) == 0


def test_keys_are_told_when_asked_and_one_of_them_ends_it(stage, app, hooks):
    """passDtmf and finishOnKey; the duration is in timestamp units, as text."""
    done = stage.path("done")
    hooks.answer(done, [HANGUP])

    stage.run(
        "answer; wait 0.3s; press 5; wait 0.2s; press #; listen",
        listen(app, id="l", passDtmf=True, finishOnKey="#", actionHook=done),
        {"verb": "pause", "length": 30},
    )

    heard = app.wait()
    keys = heard.messages("dtmf")
    assert [key["dtmf"] for key in keys] == ["5", "#"]
    assert keys[0]["event"] == "dtmf"
    assert int(keys[0]["duration"]) % 8 == 0
    assert isinstance(keys[0]["duration"], str)
    told = hooks.wait_for(done).body
    assert (told["digits"], told["verb_id"]) == ("#", "l")
    assert told["dial_call_duration"] in {1, 2}


def test_max_length_ends_it_and_the_next_verb_runs(stage, app):
    placed, _ = stage.run(SPEAKS, listen(app, maxLength=0.5), {"verb": "pause", "length": 0.1})

    (finished,) = [
        e["data"]
        for e in placed.events()
        if e["type"] == "verb"
        and e["data"]["phase"] == "finished"
        and e["data"]["verb"] == "listen"
    ]
    assert finished["ended_by"] == "max-length"


def test_silence_for_as_long_as_timeout_says_ends_it(stage, app):
    """Gotcha 58: listen.timeout is not ignored."""
    stage.run('answer; say "Hello?"; listen', listen(app, timeout=0.6), HANGUP)

    assert app.wait().wait_ended() == 1000


def test_it_never_ends_by_itself(stage, app):
    """Gotcha 72."""
    with stage.sandbox.callee(LISTENS) as callee:
        placed = stage.call(callee.number, listen(app), {"verb": "tag", "data": {"after": 1}})
        app.wait().wait_heard(1.5)
        assert placed.record()["tag"] == {} if "tag" in placed.record() else True
        placed.update(call_status="completed")
        end = placed.ended()

    assert end.get("tag") in (None, {})


def test_the_application_hangs_up_and_the_call_goes_on(stage, app):
    with stage.sandbox.callee(LISTENS) as callee:
        placed = stage.call(
            callee.number, listen(app), {"verb": "tag", "data": {"by": "app"}}, HANGUP
        )
        app.wait().close()
        end = placed.ended()

    assert (end["tag"], end["outcome"]["code"]) == ({"by": "app"}, "completed")


def test_disconnect_ends_the_verb_and_not_the_call(stage, app, hooks):
    done = stage.path("done")
    hooks.answer(done, [{"verb": "tag", "data": {"then": "more"}}, HANGUP])
    with stage.sandbox.callee(LISTENS) as callee:
        placed = stage.call(callee.number, listen(app, actionHook=done))
        heard = app.wait()
        heard.send("disconnect")
        end = placed.ended()

    assert end["tag"] == {"then": "more"}
    assert heard.wait_ended() == 1000
    assert "digits" not in hooks.wait_for(done).body


@pytest.mark.parametrize("protocol", ["audio.drachtio.org", "audio.voxgate", "none.of.ours"])
def test_servers_may_know_any_of_the_protocols_or_none(stage, protocol):
    app = AudioFarEnd(protocol)
    try:
        stage.run(SPEAKS, listen(app, maxLength=0.3), HANGUP)
        assert app.wait().tone() == pytest.approx(SAID_HZ, rel=0.02)
    finally:
        app.close()


@pytest.mark.parametrize("name", ["wsAuth", "auth"])
def test_credentials_go_into_the_handshake(stage, app, name):
    stage.run(
        LISTENS, listen(app, maxLength=0.2, **{name: {"username": "u", "password": "p"}}), HANGUP
    )

    scheme, _, pair = app.wait().headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"u:p")


def test_a_relative_address_lies_on_the_applications_host(gateway, stage, sandbox):
    """FS#1101: relative to the call hook, http becoming ws."""
    app = AudioFarEnd()
    try:
        with sandbox.callee(LISTENS) as callee:
            to = {"type": "phone", "number": callee.number, "trunk": "listen-far-ends"}
            placed = gateway.call({
                "from": "+15005550001",
                "to": to,
                "call_hook": f"http://127.0.0.1:{app.port}/unused",
                "app_json": json.dumps([{"verb": "listen", "url": "/ears?a=1", "maxLength": 0.2}]),
            })
            placed.ended()
        assert app.wait().path == "/ears?a=1"
    finally:
        app.close()


def test_stream_is_another_name_for_it(stage, app):
    stage.run(SPEAKS, {"verb": "stream", "url": app.url(), "maxLength": 0.3}, HANGUP)

    assert app.wait().tone() == pytest.approx(SAID_HZ, rel=0.02)


def test_a_beep_is_heard_before_it_begins(stage, app):
    _, heard = stage.run(LISTENS, listen(app, playBeep=True, maxLength=0.3), HANGUP)

    assert frequency_hz(heard_audio(heard)) == pytest.approx(1500, rel=0.02)


def test_an_application_that_cannot_be_reached_is_an_alert_and_the_next_verb_runs(
    stage, app, hooks
):
    done = stage.path("done")
    app.refuses = 1

    placed, _ = stage.run(
        LISTENS, listen(app, actionHook=done), {"verb": "tag", "data": {"went": "on"}}, HANGUP
    )

    assert placed.ended()["tag"] == {"went": "on"}
    assert [a["alert_type"] for a in alerts(placed)] == ["webhook-failure"]
    assert hooks.wait_for(done).body["dial_call_duration"] == 0


def test_an_address_that_may_not_be_reached_is_refused(stage):
    """EGRESS_ALLOW holds for audio as for every hook."""
    placed, _ = stage.run(LISTENS, {"verb": "listen", "url": "ws://169.254.169.254/latest"}, HANGUP)

    (alert,) = alerts(placed)
    assert alert["alert_type"] == "webhook-connection-failure"
    assert "EGRESS_ALLOW" in alert["detail"]


def test_metadata_that_leaves_no_room_is_left_out_with_an_alert(stage, app):
    placed, _ = stage.run(LISTENS, listen(app, metadata={"m": "x" * 8100}, maxLength=0.2), HANGUP)

    assert "m" not in app.wait().introduction
    assert "metadata" in alerts(placed)[0]["message"]


# -- what the application says


def wav(audio: Audio) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(audio.rate_hz)
        out.writeframes(audio.samples)
    return file.getvalue()


def at(rate_hz: int, frequency: int, ms: int) -> Audio:
    return Audio(tone(frequency * 8000 / rate_hz, ms * rate_hz // 8000).samples, rate_hz)


class Conversation:
    """A call whose application speaks; the test's thread is the application."""

    def __init__(self, stage: Stage, app: AudioFarEnd, **properties: object) -> None:
        self.callee = stage.until_then.enter_context(stage.sandbox.callee(LISTENS))
        self.placed = stage.call(self.callee.number, listen(app, **properties), HANGUP)
        self.app: Heard = app.wait()

    def end(self) -> Audio:
        """What the callee heard of it all."""
        self.app.send("disconnect")
        return heard_audio(self.callee.wait())


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 32000, 48000, 64000])
def test_raw_sound_is_heard_at_its_frequency_and_its_end_is_told(stage, app, rate_hz):
    talk = Conversation(stage, app)

    talk.app.play(at(rate_hz, TOLD_HZ, 400), id="p1", textContent="beep")
    done = talk.app.wait_for("playDone")

    assert done == {
        "id": "p1",
        "playbackSeconds": "0",
        "playbackMilliseconds": "400",
        "playbackLastOffsetPos": "3200",
    }
    assert frequency_hz(talk.end()) == pytest.approx(TOLD_HZ, rel=0.02)


@pytest.mark.parametrize("kind", ["wav", "wave"])
def test_a_sound_file_is_heard(stage, app, kind):
    talk = Conversation(stage, app)
    content = base64.b64encode(wav(at(16000, TOLD_HZ, 300))).decode()

    talk.app.send("playAudio", audioContent=content, audioContentType=kind)

    assert talk.app.wait_for("playDone")["playbackMilliseconds"] == "300"
    assert frequency_hz(talk.end()) == pytest.approx(TOLD_HZ, rel=0.02)


def test_a_new_sound_takes_the_place_of_all_before(stage, app):
    """Default of playAudio: at once, and the queue is emptied (FS#201)."""
    talk = Conversation(stage, app)
    talk.app.play(tone(SAID_HZ, 5000), id="long")
    talk.app.play(tone(SAID_HZ, 5000), id="waiting", queuePlay=True)
    talk.app.wait_heard(0.3)
    talk.app.play(tone(TOLD_HZ, 300), id="new")

    first = talk.app.wait_for("playDone", 1)
    assert first["id"] == "long"
    assert 0 < int(first["playbackMilliseconds"]) < 2000
    assert talk.app.wait_for("playDone", 2)["id"] == "new"
    assert len(talk.app.messages("playDone")) == 2
    assert loud_ms(talk.end()) < 3000


def test_queued_sounds_follow_one_another_and_the_twelfth_is_dropped(stage, app):
    """Contract 15: about ten sounds wait (FS#201)."""
    talk = Conversation(stage, app)
    for number in range(13):
        talk.app.play(tone(TOLD_HZ, 60), id=str(number), queuePlay=True)
    talk.app.wait_for("playDone", 11)
    talk.app.wait_heard(0.2)

    done = [each["id"] for each in talk.app.messages("playDone")]
    assert done[:11] == [str(number) for number in range(11)]
    assert len(done) < 13
    assert any("sounds wait" in a["message"] for a in alerts(talk.placed))
    talk.end()


def test_kill_audio_silences_at_once(stage, app):
    talk = Conversation(stage, app)
    talk.app.play(tone(TOLD_HZ, 8000), id="long")
    talk.app.wait_heard(0.4)
    talk.app.send("killAudio")

    done = talk.app.wait_for("playDone")
    assert done["id"] == "long"
    assert 0 < int(done["playbackMilliseconds"]) < 3000
    talk.app.wait_heard(0.5)
    assert loud_ms(talk.end()) < 3000


def test_marks_are_told_when_the_sound_before_them_was_heard(stage, app):
    talk = Conversation(stage, app)
    talk.app.send("mark", name="at-once")
    talk.app.play(tone(TOLD_HZ, 300))
    talk.app.send("mark", name="after")

    assert talk.app.wait_for("mark", 1) == {"name": "at-once", "event": "playout"}
    assert talk.app.wait_for("mark", 2) == {"name": "after", "event": "playout"}
    order = [text["type"] for text in talk.app.texts[1:]]
    assert order == ["mark", "playDone", "mark"]
    talk.end()


def test_cleared_marks_are_told_so_and_never_reached(stage, app):
    """FS#1374: clearMarks has an effect."""
    talk = Conversation(stage, app)
    talk.app.play(tone(TOLD_HZ, 400), id="p")
    talk.app.send("mark", name="m1")
    talk.app.send("mark", name="m2")
    talk.app.send("clearMarks")

    talk.app.wait_for("mark", 2)
    talk.app.wait_for("playDone")
    talk.app.wait_heard(0.2)
    assert talk.app.messages("mark") == [
        {"name": "m1", "event": "cleared"},
        {"name": "m2", "event": "cleared"},
    ]
    talk.end()


def test_the_thirty_first_mark_is_refused(stage, app):
    talk = Conversation(stage, app)
    talk.app.play(tone(TOLD_HZ, 5000))
    for number in range(31):
        talk.app.send("mark", name=str(number))
    talk.app.send("killAudio")

    talk.app.wait_for("mark", 30)
    talk.app.wait_heard(0.1)
    assert len(talk.app.messages("mark")) == 30
    assert "more than 30" in alerts(talk.placed)[0]["message"]
    talk.end()


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_streamed_frames_are_heard_without_a_seam(stage, app, rate_hz):
    streaming = {"enabled": True, "streaming": True, "sampleRate": rate_hz}
    talk = Conversation(stage, app, bidirectionalAudio=streaming)
    samples = at(rate_hz, TOLD_HZ, 600).samples
    for start in range(0, len(samples), 1001):  # not even whole samples
        talk.app.speak(samples[start : start + 1001])
    talk.app.send("mark", name="end")

    talk.app.wait_for("mark")
    heard = talk.end()
    assert frequency_hz(heard) == pytest.approx(TOLD_HZ, rel=0.02)


def test_kill_audio_flushes_a_stream_and_clears_its_marks(stage, app):
    talk = Conversation(stage, app, bidirectionalAudio={"enabled": True, "streaming": True})
    talk.app.speak(tone(TOLD_HZ, 8000).samples)
    talk.app.send("mark", name="end")
    talk.app.wait_heard(0.4)
    talk.app.send("killAudio")

    assert talk.app.wait_for("mark") == {"name": "end", "event": "cleared"}
    talk.app.wait_heard(0.4)
    assert loud_ms(talk.end()) < 3000


@pytest.mark.parametrize(
    "properties",
    [{"bidirectionalAudio": {"enabled": False}}, {"disableBidirectionalAudio": True}],
)
def test_an_application_that_may_not_speak_is_not_heard(stage, app, properties):
    talk = Conversation(stage, app, **properties)
    talk.app.play(tone(TOLD_HZ, 300))
    talk.app.speak(tone(TOLD_HZ, 300).samples)
    talk.app.wait_heard(0.4)

    assert "disabled" in alerts(talk.placed)[0]["message"]
    assert loud_ms(talk.end()) == 0


def test_what_is_no_message_changes_nothing(stage, app):
    talk = Conversation(stage, app)
    for text in ("{", "[]", '{"type":"sing"}', '{"type":"playAudio"}', '{"type":"mark","data":{}}'):
        talk.app.send_text(text)
    talk.app.send("json", anything=1)
    talk.app.play(tone(TOLD_HZ, 200))

    talk.app.wait_for("playDone")
    assert {a["alert_type"] for a in alerts(talk.placed)} == {"invalid-app-payload"}
    assert frequency_hz(talk.end()) == pytest.approx(TOLD_HZ, rel=0.02)


# -- live control, beside verbs, nested


def test_paused_and_resumed(stage, app):
    """FS#751: the audio goes on after a pause."""
    with stage.sandbox.callee(SPEAKS) as callee:
        placed = stage.call(callee.number, listen(app), HANGUP)
        heard = app.wait()
        heard.wait_heard(0.2)
        assert placed.update(listen_status="pause").status == 202
        placed.wait_event("media", type="listen_paused")
        paused_at = len(heard.frames)
        assert placed.update(stream_status="resume").status == 202
        placed.wait_event("media", type="listen_resumed")
        heard.wait_heard(0.5)
        heard.send("disconnect")
        placed.ended()

    assert paused_at >= 10
    assert heard.tone(last_s=0.3) == pytest.approx(SAID_HZ, rel=0.02)


def test_pausing_what_does_not_listen_is_422_and_the_background_is_not_meant(stage, app):
    """Contract 6: listen_status is of the verb, not of config.listen."""
    with stage.sandbox.callee(LISTENS) as callee:
        placed = stage.call(
            callee.number,
            {"verb": "config", "listen": {"enable": True, "url": app.url()}},
            {"verb": "pause", "length": 20},
        )
        app.wait()
        reply = placed.update(listen_status="pause")
        placed.update(call_status="completed")
        placed.ended()

    assert reply.status == 422


def test_a_websocket_application_pauses_and_resumes_by_command(stage, app):
    """Contract 4.4: listen:status and stream:status."""
    commands = WsApp()
    commands.answers["session:new"] = [listen(app), HANGUP]
    try:
        with stage.sandbox.callee(SPEAKS) as callee:
            to = {"type": "phone", "number": callee.number, "trunk": "listen-far-ends"}
            placed = stage.gateway.call({
                "from": "+15005550001", "to": to, "call_hook": commands.url(),
            })  # fmt: skip
            heard = app.wait()
            talk = commands.wait_talk()
            talk.command("listen:status", {"listen_status": "pause"})
            placed.wait_event("media", type="listen_paused")
            talk.command("stream:status", {"stream_status": "resume"})
            placed.wait_event("media", type="listen_resumed")
            heard.wait_heard(0.4)
            heard.send("disconnect")
            assert placed.ended()["outcome"]["code"] == "completed"
    finally:
        commands.close()


def test_another_background_takes_the_place_of_the_first(stage, app):
    background = {"verb": "config", "listen": {"enable": True, "url": app.url("/first")}}
    second = {"verb": "config", "stream": {"enable": True, "url": app.url("/second")}}

    stage.run(SPEAKS, background, second, {"verb": "pause", "length": 0.5}, HANGUP)

    paths = {heard.path for heard in app.heard if heard.frames}
    assert "/second" in paths
    assert all(heard.wait_ended() == 1000 for heard in app.heard if heard.texts)


def test_the_callees_hanging_up_closes_the_socket(stage, app):
    placed, _ = stage.run("answer; beep 440Hz 0.5s; hang up", listen(app), HANGUP)

    assert app.wait().wait_ended() == 1000
    assert placed.ended()["call_termination_by"] == "caller"


def test_a_new_document_closes_the_socket(stage, app, hooks):
    """The verb is killed by a redirect: an end condition of contract 7."""
    hook = hooks.answer(stage.path("next"), [{"verb": "tag", "data": {"next": 1}}, HANGUP])
    with stage.sandbox.callee(LISTENS) as callee:
        placed = stage.call(callee.number, listen(app), {"verb": "pause", "length": 20})
        heard = app.wait()
        assert placed.update(call_hook=hook).status == 202
        assert heard.wait_ended() == 1000
        assert placed.ended()["tag"] == {"next": 1}


def test_in_the_background_until_config_ends_it(stage, app):
    placed, _ = stage.run(
        SPEAKS,
        {"verb": "config", "listen": {"enable": True, "url": app.url()}},
        {"verb": "pause", "length": 0.5},
        {"verb": "config", "listen": {"enable": False}},
        {"verb": "pause", "length": 0.3},
        HANGUP,
    )

    heard = app.wait()
    assert heard.tone() == pytest.approx(SAID_HZ, rel=0.02)
    events = [e["data"].get("type") or e["data"].get("verb") for e in placed.events()]
    assert "hangup" not in events[: events.index("listen_ended")]
    assert placed.ended()["outcome"]["code"] == "completed"


def test_what_the_background_says_is_heard_over_the_verbs(stage, app):
    with stage.sandbox.callee(LISTENS) as callee:
        stage.call(
            callee.number,
            {"verb": "config", "listen": {"enable": True, "url": app.url()}},
            {"verb": "pause", "length": 1},
            HANGUP,
        )
        app.wait().play(tone(TOLD_HZ, 300))
        heard = heard_audio(callee.wait())

    assert frequency_hz(heard) == pytest.approx(TOLD_HZ, rel=0.02)


@pytest.mark.parametrize(("channel", "frequency"), [(1, SAID_HZ), (2, OTHER_HZ)])
def test_nested_in_a_dial_it_hears_either_leg(stage, app, channel, frequency):
    with (
        stage.sandbox.callee(SPEAKS) as caller,
        stage.sandbox.callee(f"answer; beep {OTHER_HZ}Hz 20s") as callee,
    ):
        target = {"type": "phone", "number": callee.number, "trunk": "listen-far-ends"}
        nested = {"url": app.url(), "channel": channel, "mixType": "stereo"}
        dial = {"verb": "dial", "target": [target], "listen": nested, "timeLimit": 2}
        placed = stage.call(caller.number, dial, HANGUP)
        heard = app.wait()
        placed.ended()

    other = SAID_HZ + OTHER_HZ - frequency
    assert heard.tone(channel=0, channels=2, last_s=0.8) == pytest.approx(frequency, rel=0.02)
    assert heard.tone(channel=1, channels=2, last_s=0.8) == pytest.approx(other, rel=0.02)
    assert (heard.introduction["callSid"] == placed.sid) == (channel == 1)


def test_beside_a_conference_it_hears_its_own_member_and_the_others(stage, app):
    name = f"listened-{next(_number)}"
    join = {"verb": "conference", "name": name, "beep": False}
    with (
        stage.sandbox.callee(SPEAKS) as one,
        stage.sandbox.callee(f"answer; beep {OTHER_HZ}Hz 20s") as other,
    ):
        first = stage.call(one.number, join | {"listen": listen(app, mixType="stereo")})
        second = stage.call(other.number, join)
        heard = app.wait()
        second.wait_event("media", type="conference_joined")
        heard.wait_heard(1.2)
        for placed in (first, second):
            placed.update(call_status="completed")

    assert heard.wait_ended() == 1000
    assert heard.tone(channel=0, channels=2, last_s=0.6) == pytest.approx(SAID_HZ, rel=0.02)
    assert heard.tone(channel=1, channels=2, last_s=0.6) == pytest.approx(OTHER_HZ, rel=0.02)


def test_early_media_is_listened_to_before_the_answer(gateway, hooks, app):
    """Contract 5.1: earlyMedia opens the media with 183."""
    line = Line(gateway, hooks, add_trunk(gateway, "127.0.0.31"))
    line.answers([listen(app, earlyMedia=True, maxLength=0.4), {"verb": "answer"}, HANGUP])
    with RawCaller(gateway.sip_port, "127.0.0.31") as caller:
        call = caller.invite(line.uri)
        answer = call.final()

    heard = app.wait()
    assert 183 in call.provisional
    assert status_of(answer) == 200
    assert heard.introduction["direction"] == "inbound"


def test_a_transcript_is_told_meanwhile(stage, app, hooks):
    told = stage.path("transcript")
    recognizer = {"vendor": "scripted", "scriptedOptions": {"utterances": ["good day"]}}
    nested = {"transcriptionHook": told, "recognizer": recognizer}

    stage.run(
        'answer; say "Good day."; listen', listen(app, transcribe=nested, maxLength=2), HANGUP
    )

    assert hooks.wait_for(told).body["speech"]["alternatives"][0]["transcript"] == "good day"
