import asyncio

import pytest

from unit.verbs.fakes import FakeCall, run, run_and_time, verb
from voxgate.model.speech import Ear
from voxgate.speech.recognition import Alternative, Heard
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import Deaf, VoiceBegan
from voxgate.verbs.contract import NEXT, InvalidDocument, Replace, Speech
from voxgate.verbs.pause import Pause
from voxgate.verbs.vocabulary import parse_document

YES = Heard("acme", "en-US", True, (Alternative("yes", 0.9),), {"raw": 1})
SPEECH = {
    "language_code": "en-US",
    "channel_tag": 1,
    "is_final": True,
    "alternatives": [{"transcript": "yes", "confidence": 0.9}],
    "vendor": {"name": "acme", "evt": {"raw": 1}},
}


def interim(text: str) -> Heard:
    return Heard("acme", "en-US", False, (Alternative(text, 0.5),))


def asked(call: FakeCall) -> tuple[float, dict[str, str]]:
    ((_, at, _, result, _),) = call.told("ask")
    return at, result


def detected(digits: str) -> dict[str, str]:
    return {"reason": "dtmfDetected", "digits": digits}


def test_the_result_goes_to_the_hook_with_the_verbs_id():
    call = FakeCall(keys={1: "4", 2: "2", 3: "#"})

    run(verb("gather", id="menu", finishOnKey="#", actionHook="/pin"), call)

    assert call.told("ask") == [("ask", 3, "/pin", detected("42"), "menu")]
    assert call.notes == [detected("42")]


def test_the_hooks_answer_replaces_the_rest():
    call = FakeCall(keys={1: "4"}, answer_document=[{"verb": "pause", "length": 1}])

    outcome = run(verb("gather", numDigits=1, actionHook="/pin"), call)

    assert isinstance(outcome, Replace)
    assert outcome.document.verbs == (Pause(length=1),)


def test_without_a_hook_nobody_is_told_and_the_next_verb_runs():
    call = FakeCall(keys={1: "4"})

    assert run_and_time(verb("gather", numDigits=1), call) == (NEXT, 1.0)
    assert call.log == []


def test_a_caller_who_presses_nothing_reaches_the_next_verb():
    call = FakeCall(say_s=3)
    instruction = verb("gather", say={"text": "Press one"}, timeout=5, actionHook="/x")

    assert run_and_time(instruction, call) == (NEXT, 8.0)
    assert asked(call) == (8, {"reason": "timeout"})


def test_a_key_cuts_the_prompt():
    call = FakeCall(say_s=10, keys={2: "1"})

    run(verb("gather", say={"text": "long"}, numDigits=1, actionHook="/x"), call)

    assert call.told("say cut") == [("say cut", 2)]
    assert asked(call) == (2, detected("1"))


def test_the_prompt_ends_when_a_key_goes_down_not_when_it_is_let_go():
    call = FakeCall(say_s=10, keys={2: "1"}, key_down_s=0.5)

    run(verb("gather", say={"text": "long"}, numDigits=1, actionHook="/x"), call)

    assert call.told("say cut") == [("say cut", 1.5)]
    assert call.ears.cut_by == ["dtmf"]
    assert asked(call) == (2, detected("1"))


def test_a_key_that_goes_down_does_not_end_a_prompt_that_may_not_be_cut():
    call = FakeCall(say_s=10, keys={2: "1"}, key_down_s=0.5)

    run(verb("gather", say={"text": "long"}, numDigits=1, dtmfBargein=False), call)

    assert call.told("say cut") == []


def test_after_a_cut_prompt_the_timeout_still_ends_it():
    call = FakeCall(play_s=60, keys={2: "1"})
    prompt = {"url": "https://media.example/menu.wav"}

    run(verb("gather", play=prompt, numDigits=4, minDigits=2, timeout=5, actionHook="/x"), call)

    assert asked(call) == (7, {"reason": "timeout"})


def test_a_prompt_with_barge_in_off_is_heard_out_even_with_a_time_between_digits():
    call = FakeCall(say_s=10, keys={2: "1", 2.5: "2"})
    instruction = verb(
        "gather",
        say={"text": "long"},
        dtmfBargein=False,
        interDigitTimeout=1,
        numDigits=2,
        actionHook="/x",
    )

    run(instruction, call)

    assert call.told("say cut") == []
    assert asked(call) == (10, detected("12"))


def test_keys_pressed_in_the_prompt_are_kept_for_after_it():
    call = FakeCall(say_s=4, keys={1: "1", 5: "2"})

    run(verb("gather", say={"text": "x"}, dtmfBargein=False, numDigits=2, actionHook="/x"), call)

    assert asked(call) == (5, detected("12"))


def test_a_prompt_that_fails_does_not_keep_the_caller_from_pressing_keys():
    call = FakeCall(say_fails=True, keys={1: "7"})

    run(verb("gather", say={"text": "x"}, numDigits=1, actionHook="/x"), call)

    assert asked(call) == (1, detected("7"))


def test_a_nested_plays_hook_is_told_but_its_answer_is_ignored():
    call = FakeCall(play_s=1, answer_document=[{"verb": "pause", "length": 1}])
    prompt = {"url": "https://media.example/menu.wav", "actionHook": "/played"}

    assert run(verb("gather", play=prompt, timeout=1), call) is NEXT
    assert [entry[2] for entry in call.told("ask")] == ["/played"]


def test_a_call_that_ends_in_the_middle_stops_the_prompt_and_asks_nobody():
    call = FakeCall(say_s=60)
    instruction = verb("gather", say={"text": "long"}, actionHook="/x")

    async def scenario() -> None:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(instruction.run(call))
            await asyncio.sleep(3)
            running.cancel()

    run_virtual(scenario())

    assert call.told("say cut") == [("say cut", 3)]
    assert call.told("ask") == []


def test_numdigits_and_maxdigits_mean_the_same_and_the_smaller_counts():
    call = FakeCall(keys={1: "1", 2: "2", 3: "3"})

    run(verb("gather", numDigits=3, maxDigits=2, actionHook="/x"), call)

    assert asked(call) == (2, detected("12"))


def test_zero_digits_means_no_limit():
    call = FakeCall(keys={1: "1"})

    run(verb("gather", numDigits=0, minDigits=0, timeout=3, actionHook="/x"), call)

    assert asked(call) == (4, detected("1"))


def test_words_are_told_with_the_verbs_id_and_the_answer_replaces_the_rest():
    call = FakeCall(sounds={2: YES}, answer_document=[{"verb": "pause", "length": 1}])

    outcome = run(verb("gather", id="menu", input=["speech"], actionHook="/said"), call)

    (told,) = call.told("ask")
    assert told == ("ask", 2, "/said", {"reason": "speechDetected", "speech": SPEECH}, "menu")
    assert isinstance(outcome, Replace)


def test_a_voice_cuts_the_prompt_when_no_word_need_be_understood_for_it():
    call = FakeCall(say_s=10, sounds={1: VoiceBegan(), 3: YES})

    run(
        verb(
            "gather",
            input=["speech"],
            bargein=True,
            minBargeinWordCount=0,
            say={"text": "long"},
            actionHook="/x",
        ),
        call,
    )

    assert call.told("say cut") == [("say cut", 1)]
    assert call.ears.cut_by == ["speech"]
    assert asked(call)[0] == 3


def test_words_under_way_are_told_to_the_partial_result_hook():
    call = FakeCall(sounds={1: interim("yes"), 2: interim(""), 3: YES})
    hooks = {"partialResultHook": "/partial", "actionHook": "/x"}

    run(verb("gather", input=["speech"], **hooks), call)

    (partial, final) = call.told("ask")
    assert partial[1:3] == (1, "/partial")
    assert partial[3]["speech"]["is_final"] is False
    assert final[2] == "/x"
    assert call.ears.asked[0].interim


def test_a_slow_partial_result_hook_is_told_the_newest_words_and_holds_nobody_up():
    sounds = {1: interim("a"), 1.1: interim("a b"), 1.2: interim("a b c"), 9: YES}
    call = FakeCall(sounds=sounds, hook_s=2)

    run(verb("gather", input=["speech"], partialResultHook="/partial"), call)

    told = [entry[3]["speech"]["alternatives"][0]["transcript"] for entry in call.told("ask")]
    assert told == ["a", "a b c"]


def test_without_anybody_who_recognises_the_result_is_an_error():
    call = FakeCall(sounds={0.5: Deaf("speech to text request to acme failed: 401")})

    run(verb("gather", input=["speech"], actionHook="/x"), call)

    details = "speech to text request to acme failed: 401"
    assert asked(call) == (0.5, {"reason": "error", "details": details})


def test_the_recognizer_takes_from_the_session_what_the_verb_leaves_out():
    call = FakeCall(
        sounds={1: YES}, session_ear=Ear("acme", "de-DE", hints=("ja",), continuous_s=3)
    )
    recognizer = {"vendor": "default", "language": "en-GB"}

    _, took_s = run_and_time(verb("gather", input=["speech"], recognizer=recognizer), call)

    (ear,) = call.ears.asked
    assert (ear.vendor, ear.language, ear.hints) == ("acme", "en-GB", ("ja",))
    assert took_s == 4  # the session's asrTimeout


def test_keys_alone_need_no_recogniser():
    call = FakeCall(keys={1: "1"})

    run(verb("gather", input=["digits"], numDigits=1), call)

    assert call.ears.asked == []


def test_the_gather_in_the_background_rests_until_the_result_is_there():
    call = FakeCall(keys={1: "1"}, hook_s=3)

    run(verb("gather", numDigits=1, actionHook="/x"), call)

    assert call.ears.rests == [(0, 1)]


def test_dtmf_is_another_word_for_digits():
    assert verb("gather", input=["dtmf"]) == verb("gather", input=["digits"]) == verb("gather")


def test_the_prompt_can_be_rendered_ahead_of_time_and_asks_for_its_early_media():
    instruction = verb("gather", say={"text": "Press one", "earlyMedia": True})

    assert instruction.speech() == (Speech("Press one"),)
    assert instruction.wants_early_media
    assert not verb("gather").wants_early_media


def test_of_two_prompts_the_spoken_one_is_heard():
    call = FakeCall(say_s=1)
    both = {"say": {"text": "x"}, "play": {"url": "https://media.example/a.wav"}}
    document = parse_document([{"gather": {**both, "timeout": 1}}], strict=True)

    run(document.verbs[0], call)

    assert document.warnings == ("gather: play is ignored beside say",)
    assert [entry[0] for entry in call.log] == ["say"]


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({"timeout": "8"}, "gather: timeout must be a number"),
        ({"numDigits": 1.5}, "gather: numDigits must be a whole number"),
        ({"input": ["video"]}, "gather.input: 0 must be 'speech' or 'digits'"),
        ({"say": {"text": 1}}, "gather.say: text must be a string or an array of strings"),
        ({"say": "hello"}, "gather: say must be an object"),
        ({"recognizer": {}}, "gather.recognizer: missing value for vendor"),
        (
            {"recognizer": {"vendor": "x", "minConfidence": 2}},
            "gather.recognizer: minConfidence must be less than or equal to 1",
        ),
    ],
)
def test_a_wrong_property_is_named(properties, complaint):
    with pytest.raises(InvalidDocument) as refused:
        verb("gather", **properties)

    assert refused.value.problems == (complaint,)
