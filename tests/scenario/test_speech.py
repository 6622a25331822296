"""Callers who speak: what the application is told, and what they hear when they speak up."""

import io
import itertools
import wave
from collections.abc import Iterator

import numpy as np
import pytest

from interop.gateway import Gateway, PlacedCall
from interop.ws_app import Talk, WsApp
from voxgate.testing.sandbox import HeardCall, RunningSandbox, running_sandbox

HANGUP = {"verb": "hangup"}
LONG = "This is a prompt that goes on and on and on, so that nobody can wait for its end. " * 3
SPEAKS_UP = 'answer; listen until speech; listen 0.5s; say "yes please"; listen'
WAITS = 'answer; listen until silence 0.7s; say "yes please"; listen'

_number = itertools.count()


@pytest.fixture(scope="module")
def sandbox(gateway: Gateway) -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        gateway.add_carrier("speech", running.sip.port)
        yield running


def scripted(*utterances: object, **properties: object) -> dict[str, object]:
    return {
        "vendor": "scripted",
        "scriptedOptions": {"utterances": list(utterances)},
        **properties,
    }


def place(gateway: Gateway, hook: str, number: str) -> PlacedCall:
    to = {"type": "phone", "number": number, "trunk": "speech"}
    return gateway.call({"from": "+15005550001", "to": to, "call_hook": hook})


class Story:
    """One call: an application of fixed answers, and a callee who speaks."""

    def __init__(self, gateway: Gateway, hooks, sandbox: RunningSandbox) -> None:
        self.gateway, self.hooks, self._sandbox = gateway, hooks, sandbox
        self.base = f"/speech/{next(_number)}"

    def run(self, script: str, *verbs: dict, **answers: list) -> HeardCall:
        """`answers` are of the hooks `<base>/<name>`; in verbs write `~name`."""
        for name, document in answers.items():
            self.hooks.answer(f"{self.base}/{name}", document)
        hook = self.hooks.answer(self.base, list(verbs))
        with self._sandbox.callee(script) as callee:
            self.placed = place(self.gateway, hook, callee.number)
            return callee.wait(20)

    def at(self, name: str) -> str:
        return f"{self.base}/{name}"

    def told(self, name: str) -> dict:
        return self.hooks.wait_for(self.at(name)).body

    def all_told(self, name: str) -> list[dict]:
        return [request.body for request in self.hooks.requests(self.at(name))]


@pytest.fixture
def story(gateway, hooks, sandbox) -> Story:
    return Story(gateway, hooks, sandbox)


def words(result: dict) -> str:
    return result["speech"]["alternatives"][0]["transcript"]


def sound_ms(heard: HeardCall) -> int:
    """From the first to the last audible moment of what the callee heard."""
    assert heard.wav is not None
    with wave.open(io.BytesIO(heard.wav)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    loud = np.flatnonzero(np.abs(samples) > 300)
    return int((loud[-1] - loud[0]) / 8) if len(loud) else 0


def gather(story: Story, **properties: object) -> dict[str, object]:
    return {
        "verb": "gather",
        "id": "ask",
        "input": ["speech"],
        "timeout": 8,
        "actionHook": story.at("said"),
        **properties,
    }


def test_words_are_recognised_and_the_answer_goes_on(story):
    """The offline recogniser, with real speech over real RTP."""
    ear = {"vendor": "pocketsphinx", "hints": ["yes please", "no thank you", "operator"]}

    story.run(WAITS, gather(story, recognizer=ear, say={"text": "Well?"}), said=[HANGUP])

    told = story.told("said")
    assert (told["reason"], told["verb_id"]) == ("speechDetected", "ask")
    assert words(told) == "yes please"
    assert told["speech"]["vendor"]["name"] == "pocketsphinx"
    assert told["speech"]["language_code"] == "en-US"


def test_speaking_up_stops_the_prompt(story):
    """FS#676: what the caller hears ends, whatever was to follow it."""
    ear = scripted({"transcript": "yes please", "interim": ["yes"]})

    heard = story.run(
        SPEAKS_UP,
        gather(story, recognizer=ear, bargein=True, say={"text": LONG}),
        said=[{"verb": "pause", "length": 1}, HANGUP],
    )

    told = story.told("said")
    assert words(told) == "yes please"
    assert told["speech"]["vendor"]["evt"]["fed_ms"] > 500
    assert sound_ms(heard) < 2500


def test_a_prompt_that_speech_may_not_stop_is_heard_out(story):
    heard = story.run(
        SPEAKS_UP,
        gather(story, recognizer=scripted("yes"), say={"text": "One two three four five six."}),
        said=[HANGUP],
    )

    assert words(story.told("said")) == "yes"
    assert sound_ms(heard) > 1500


def test_a_session_recogniser_that_fails_is_followed_by_its_fallback(story):
    ear = scripted("yes", vendor="acme", fallbackVendor="scripted")

    story.run(WAITS, gather(story, recognizer=ear, say={"text": "Well?"}), said=[HANGUP])

    assert words(story.told("said")) == "yes"
    alerts = [e["data"] for e in story.placed.events() if e["type"] == "alert"]
    assert [alert["alert_type"] for alert in alerts] == ["no-stt"]


def test_without_any_recogniser_the_result_is_an_error(story):
    story.run(
        WAITS, gather(story, recognizer={"vendor": "acme"}, say={"text": "Well?"}), said=[HANGUP]
    )

    told = story.told("said")
    assert told["reason"] == "error"
    assert "acme" in told["details"]


def test_nothing_said_is_a_timeout_after_the_prompt(story):
    """FS#664."""
    story.run(
        "answer; listen",
        gather(story, recognizer=scripted("x"), timeout=1, say={"text": "Well?"}),
        said=[HANGUP],
    )

    assert story.told("said")["reason"] == "timeout"


def test_one_recogniser_session_serves_gather_after_gather(story):
    """FS#747: the script goes on where the gather before it ended."""
    ear = scripted("one", "two")
    script = f'{WAITS}; listen until speech; listen until silence 0.7s; say "two"; listen'
    second = gather(story, recognizer=ear, say={"text": "And?"}, actionHook=story.at("more"))

    story.run(
        script.replace("; listen; listen", "; listen"),
        gather(story, recognizer=ear, say={"text": "Well?"}),
        said=[second],
        more=[HANGUP],
    )

    assert (words(story.told("said")), words(story.told("more"))) == ("one", "two")


def test_an_application_that_asks_is_told_how_long_the_recogniser_took(story):
    """`config.notifySttLatency`."""
    ear = scripted("yes please")
    asks = gather(story, recognizer=ear, say={"text": "Well?"})

    story.run(WAITS, {"verb": "config", "notifySttLatency": True}, asks, said=[HANGUP])

    told = story.told("said")
    assert 0 <= told["stt_latency_ms"] < 2000
    ((began, ended),) = told["stt_talkspurts"]
    assert told["stt_start_time"] < began < ended <= told["stt_stop_time"]
    assert told["stt_usage"] == told["stt_stop_time"] - told["stt_start_time"]


def test_what_is_understood_so_far_is_told(story):
    ear = scripted({"transcript": "yes please", "interim": ["yes"]})

    story.run(
        WAITS,
        gather(story, recognizer=ear, say={"text": "Well?"}, partialResultHook=story.at("part")),
        said=[HANGUP],
    )

    assert words(story.told("part")) == "yes"
    assert story.told("part")["speech"]["is_final"] is False


def test_everything_said_is_transcribed_until_the_call_ends(story):
    """FS#997: the last words too. FS#388: a recogniser with options serves here as in gather."""
    transcribe = {
        "verb": "transcribe",
        "transcriptionHook": story.at("line"),
        "recognizer": scripted("hello", "goodbye"),
    }

    story.run('answer; say "hello there"; wait 0.8s; say "goodbye now"; hang up', transcribe)

    story.placed.ended()
    assert [words(told) for told in story.all_told("line")] == ["hello", "goodbye"]
    assert all(told["speech"]["is_final"] for told in story.all_told("line"))


def test_a_transcripts_answer_replaces_the_application(story):
    transcribe = {
        "verb": "transcribe",
        "transcriptionHook": story.at("line"),
        "recognizer": scripted("hello"),
    }

    story.run('answer; say "hello there"; listen', transcribe, line=[HANGUP])

    assert story.placed.ended()["outcome"]["code"] == "completed"


def barge_in(story: Story, *utterances: object, **properties: object) -> dict[str, object]:
    return {
        "verb": "config",
        "recognizer": scripted(*utterances),
        "bargeIn": {
            "enable": True,
            "input": ["speech", "digits"],
            "actionHook": story.at("barge"),
            **properties,
        },
    }


class TestBackground:
    def test_speaking_up_over_prompts_replaces_the_application(self, story):
        """FS#676: the prompts after the one that was cut are not heard either."""
        prompts = [{"verb": "say", "text": LONG}, {"verb": "say", "text": LONG}]

        heard = story.run(
            SPEAKS_UP,
            barge_in(story, "stop please"),
            *prompts,
            {"verb": "pause", "length": 20},
            barge=[{"verb": "pause", "length": 1}, HANGUP],
        )

        assert words(story.told("barge")) == "stop please"
        assert story.placed.ended()["outcome"]["code"] == "completed"
        assert sound_ms(heard) < 3500

    def test_a_key_over_a_prompt_stops_it_while_it_is_held(self, story):
        script = "answer; listen until speech; listen 0.5s; press 5; listen"

        heard = story.run(
            script,
            barge_in(story, numDigits=1),
            {"verb": "say", "text": LONG},
            {"verb": "pause", "length": 20},
            barge=[HANGUP],
        )

        told = story.told("barge")
        assert (told["reason"], told["digits"]) == ("dtmfDetected", "5")
        assert sound_ms(heard) < 1500

    def test_a_sticky_one_goes_on_after_each_hit(self, story):
        script = 'answer; wait 0.5s; say "one"; wait 0.9s; say "two"; wait 0.9s; hang up'

        story.run(
            script, barge_in(story, "one", "two", sticky=True), {"verb": "pause", "length": 20}
        )

        assert [words(told) for told in story.all_told("barge")] == ["one", "two"]


class TestStream:
    """An application behind a WebSocket sends what is said word by word."""

    @pytest.fixture
    def app(self) -> Iterator[WsApp]:
        app = WsApp()
        yield app
        app.close()

    def place(self, gateway: Gateway, app: WsApp, number: str, *verbs: dict) -> Talk:
        app.answers["session:new"] = list(verbs)
        to = {"type": "phone", "number": number, "trunk": "speech"}
        gateway.call({"from": "+15005550001", "to": to, "call_hook": app.url()})
        return app.wait_talk()

    @staticmethod
    def event(talk: Talk, kind: str) -> None:
        talk.wait_for("tts:streaming-event", lambda frame: frame["data"]["event_type"] == kind)

    def test_what_is_sent_is_heard_and_its_end_is_told(self, gateway, sandbox, app):
        with sandbox.callee("answer; listen") as callee:
            say = {"verb": "say", "stream": True}
            talk = self.place(gateway, app, callee.number, say, HANGUP)
            self.event(talk, "stream_open")
            talk.command("tts:tokens", {"id": 1, "tokens": "Good morning. This is"})
            talk.command("tts:tokens", {"id": 2, "tokens": " a stream."})
            talk.command("tts:tokens", {"tokens": "no id"})
            talk.command("tts:flush")
            self.event(talk, "stream_empty")
            self.event(talk, "stream_closed")
            heard = callee.wait(20)

        results = [frame["data"] for frame in talk.of("tts:tokens-result")]
        assert [(each["id"], each["status"]) for each in results] == [
            (1, "ok"),
            (2, "ok"),
            (None, "failed"),
        ]
        assert sound_ms(heard) > 1200

    def test_a_caller_who_cuts_in_stops_it(self, gateway, sandbox, app):
        """jambonz FS#1153."""
        config = {
            "verb": "config",
            "recognizer": scripted("stop"),
            "bargeIn": {"enable": True, "input": ["speech"], "actionHook": "/barge"},
        }
        say = {"verb": "say", "stream": True, "closeStreamOnEmpty": False}
        app.answers["verb:hook"] = [HANGUP]
        with sandbox.callee(SPEAKS_UP) as callee:
            talk = self.place(gateway, app, callee.number, config, say)
            self.event(talk, "stream_open")
            talk.command("tts:tokens", {"id": 1, "tokens": LONG})
            self.event(talk, "user_interruption")
            heard = callee.wait(20)

        assert talk.wait_for("verb:hook")["data"]["reason"] == "speechDetected"
        assert sound_ms(heard) < 3500


def test_a_transcription_goes_on_when_the_application_is_replaced(story):
    """FS#601: nothing was told after the call had been given other verbs."""
    transcribe = {"enable": True, "transcriptionHook": story.at("line")}
    config = {"verb": "config", "recognizer": scripted("still here"), "transcribe": transcribe}

    story.run(
        'answer; wait 0.7s; say "still here"; wait 0.8s; hang up',
        config,
        {"verb": "redirect", "actionHook": story.at("other")},
        other=[{"verb": "pause", "length": 20}],
    )

    assert words(story.told("line")) == "still here"


class TestDial:
    def test_both_legs_of_a_dial_are_transcribed_each_on_its_channel(self, story, sandbox):
        """FS#666: the called leg was not transcribed by default."""
        far = 'answer; wait 2s; say "I am the callee"; wait 1s; hang up'
        with sandbox.callee(far) as callee:
            dial = {
                "verb": "dial",
                "target": [{"type": "phone", "number": callee.number, "trunk": "speech"}],
                "transcribe": {
                    "transcriptionHook": story.at("line"),
                    "recognizer": scripted("words"),
                },
            }
            near = 'answer; wait 1s; say "I am the caller"; listen'

            story.run(near, dial, HANGUP)

        story.placed.ended()
        channels = [told["speech"]["channel_tag"] for told in story.all_told("line")]
        assert channels == [1, 2]
        assert {told["call_sid"] for told in story.all_told("line")} == {story.placed.sid}

    def test_a_transcription_can_be_paused_and_one_must_run_for_that(self, story, sandbox):
        transcribe = {
            "verb": "transcribe",
            "transcriptionHook": story.at("line"),
            "recognizer": scripted("one", "two"),
        }
        script = 'answer; say "hello there"; listen until digits 1; say "again"; wait 0.8s; hang up'

        hook = story.hooks.answer(story.base, [transcribe])
        with sandbox.callee(script) as callee:
            placed = place(story.gateway, hook, callee.number)
            story.told("line")
            assert placed.update(transcribe_status="pause").status == 202
            placed.update(dtmf={"digit": "1", "duration": 100})
            callee.wait(20)

        assert [words(told) for told in story.all_told("line")] == ["one"]

    def test_without_a_transcription_there_is_nothing_to_pause(self, story, sandbox):
        hook = story.hooks.answer(story.base, [{"verb": "pause", "length": 5}])
        with sandbox.callee("answer; listen") as callee:
            placed = place(story.gateway, hook, callee.number)
            placed.wait_event("status", call_status="in-progress")
            assert placed.update(transcribe_status="pause").status == 422
            placed.update(call_status="completed")


def test_a_recogniser_that_breaks_while_the_caller_speaks_is_followed_by_its_fallback(story):
    """The words under way are still understood, by the other one."""
    ear = {
        "vendor": "scripted",
        "fallbackVendor": "pocketsphinx",
        "hints": ["no thank you", "operator please"],
        "scriptedOptions": {"utterances": [{"error": "the line to the vendor broke"}]},
    }
    script = WAITS.replace("yes please", "operator please")

    story.run(script, gather(story, recognizer=ear, say={"text": "Well?"}), said=[HANGUP])

    told = story.told("said")
    assert (told["speech"]["vendor"]["name"], words(told)) == ("pocketsphinx", "operator please")
    alerts = [e["data"]["alert_type"] for e in story.placed.events() if e["type"] == "alert"]
    assert alerts == ["stt-failure"]


class TestFallbackOfTheApplication:
    """FS#425, #698, #774: who follows is named once, and follows whatever the failure was."""

    def place(self, story: Story, number: str, *verbs: dict, **more: object) -> PlacedCall:
        hook = story.hooks.answer(story.base, list(verbs))
        application = story.gateway.add_application(
            f"fallback-{story.base}",
            call_hook={"url": hook},
            speech_synthesis_vendor="acme",
            speech_synthesis_language="de-DE",
            fallback_speech_synthesis_vendor="spare",
            fallback_speech_recognizer_vendor="pocketsphinx",
        )
        to = {"type": "phone", "number": number, "trunk": "speech"}
        body = {"from": "+15005550001", "to": to, "application_sid": application, **more}
        return story.gateway.call(body)

    @staticmethod
    def alerts(placed: PlacedCall) -> list[str]:
        return [e["data"]["message"] for e in placed.events() if e["type"] == "alert"]

    def test_each_vendor_that_cannot_speak_is_told_once_and_the_callee_hears_every_word(
        self, story, sandbox
    ):
        """PR FS#1174, FS#774: it is passed over for the rest of the call."""
        says = [{"verb": "say", "text": text} for text in ("eins zwei drei", "vier fünf sechs")]
        with sandbox.callee("answer; listen") as callee:
            placed = self.place(story, callee.number, *says, HANGUP)
            heard = callee.wait(20)

        missing = "text to speech credentials for {} have not been provisioned"
        assert self.alerts(placed) == [missing.format("acme"), missing.format("spare")]
        assert sound_ms(heard) > 1500

    def test_the_request_comes_before_the_application(self, story, sandbox):
        say = {"verb": "say", "text": "eins"}
        with sandbox.callee("answer; listen") as callee:
            own = {"fallback_speech_synthesis_vendor": "other"}
            placed = self.place(story, callee.number, say, HANGUP, **own)
            callee.wait(20)

        assert ["acme" in each or "other" in each for each in self.alerts(placed)] == [True, True]

    def test_the_applications_recogniser_listens_when_the_one_asked_for_cannot(
        self, story, sandbox
    ):
        ear = {"vendor": "acme", "language": "en-US", "hints": ["yes please", "no thank you"]}
        story.hooks.answer(story.at("said"), [HANGUP])
        with sandbox.callee(WAITS) as callee:
            self.place(story, callee.number, gather(story, recognizer=ear, say={"text": "Well?"}))
            callee.wait(20)

        assert words(story.told("said")) == "yes please"
        assert story.told("said")["speech"]["vendor"]["name"] == "pocketsphinx"
