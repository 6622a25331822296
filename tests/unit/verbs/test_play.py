import pytest

from unit.verbs.fakes import FakeCall, run, run_and_time, verb
from voxgate.verbs.contract import NEXT, InvalidDocument, Replace
from voxgate.verbs.pause import Pause

A, B = "https://media.example/a.wav", "https://media.example/b.wav"


def test_play_tells_its_hook_how_much_was_heard():
    call = FakeCall(play_s=12.48)

    assert run(verb("play", url=A, actionHook="/done", id="p1"), call) is NEXT
    assert call.told("ask") == [
        (
            "ask",
            12.48,
            "/done",
            {
                "reason": "playCompleted",
                "playback_seconds": 12,
                "playback_milliseconds": 12480,
                "playback_last_offset_pos": "99840",
            },
            "p1",
        )
    ]


def test_a_list_is_played_back_to_back_as_often_as_loop_says():
    """Gotcha 60: every address by itself."""
    call = FakeCall(play_s=1)

    run(verb("play", url=[A, B], loop=2), call)

    assert call.log == [("play", 0, A), ("play", 1, B), ("play", 2, A), ("play", 3, B)]


def test_loop_zero_behaves_as_once():
    """Gotcha 59."""
    call = FakeCall()

    run(verb("play", url=A, loop=0), call)

    assert len(call.told("play")) == 1


def test_timeout_stops_an_endless_loop_across_rounds():
    call = FakeCall(play_s=2)
    instruction = verb("play", url=A, loop="forever", timeoutSecs="5", actionHook="/x")

    assert run_and_time(instruction, call) == (NEXT, 5.0)
    assert [entry[1] for entry in call.told("play")] == [0, 2, 4]
    assert call.told("ask")[0][3]["playback_milliseconds"] == 5000


def test_an_endless_loop_over_an_empty_file_ends():
    call = FakeCall(play_s=0)

    assert run_and_time(verb("play", url=A, loop="forever"), call) == (NEXT, 0.0)


def test_seek_offset_skips_the_beginning_once():
    call = FakeCall(play_s=3)

    assert run_and_time(verb("play", url=A, loop=2, seekOffset="8000"), call) == (NEXT, 5.0)


def test_a_missing_file_is_reported_alerted_and_does_not_stop_the_document():
    """FS#1436: the call goes on."""
    url = "https://user:secret@media.example/gone.wav?token=abc"
    call = FakeCall(missing=frozenset({url}))

    assert run(verb("play", url=[url, A], actionHook="/done"), call) is NEXT
    assert call.told("ask")[0][3] == {"status": "fail", "reason": "playFailed"}
    assert call.told("play") == []
    assert call.alerts == [
        "play-url-notfound: The file at https://media.example/gone.wav was not found "
        "(the server answered 404)"
    ]


def test_the_hooks_answer_replaces_the_rest():
    call = FakeCall(answer_document=[{"pause": {"length": 1}}])

    outcome = run(verb("play", url=A, actionHook="/done"), call)

    assert isinstance(outcome, Replace)
    assert outcome.document.verbs == (Pause(length=1),)


def test_early_media_is_asked_for_only_when_wanted():
    assert not verb("play", url=A).wants_early_media
    assert verb("play", url=A, earlyMedia=True).wants_early_media


def test_the_timeline_shows_no_query_and_no_credentials():
    facts = verb("play", url="https://u:p@media.example/a.wav?sig=1#x").facts()

    assert facts == {"url": ["https://media.example/a.wav"]}


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({}, "play: missing value for url"),
        ({"url": []}, "play: url must not be empty"),
        ({"url": 5}, "play: url must be a string or an array of strings"),
        ({"url": A, "loop": "twice"}, 'play: loop must be a whole number or "forever"'),
        ({"url": A, "loop": True}, 'play: loop must be a whole number or "forever"'),
        ({"url": A, "loop": 1.5}, 'play: loop must be a whole number or "forever"'),
        ({"url": A, "timeoutSecs": "soon"}, "play: timeoutSecs must be a number"),
        ({"url": A, "seekOffset": -1}, "play: seekOffset must be greater than or equal to 0"),
    ],
)
def test_a_wrong_property_is_named(properties, complaint):
    with pytest.raises(InvalidDocument) as refused:
        verb("play", **properties)

    assert refused.value.problems == (complaint,)
