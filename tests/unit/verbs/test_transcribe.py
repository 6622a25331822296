import asyncio

import pytest

from unit.verbs.fakes import FakeCall, verb
from voxgate.model.hooks import Hook
from voxgate.model.speech import Ear
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.ears import TranscriptOrder
from voxgate.verbs.contract import InvalidDocument
from voxgate.verbs.transcribe import Transcribe


def test_it_goes_on_until_it_is_replaced_and_its_answers_count():
    """Gotcha 72: transcribe never ends by itself."""
    call = FakeCall()

    async def scenario() -> None:
        running = asyncio.ensure_future(verb("transcribe", transcriptionHook="/t").run(call))
        await asyncio.sleep(3600)
        assert not running.done()
        running.cancel()
        await asyncio.wait({running})

    run_virtual(scenario())

    order = TranscriptOrder(Hook("/t"), Ear(), answer_counts=True)
    assert call.ears.transcribed == [order]


def test_nested_in_a_dial_both_legs_are_transcribed_unless_one_is_named():
    """FS#666: the called leg was not transcribed."""

    def order(**properties: object) -> TranscriptOrder:
        instruction = verb("transcribe", transcriptionHook="/t", **properties)
        assert isinstance(instruction, Transcribe)
        return instruction.order()

    assert order().channel is None
    assert order(channel=2).channel == 2
    alone = {"vendor": "default", "separateRecognitionPerChannel": False}
    assert order(recognizer=alone).channel == 1
    assert not order().answer_counts


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({}, "transcribe: missing value for transcriptionHook"),
        (
            {"transcriptionHook": "/t", "translationHook": "/u"},
            "transcribe: translationHook is not available in this version: "
            "no recogniser translates",
        ),
        ({"transcriptionHook": "/t", "channel": 3}, "transcribe: channel must be 1 or 2"),
    ],
)
def test_what_cannot_be_transcribed_is_refused_with_the_reason(properties, complaint):
    with pytest.raises(InvalidDocument) as refused:
        verb("transcribe", **properties)

    assert refused.value.problems == (complaint,)
