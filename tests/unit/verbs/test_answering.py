import pytest

from unit.verbs.fakes import verb
from voxgate.amd.options import AmdOptions, Timers
from voxgate.model.hooks import Hook
from voxgate.verbs.answering import AmdObject
from voxgate.verbs.contract import InvalidDocument


def test_every_property_has_the_default_of_the_contract():
    order = AmdObject.model_validate({"actionHook": "/amd"}).order

    assert order.hook == Hook("/amd")
    assert order.options == AmdOptions(9, 0, Timers(5000, 15_000, 20_000, 2000))
    assert order.ear is None


def test_every_property_can_be_set():
    order = AmdObject.model_validate({
        "actionHook": {"url": "/amd", "method": "GET", "username": "u", "password": "p"},
        "thresholdWordCount": 5,
        "digitCount": 7,
        "recognizer": {"vendor": "deepgram", "language": "de-DE"},
        "timers": {
            "noSpeechTimeoutMs": 1000,
            "decisionTimeoutMs": 2000,
            "toneTimeoutMs": 3000,
            "greetingCompletionTimeoutMs": 4000,
        },
    }).order

    assert order.hook == Hook("/amd", "GET", "u", "p")
    assert order.options == AmdOptions(5, 7, Timers(1000, 2000, 3000, 4000))
    assert order.ear is not None
    assert (order.ear.vendor, order.ear.language) == ("deepgram", "de-DE")


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, "actionHook"),
        ({"actionHook": "/amd", "thresholdWordCount": 0}, "thresholdWordCount"),
        ({"actionHook": "/amd", "timers": {"noSpeechTimeoutMs": 1}}, "noSpeechTimeoutMs"),
        ({"actionHook": "/amd", "mode": "fast"}, "mode"),
    ],
)
def test_a_wrong_property_is_named(fields, names):
    with pytest.raises(InvalidDocument, match=names):
        verb("amd", **fields)
