"""Whatever an application sends: a document, or InvalidDocument that says which verb is wrong."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voxgate.verbs.contract import InvalidDocument
from voxgate.verbs.vocabulary import VERBS, parse_document

HOOK = {"url": "https://app.example/hook", "method": "POST"}
TARGETS = [
    {"type": "phone", "number": "+4930123456", "trunk": "trunk"},
    {"type": "sip", "sipUri": "sip:a@b.example", "proxy": "sip:p.example", "auth": {
        "username": "u", "password": "p"}},
    {"type": "user", "name": "ann@home.example", "overrideTo": "sip:a@b.example"},
]  # fmt: skip
SOUND: dict[str, dict[str, Any]] = {
    "dial": {
        "target": TARGETS,
        "actionHook": HOOK,
        "timeout": 20,
        "timeLimit": 60,
        "dtmfCapture": {"childCall": ["*1"], "parentCall": ["#"]},
        "dtmfHook": HOOK,
        "boostAudioSignal": "+3dB",
        "headers": {"X-A": "1"},
        "listen": {"url": "wss://app.example/audio"},
        "amd": {"actionHook": "/amd"},
    },
    "say": {"text": ["one", "two"], "loop": 2, "synthesizer": {"vendor": "espeak"}},
    "play": {"url": "https://app.example/a.wav", "loop": "forever", "seekOffset": 80},
    "gather": {"input": ["digits"], "numDigits": 4, "timeout": 3, "say": {"text": "number?"}},
    "pause": {"length": 1},
    "redirect": {"actionHook": HOOK},
    "sip:request": {"method": "INFO", "headers": {"X-A": "1"}, "body": "b"},
    "sip:refer": {"referTo": "49301", "actionHook": HOOK, "headers": {"X-A": "1"}},
    "sip:decline": {"status": 486, "reason": "Busy", "headers": {"X-A": "1"}},
    "hangup": {"headers": {"X-A": "1"}},
    "tag": {"data": {"a": 1}},
    "listen": {"url": "wss://app.example/audio", "sampleRate": 8000, "mixType": "stereo"},
    "conference": {"name": "room", "maxParticipants": 3, "waitHook": "/wait"},
    "enqueue": {"name": "queue", "waitHook": "/wait", "actionHook": HOOK},
    "dequeue": {"name": "queue", "timeout": 5},
    "dtmf": {"dtmf": "123#", "duration": 100},
    "dub": {"action": "addTrack", "track": "t", "play": "https://app.example/a.wav"},
    "config": {"bargeIn": {"enable": True, "input": ["digits"]}, "notifyEvents": True},
}

# What JSON can carry, also what Python's reader makes of 1e999 and NaN.
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 10**400, float("inf"), float("-inf"), float("nan"), 1e308]),
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from([
        "",
        "forever",
        "nan",
        "inf",
        "1e999",
        "9" * 5000,
        "\r\nX-Evil: 1",
        "\ud800",
        "+1dB",
        "sip:",
    ]),
)
PROPERTIES = sorted({
    field.alias or name for kind in VERBS.values() for name, field in kind.model_fields.items()
})  # fmt: skip
NAMES = st.one_of(st.sampled_from([*VERBS, "verb", *PROPERTIES]), TEXTS)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.sampled_from(sorted(VERBS))),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
HARD = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def check_reading(document: object) -> str | None:
    """What is wrong with it; any other exception than InvalidDocument is a defect."""
    before = copy.deepcopy(document)
    wrong = None
    for strict in (True, False):
        try:
            parse_document(document, strict=strict)
        except InvalidDocument as refused:
            wrong = str(refused)
            assert wrong.strip()
    assert repr(document) == repr(before)  # repr: NaN is never equal to itself
    return wrong


@HARD
@given(VALUES)
def test_anything_at_all_is_read_or_refused(document):
    check_reading(document)


@HARD
@given(st.lists(st.tuples(st.sampled_from(sorted(VERBS)), st.dictionaries(NAMES, VALUES))))
def test_verbs_with_any_properties_are_read_or_refused(verbs):
    check_reading([{**body, "verb": name} for name, body in verbs])
    check_reading([{name: body} for name, body in verbs])


def places(value: object, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, each in inner:
        found.append((*path, key))
        if isinstance(each, dict | list):
            found += places(each, (*path, key))
    return found


@pytest.mark.parametrize("verb", sorted(SOUND))
def test_a_sound_document_with_one_wrong_value_is_refused_by_the_name_of_its_verb(verb):
    sound = {"verb": verb, **SOUND[verb]}
    assert check_reading([sound]) is None
    paths = [path for path in places(sound) if path != ("verb",)]

    @settings(HARD, max_examples=80)
    @given(st.sampled_from(paths), VALUES)
    def mutated(path, value):
        document = copy.deepcopy(sound)
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        wrong = check_reading([document])
        if wrong is not None:
            assert any(name in wrong for name in (verb, *(str(step) for step in path)))

    mutated()


@pytest.mark.parametrize("verb", sorted(SOUND))
@pytest.mark.parametrize("value", ["1e999", "-1e999", "NaN", "1" * 400])
def test_no_number_is_too_big_to_be_refused(verb, value):
    for path in places(SOUND[verb]):
        document: Any = copy.deepcopy(SOUND[verb])
        inner = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = json.loads(value)
        check_reading([{"verb": verb, **document}])


def test_verbs_in_verbs_without_end_are_refused():
    document: Any = {"verb": "say", "text": "x"}
    for _ in range(300):
        document = {"verb": "dial", "target": TARGETS, "listen": [document]}

    with pytest.raises(InvalidDocument):
        parse_document([document], strict=False)


def test_deep_values_are_kept_where_anything_may_stand_and_refused_elsewhere():
    deep: Any = {}
    for _ in range(400):
        deep = {"a": deep}

    assert check_reading([{"verb": "tag", "data": deep}]) is None
    assert "say" in str(check_reading([{"verb": "say", "text": deep}]))
    assert "dial" in str(check_reading([{"verb": "dial", "target": deep, "tag": deep}]))
