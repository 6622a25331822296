"""What a caller hears while the application thinks: filler noise, filler verbs, giving up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from voxgate.base.errors import VoxgateError
from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.settings import Delay, Noise
from voxgate.verbs.contract import (
    ENDED,
    NEXT,
    Document,
    Outcome,
    PlayFailed,
    Replace,
    Verb,
    VerbContext,
    WireObject,
)
from voxgate.verbs.play import Play
from voxgate.verbs.properties import Count, Seconds, VerbReader, absent, alert_play_failed
from voxgate.verbs.say import Say

T = TypeVar("T")

GIVE_UP = "bot-action-delay-giveup"


def _read_verbs(value: object, info: ValidationInfo) -> object:
    read = cast(VerbReader, info.context)
    return read(value)


Verbs = Annotated[
    tuple[Verb, ...],
    BeforeValidator(_read_verbs, json_schema_input_type=list[dict[str, Any]]),
]


class FillerNoise(WireObject):
    enable: bool
    url: str | None = None
    start_delay_secs: Seconds = 0

    @model_validator(mode="after")
    def _has_sound(self) -> Self:
        if self.enable and not self.url:
            raise absent("url")
        return self

    @property
    def noise(self) -> Noise | None:
        return Noise(self.url, self.start_delay_secs) if self.enable and self.url else None


class ActionHookDelayAction(WireObject):
    """Filler verbs for a slow application, and what happens when it never answers."""

    enabled: bool = True
    no_response_timeout: Seconds = Field(0, description="Seconds until each filler; 0: no filler.")
    actions: Verbs = Field((), description="say and play only; taken in turn.")
    retries: Count = Field(0, description="Fillers after the first one.")
    no_response_give_up_timeout: Seconds = Field(
        0, description="Seconds until the application is given up; 0: never."
    )
    give_up_actions: Verbs = Field((), description="Run then; without them the call ends.")

    @model_validator(mode="before")
    @classmethod
    def _enable_is_enabled(cls, value: object) -> object:
        if isinstance(value, dict) and "enable" in value:
            value = {"enabled": value["enable"], **value}
            del value["enable"]
        return value

    @field_validator("actions")
    @classmethod
    def _sounds_only(cls, actions: tuple[Verb, ...]) -> tuple[Verb, ...]:
        if not all(isinstance(action, Say | Play) for action in actions):
            raise ValueError("may hold say and play only")
        return actions

    @model_validator(mode="after")
    def _has_actions(self) -> Self:
        if self.enabled and self.no_response_timeout > 0 and not self.actions:
            raise absent("actions")
        return self

    @property
    def delay(self) -> Delay | None:
        if not self.enabled:
            return None
        return Delay(
            self.no_response_timeout,
            self.actions,
            self.retries,
            self.no_response_give_up_timeout,
            self.give_up_actions,
        )


class GivenUp(VoxgateError):
    """The application took longer than it may."""


class Company:
    """What the caller hears while the application is waited for."""

    def __init__(
        self,
        ctx: VerbContext,
        *,
        noise: Noise | None,
        delay: Delay | None,
        on_filler: Callable[[Verb], None],
    ) -> None:
        self._ctx = ctx
        self._on_filler = on_filler
        self._noise = noise
        self._delay = delay
        self._came = False
        self._speaking = False

    async def during(self, waiting: Coroutine[Any, Any, T]) -> T:
        """The result of `waiting`. Raises GivenUp.

        A running filler `say` is heard out after it, everything else is cut.
        """
        give_up_s = (self._delay.give_up_s if self._delay else 0) or None
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(waiting, name="wait")
            filling = tasks.create_task(self._fill(), name="filler")
            await asyncio.wait({asking}, timeout=give_up_s)
            self._came = asking.done()
            if not (self._came and self._speaking):
                filling.cancel()
            asking.cancel()
            await asyncio.wait({asking, filling})
        if not self._came:
            raise GivenUp(f"the application sent no verbs within {give_up_s:g} seconds")
        return asking.result()

    async def give_up(self, why: GivenUp) -> Outcome:
        """What is to be done then."""
        self._ctx.alert(GIVE_UP, str(why))
        if self._delay and self._delay.give_up_actions:
            return Replace(Document(self._delay.give_up_actions))
        await self._ctx.hang_up({"X-Reason": GIVE_UP})
        return ENDED

    async def _fill(self) -> None:
        delay = self._delay
        if delay is None or delay.filler_s == 0:
            await self._silence(None)
            return
        for number in range(delay.retries + 1):
            await self._silence(delay.filler_s)
            action = delay.actions[number % len(delay.actions)]
            self._speaking = isinstance(action, Say)
            self._on_filler(action)
            await action.run(self._ctx)
            self._speaking = False
            if self._came:
                return
        await self._silence(None)

    async def _silence(self, seconds: float | None) -> None:
        """The time between fillers; noise is heard in it when there is any."""
        try:
            async with asyncio.timeout(seconds):
                if self._noise:
                    await self._ctx.sleep(self._noise.start_delay_s)
                    await self._play_for_ever(self._noise.url)
                await asyncio.Event().wait()
        except TimeoutError:
            pass

    async def _play_for_ever(self, url: str) -> None:
        try:
            while (await self._ctx.play(url)).ms > 0:
                pass
        except PlayFailed as failure:
            self._noise = None
            alert_play_failed(self._ctx, url, failure)


class Asking:
    """One question to the application, with company while the answer is awaited.

    What the verb does not say holds as for the session.
    """

    def __init__(
        self,
        ctx: VerbContext,
        *,
        noise: FillerNoise | None,
        delay: ActionHookDelayAction | None,
    ) -> None:
        self._ctx = ctx
        self._own = delay is not None
        self._fillers = 0
        self._delay = delay.delay if delay else ctx.settings.delay
        self._noise = noise.noise if noise else ctx.settings.noise

    async def ask(self, hook: Hook, result: Json, verb_id: str | None) -> Outcome:
        company = Company(
            self._ctx, noise=self._noise, delay=self._delay, on_filler=self._note_filler
        )
        try:
            document = await company.during(self._ctx.ask(hook, result, verb_id))
        except GivenUp as why:
            return await company.give_up(why)
        if document:
            return Replace(document)
        if self._own:
            self._ctx.settings.lend(self._delay or Delay())
        return NEXT

    def _note_filler(self, _action: Verb) -> None:
        self._fillers += 1
        self._ctx.note({"fillers": self._fillers})
