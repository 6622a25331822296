"""`gather`: collect the keys a caller presses or the words a caller says, with a prompt."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from voxgate.model.calls import Json
from voxgate.model.speech import Ear
from voxgate.verbs.contract import NEXT, Need, Outcome, Speech, Verb, VerbContext
from voxgate.verbs.digits import DigitRules
from voxgate.verbs.filler import ActionHookDelayAction, Asking, FillerNoise
from voxgate.verbs.gathering import GatherOrder
from voxgate.verbs.listening import gather_input
from voxgate.verbs.play import Play
from voxgate.verbs.properties import Count, HookProperty, Seconds
from voxgate.verbs.recognizer import Recognizer
from voxgate.verbs.say import Say


def _inputs(value: object) -> object:
    """`dtmf` is what many write for `digits`; an empty list is as good as none."""
    if not isinstance(value, list):
        return value
    return tuple("digits" if item == "dtmf" else item for item in value) or ("digits",)


Inputs = Annotated[
    tuple[Literal["speech", "digits"], ...],
    BeforeValidator(_inputs, json_schema_input_type=list[Literal["speech", "digits", "dtmf"]]),
]


class Gather(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["gather"] = "gather"
    input: Inputs = ("digits",)
    action_hook: HookProperty | None = Field(None, description="Without it nobody is told.")
    timeout: Seconds = Field(
        15, description="Seconds after the prompt, and again after the first digit; 0: for ever."
    )
    num_digits: Count = Field(0, description="Stop at exactly so many.")
    max_digits: Count = Field(0, description="The same as numDigits.")
    min_digits: Count = Field(1, description="Fewer than this count as nothing at the timeout.")
    inter_digit_timeout: Seconds = Field(
        0, description="Seconds after each digit, once there are minDigits."
    )
    finish_on_key: str = Field("", description="Ends it, and is not among the digits.")
    dtmf_bargein: bool = Field(True, description="A digit cuts the prompt.")
    listen_during_prompt: bool = Field(
        True, description="Speech during the prompt counts; false: it is heard after it only."
    )
    say: Say | None = None
    play: Play | None = None
    filler_noise: FillerNoise | None = None
    action_hook_delay_action: ActionHookDelayAction | None = None
    bargein: bool = Field(False, description="Speech cuts the prompt.")
    min_bargein_word_count: Count = Field(
        1, description="So many words cut it, or final ones; 0: the voice itself does."
    )
    partial_result_hook: HookProperty | None = Field(
        None, description="Told what is understood so far; its answer has no effect."
    )
    recognizer: Recognizer | None = None
    speech_timeout: Seconds = Field(
        0, description="Seconds of silence after speech that end it; 0: the recogniser decides."
    )

    @property
    def prompt(self) -> Say | Play | None:
        return self.say or self.play

    @property
    def wants_early_media(self) -> bool:
        return self.prompt.wants_early_media if self.prompt else False

    def facts(self) -> Json:
        prompt = self.prompt.facts() if self.prompt else {}
        return {"input": list(self.input), "timeout": self.timeout, **prompt}

    def speech(self) -> tuple[Speech, ...]:
        return self.prompt.speech() if self.prompt else ()

    def cautions(self) -> tuple[str, ...]:
        found = list(self.prompt.cautions()) if self.prompt else []
        if self.say and self.play:
            found.append("gather: play is ignored beside say")
        return tuple(found)

    @property
    def order(self) -> GatherOrder:
        ear = self.recognizer.ear if self.recognizer else Ear()
        limits = [limit for limit in (self.num_digits, self.max_digits) if limit]
        return GatherOrder(
            DigitRules(
                timeout_s=self.timeout,
                inter_digit_s=self.inter_digit_timeout,
                digits_min=max(1, self.min_digits),
                digits_max=min(limits, default=0),
                finish_keys=self.finish_on_key,
                cuts_prompt=self.dtmf_bargein,
                counts_in_prompt=self.listen_during_prompt,
            ),
            takes_digits="digits" in self.input,
            takes_speech="speech" in self.input,
            cuts_prompt=self.bargein,
            words_to_cut=self.min_bargein_word_count,
            counts_in_prompt=self.listen_during_prompt,
            silence_s=self.speech_timeout,
            ear=ear,
            partial_hook=self.partial_result_hook.hook if self.partial_result_hook else None,
            verb_id=self.id,
        )

    async def run(self, ctx: VerbContext) -> Outcome:
        prompt = self.prompt
        async with ctx.ears.foreground():
            result = await gather_input(
                ctx, self.order, (lambda: prompt.run(ctx)) if prompt else None
            )
        ctx.note(result)
        if self.action_hook is None:
            return NEXT
        asking = Asking(ctx, noise=self.filler_noise, delay=self.action_hook_delay_action)
        return await asking.ask(self.action_hook.hook, result, self.id)
