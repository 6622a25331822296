"""The `amd` object: how to tell a person from an answering machine (of amd, config and dial)."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from voxgate.amd.options import AmdOptions, Timers
from voxgate.verbs.capabilities.amd import AmdOrder
from voxgate.verbs.contract import WireObject
from voxgate.verbs.properties import HookProperty, integral
from voxgate.verbs.recognizer import Recognizer

Milliseconds = Annotated[int, Field(ge=100, le=600_000), BeforeValidator(integral)]


class AmdTimers(WireObject):
    """All but the last count from the answer."""

    no_speech_timeout_ms: Milliseconds = 5000
    decision_timeout_ms: Milliseconds = 15_000
    tone_timeout_ms: Milliseconds = Field(
        20_000, description="Listen for a beep; a machine that speaks is heard out all the same."
    )
    greeting_completion_timeout_ms: Milliseconds = Field(
        2000, description="Quiet that ends a machine's greeting; after a beep at most 1000."
    )


class AmdObject(WireObject):
    action_hook: HookProperty = Field(description="Is told every event.")
    threshold_word_count: Annotated[int, Field(ge=1, le=1000), BeforeValidator(integral)] = Field(
        9, description="Words that make a greeting a machine's; estimated without a recogniser."
    )
    digit_count: Annotated[int, Field(ge=0, le=100), BeforeValidator(integral)] = Field(
        0, description="Digits in a row that only machines say; needs a recogniser. 0 is off."
    )
    recognizer: Recognizer | None = Field(
        None, description="Without one the times of speech and beeps decide."
    )
    timers: AmdTimers = Field(default_factory=AmdTimers)

    @property
    def order(self) -> AmdOrder:
        timers = Timers(
            no_speech_ms=self.timers.no_speech_timeout_ms,
            decision_ms=self.timers.decision_timeout_ms,
            tone_ms=self.timers.tone_timeout_ms,
            greeting_ms=self.timers.greeting_completion_timeout_ms,
        )
        ear = None if self.recognizer is None else self.recognizer.ear
        options = AmdOptions(self.threshold_word_count, self.digit_count, timers)
        return AmdOrder(self.action_hook.hook, options, ear)
