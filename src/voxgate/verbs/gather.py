"""`gather`: collect the keys a caller presses, with a prompt."""

import asyncio
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from voxgate.model.calls import Json
from voxgate.verbs.contract import (
    NEXT,
    DigitReader,
    Need,
    Outcome,
    Speech,
    Verb,
    VerbContext,
    WireObject,
)
from voxgate.verbs.digits import DigitCollector, DigitRules
from voxgate.verbs.filler import ActionHookDelayAction, Asking, FillerNoise
from voxgate.verbs.play import Play
from voxgate.verbs.properties import Count, HookProperty, Seconds
from voxgate.verbs.say import Say

NO_SPEECH = "speech recognition is not available in this version"


def _inputs(value: object) -> object:
    """`dtmf` is what many write for `digits`; an empty list is as good as none."""
    if not isinstance(value, list):
        return value
    return tuple("digits" if item == "dtmf" else item for item in value) or ("digits",)


Inputs = Annotated[
    tuple[Literal["speech", "digits"], ...],
    BeforeValidator(_inputs, json_schema_input_type=list[Literal["speech", "digits", "dtmf"]]),
]


class Recognizer(WireObject, extra="allow"):
    """Accepted for the day there is a recogniser; only `vendor` is looked at now."""

    vendor: str


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
    listen_during_prompt: bool = True
    say: Say | None = None
    play: Play | None = None
    filler_noise: FillerNoise | None = None
    action_hook_delay_action: ActionHookDelayAction | None = None
    bargein: bool = False
    min_bargein_word_count: Count = 1
    partial_result_hook: HookProperty | None = None
    recognizer: Recognizer | None = None
    speech_timeout: Seconds = 0

    @model_validator(mode="after")
    def _can_hear(self) -> Self:
        if "digits" not in self.input:
            raise ValueError(f"input: {NO_SPEECH}; add digits to gather keys")
        return self

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
        if "speech" in self.input:
            found.append(f"gather: {NO_SPEECH}; only digits are gathered")
        if self.say and self.play:
            found.append("gather: play is ignored beside say")
        return tuple(found)

    @property
    def rules(self) -> DigitRules:
        limits = [limit for limit in (self.num_digits, self.max_digits) if limit]
        return DigitRules(
            timeout_s=self.timeout,
            inter_digit_s=self.inter_digit_timeout,
            digits_min=max(1, self.min_digits),
            digits_max=min(limits, default=0),
            finish_keys=self.finish_on_key,
            cuts_prompt=self.dtmf_bargein,
            counts_in_prompt=self.listen_during_prompt,
        )

    async def run(self, ctx: VerbContext) -> Outcome:
        if "speech" in self.input:
            ctx.alert("no-stt", f"{NO_SPEECH}; only digits are gathered")
        async with ctx.digits() as keys:
            result = await self._gather(ctx, keys)
        ctx.note(result)
        if self.action_hook is None:
            return NEXT
        asking = Asking(ctx, noise=self.filler_noise, delay=self.action_hook_delay_action)
        return await asking.ask(self.action_hook.hook, result, self.id)

    async def _gather(self, ctx: VerbContext, keys: DigitReader) -> Json:
        loop = asyncio.get_running_loop()
        has_prompt = self.prompt is not None
        collector = DigitCollector(self.rules, prompting=has_prompt, now=loop.time())
        async with asyncio.TaskGroup() as tasks:
            prompt = tasks.create_task(self.prompt.run(ctx)) if self.prompt else None
            key = tasks.create_task(keys.next())
            while not collector.is_over:
                waiting: list[asyncio.Task[Any]] = [key, prompt] if prompt else [key]
                await asyncio.wait(
                    waiting,
                    timeout=collector.wait_s(loop.time()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if prompt and prompt.done():
                    prompt = None
                    collector.prompt_ended(loop.time())
                if key.done():
                    collector.press(key.result() or "", loop.time())
                    key = tasks.create_task(keys.next())
                collector.pass_time(loop.time())
                if prompt and not collector.prompting:
                    prompt.cancel()
                    await asyncio.wait({prompt})
                    prompt = None
            key.cancel()
        return collector.result
