import pytest

from unit.verbs.fakes import FakeCall, run, run_and_time, verb
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.verbs.contract import NEXT, InvalidDocument, Speech
from voxgate.verbs.vocabulary import parse_document


def test_texts_are_spoken_in_turn_as_often_as_loop_says():
    call = FakeCall(say_s=1)

    assert run(verb("say", text=["one", "two"], loop=2), call) is NEXT
    assert call.log == [
        ("say", 0, "one"),
        ("say", 1, "two"),
        ("say", 2, "one"),
        ("say", 3, "two"),
    ]


def test_sounds_and_silence_among_the_texts_are_played():
    call = FakeCall(say_s=1, play_s=1)
    entries = ["hello", "silence_stream://1000", "https://media.example/jingle.mp3"]

    run(verb("say", text=entries), call)

    assert [entry[0] for entry in call.log] == ["say", "play", "play"]


def test_a_sentence_that_begins_with_an_address_is_read_out():
    call = FakeCall()

    run(verb("say", text="https://example.com is our address"), call)

    assert call.told("say") != []


def test_the_voice_asked_for_reaches_the_call():
    call = FakeCall()
    synthesizer = {
        "vendor": "default",
        "language": "de-DE",
        "voice": "default",
        "gender": "FEMALE",
        "fallbackVendor": "builtin",
        "fallbackVoice": "f3",
    }

    run(verb("say", text="hallo", synthesizer=synthesizer), call)

    assert call.choices == [
        SynthesizerChoice(None, "de-DE", None, "FEMALE", Voice("builtin", "de-DE", "f3"))
    ]


def test_without_a_voice_the_session_decides():
    call = FakeCall()

    run(verb("say", text="hello"), call)

    assert call.choices == [None]


def test_the_cache_can_be_left_out():
    """FS#1371: by a say; by the session with config.disableTtsCache."""
    call = FakeCall()

    run(verb("say", text="hello", disableTtsCache=True), call)

    assert call.log == [("say", 0, "hello", "fresh")]


def test_a_voice_that_fails_is_an_alert_and_the_document_goes_on():
    call = FakeCall(say_fails=True)

    assert run(verb("say", text="hello", loop="forever"), call) is NEXT
    assert call.alerts == [
        "tts-failure: text to speech request to builtin failed: no voice today (no voice today)"
    ]


def test_a_missing_sound_among_the_texts_is_an_alert():
    url = "https://media.example/gone.mp3"
    call = FakeCall(missing=frozenset({url}))

    assert run(verb("say", text=[url, "after"]), call) is NEXT
    assert call.alerts[0].startswith("play-url-notfound: The file at https://media.example/gone")


@pytest.mark.parametrize("text", ["", " ", [], ["", "  "]])
def test_nothing_to_say_goes_on_at_once_even_for_ever(text):
    assert run_and_time(verb("say", text=text, loop="forever"), FakeCall()) == (NEXT, 0.0)


def test_text_that_makes_no_sound_does_not_loop_for_ever():
    assert run(verb("say", text="...", loop="forever"), FakeCall(say_s=0)) is NEXT


def test_what_will_be_said_is_known_ahead_of_time():
    instruction = verb("say", text=["hello", "https://media.example/a.mp3", " "])

    assert instruction.speech() == (Speech("hello"),)


def test_the_timeline_gets_the_text_cut_to_200_characters():
    assert verb("say", text="x" * 500).facts() == {"text": "x" * 200}


def test_instructions_are_taken_with_a_warning():
    document = parse_document([{"verb": "say", "text": "x", "instructions": "glad"}], strict=True)

    assert document.warnings == ("say: instructions has no effect on the voices of this version",)


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({}, "say: missing value for text"),
        ({"text": None}, "say: missing value for text"),
        ({"text": 5}, "say: text must be a string or an array of strings"),
        ({"text": ["a", 5]}, "say.text: 1 must be a string"),
        ({"text": "a", "earlyMedia": "yes"}, "say: earlyMedia must be true or false"),
        ({"text": "a", "synthesizer": {}}, "say.synthesizer: missing value for vendor"),
        ({"text": "a", "synthesizer": "x"}, "say: synthesizer must be an object"),
        (
            {"text": "a", "synthesizer": {"vendor": "x", "engine": "fast"}},
            "say.synthesizer: engine must be 'standard', 'neural', 'generative' or 'long-form'",
        ),
    ],
)
def test_a_wrong_property_is_named(properties, complaint):
    with pytest.raises(InvalidDocument) as refused:
        verb("say", **properties)

    assert refused.value.problems == (complaint,)


def test_a_stream_is_spoken_and_what_was_heard_is_noted():
    call = FakeCall(streamed_ms=1200)

    run(verb("say", stream=True, closeStreamOnEmpty=False, disableTtsCache=True), call)

    assert call.told("stream") == [("stream", None, False, False)]
    assert call.notes == [{"playback_milliseconds": 1200}]


def test_a_stream_that_nobody_can_feed_is_an_alert_and_the_next_verb_runs():
    call = FakeCall()

    assert run(verb("say", stream=True), call) is NEXT

    assert call.alerts == [
        "tts-failure: say with stream: only an application over a WebSocket can stream what is said"
    ]


def test_text_beside_a_stream_is_warned_of():
    document = parse_document([{"verb": "say", "stream": True, "text": "x"}], strict=True)

    assert document.warnings == ("say: text is ignored beside stream",)
    assert document.verbs[0].speech() == ()
