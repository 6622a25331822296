import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.verbs.contract import Document, InvalidDocument
from voxgate.verbs.gather import Gather
from voxgate.verbs.hangup import Hangup
from voxgate.verbs.pause import Pause
from voxgate.verbs.say import Say
from voxgate.verbs.vocabulary import LATER, VERBS, document_schema, parse_document


def problems(value: object, *, strict: bool = False) -> tuple[str, ...]:
    with pytest.raises(InvalidDocument) as refused:
        parse_document(value, strict=strict)
    return refused.value.problems


def test_both_forms_of_an_instruction_are_read_in_order():
    document = parse_document(
        [{"verb": "pause", "length": 2.5}, {"say": {"text": "hi"}}, {"hangup": {}}], strict=True
    )

    assert document == Document((Pause(length=2.5), Say(text=["hi"]), Hangup()))


def test_an_empty_array_is_an_empty_document():
    assert parse_document([], strict=True) == Document(())


@pytest.mark.parametrize("value", [{}, {"verb": "hangup"}, "hangup", None, 5, True])
def test_anything_but_an_array_is_refused(value):
    (problem,) = problems(value)

    assert problem.startswith("a document is an array of verbs, not ")


def test_an_unknown_verb_is_refused_by_name():
    assert problems([{"verb": "sing"}]) == ("invalid instruction: sing",)
    assert problems([{"sing": {}}]) == ("invalid instruction: sing",)


@pytest.mark.parametrize("name", ["llm", "s2s", "openai_s2s", "dialogflow", "lex", "rasa"])
def test_a_verb_of_the_contract_that_is_not_there_is_refused_by_name(name):
    assert problems([{"verb": name}]) == (f"{name} is not available in this version",)


def test_a_verb_is_either_available_or_announced():
    assert not LATER & set(VERBS)


@pytest.mark.parametrize("item", [5, "say", [], {}, {"say": {}, "x": 1}, {"verb": 5}, {"say": 1}])
def test_an_item_of_no_known_form_is_refused_by_its_number(item):
    (problem,) = problems([{"hangup": {}}, item])

    assert problem.startswith("instruction 2 is neither")


def test_every_fault_is_reported_at_once():
    found = problems([{"verb": "pause"}, {"verb": "llm"}, {"verb": "pause", "length": "1"}])

    assert found == (
        "pause: missing value for length",
        "llm is not available in this version",
        "pause: length must be a number",
    )


def test_an_unknown_property_is_left_out_with_a_warning():
    """Gotcha 55: newer SDKs lose no calls."""
    document = parse_document(
        [{"gather": {"say": {"text": "hi", "tempo": 2}, "colour": "red"}}], strict=False
    )

    assert document.verbs == (Gather(say=Say(text=["hi"])),)
    assert set(document.warnings) == {
        "gather.say: unknown property tempo",
        "gather: unknown property colour",
    }


def test_an_unknown_property_is_refused_when_strict():
    assert problems([{"say": {"text": "hi", "tempo": 2}}], strict=True) == (
        "say: unknown property tempo",
    )


def test_an_unknown_property_does_not_hide_a_wrong_one():
    assert problems([{"say": {"text": 5, "tempo": 2}}]) == (
        "say: text must be a string or an array of strings",
    )


def test_snake_case_is_not_the_wires_spelling():
    assert problems([{"play": {"url": "x", "action_hook": "/x"}}], strict=True) == (
        "play: unknown property action_hook",
    )


def test_null_counts_as_absent_and_underscore_is_free_to_use():
    """Gotcha 80."""
    document = parse_document(
        [{"verb": "pause", "length": 1, "id": None, "_": {"note": 1}}], strict=True
    )

    assert document.verbs == (Pause(length=1),)


def test_unknown_properties_deep_inside_are_found_and_the_senders_object_stays_as_it_was():
    item = {"gather": {"actionHookDelayAction": {"actions": [{"say": {"text": "x", "y": 1}}]}}}
    before = json.dumps(item)

    document = parse_document([item], strict=False)

    assert document.warnings == ("say: unknown property y",)
    assert json.dumps(item) == before


def test_a_document_of_too_many_verbs_is_refused():
    assert problems([{"hangup": {}}] * 1001) == ("more than 1000 verbs in one document",)


def test_verbs_nested_without_end_are_refused():
    nested = [{"hangup": {}}]
    for _ in range(30):
        nested = [{"gather": {"actionHookDelayAction": {"giveUpActions": nested}}}]

    assert "verbs nested deeper than 8" in problems(nested)


def test_numbers_that_are_no_numbers_are_refused():
    assert problems([{"pause": {"length": float("inf")}}]) == (
        "pause: length must be a finite number",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
PROPERTIES = sorted({
    field.alias or name for verb in VERBS.values() for name, field in verb.model_fields.items()
})


@given(
    st.lists(
        st.builds(
            lambda name, body: {"verb": name, **body},
            st.sampled_from(sorted(VERBS)),
            st.dictionaries(st.sampled_from(PROPERTIES) | st.text(max_size=4), JSON, max_size=5),
        )
        | JSON,
        max_size=3,
    )
)
def test_whatever_an_application_sends_is_read_or_refused(value):
    try:
        read = len(parse_document(value, strict=False).verbs)
    except InvalidDocument as refused:
        read = len(value) if refused.problems else 0

    assert read == len(value)


SAMPLES = [
    {"verb": "alert", "message": "look here"},
    {"verb": "amd", "actionHook": "/amd", "timers": {"noSpeechTimeoutMs": 3000}},
    {"verb": "answer", "id": "a"},
    {"verb": "conference", "name": "room1", "statusEvents": ["join"], "record": {"path": "a"}},
    {"verb": "config", "notifyEvents": True, "reset": ["recognizer"], "boostAudioSignal": "+3dB"},
    {"verb": "dequeue", "name": "support", "timeout": 5},
    {
        "verb": "dial",
        "target": [{"type": "phone", "number": "+49"}],
        "dtmfCapture": ["*2"],
        "dtmfHook": "/keys",
    },
    {"verb": "dtmf", "dtmf": "12#", "duration": 200},
    {"verb": "dub", "action": "addTrack", "track": "music", "play": "/m.mp3", "gain": "-10dB"},
    {"verb": "enqueue", "name": "support", "priority": 1, "waitHook": "/wait"},
    {"verb": "gather", "input": ["dtmf"], "say": {"text": ["x"]}, "actionHook": {"url": "/x"}},
    {"verb": "hangup", "headers": {"X-Reason": "bye"}},
    {"verb": "leave"},
    {"verb": "listen", "url": "/ears", "transcribe": {"transcriptionHook": "/t"}},
    {"verb": "message", "to": "+49", "from": "+44", "text": "hi"},
    {"verb": "pause", "length": 1},
    {"verb": "play", "url": ["a", "b"], "loop": "forever", "timeoutSecs": "3"},
    {"verb": "redirect", "actionHook": "/x"},
    {"verb": "say", "text": "x", "synthesizer": {"vendor": "default"}},
    {"verb": "sip:decline", "status": 486},
    {"verb": "sip:refer", "referTo": "+49301", "eventHook": "/events"},
    {"verb": "sip:request", "method": "INFO", "body": "x"},
    {"verb": "tag", "data": {}},
    {"verb": "transcribe", "transcriptionHook": "/t", "recognizer": {"vendor": "default"}},
]


def test_the_published_schema_accepts_what_is_accepted():
    schema = jsonschema_rs.validator_for(document_schema())

    assert {sample["verb"] for sample in SAMPLES} == set(VERBS)
    assert schema.is_valid(SAMPLES)
    assert parse_document(SAMPLES, strict=True).warnings == ()


@pytest.mark.parametrize(
    "bad",
    [{"verb": "sing"}, {"verb": "pause"}, {"verb": "say", "text": 5}, {"verb": "tag", "x": 1}],
)
def test_the_published_schema_refuses_what_is_refused(bad):
    assert not jsonschema_rs.validator_for(document_schema()).is_valid([bad])
    with pytest.raises(InvalidDocument):
        parse_document([bad], strict=True)
