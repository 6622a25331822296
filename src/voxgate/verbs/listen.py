"""`listen`: the call's audio over a WebSocket to an application, which may speak into the call.

The properties serve wherever one listens: the verb, `config.listen`, a nested listen.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.taps import ListenOrder, SpeaksBack
from voxgate.verbs.contract import NEXT, Need, Outcome, Replace, Verb, VerbContext, WireObject
from voxgate.verbs.properties import HookProperty, Seconds, absent, shown_url
from voxgate.verbs.transcribe import Transcribe

METADATA_BYTES_MAX = 8192
SampleRate = Literal[8000, 16000, 24000, 32000, 48000, 64000]


def _named(value: object) -> object:
    """A transcribe verb may be written without its name."""
    return {"verb": "transcribe"} | value if isinstance(value, dict) else value


@asynccontextmanager
async def _transcribing(nested: Transcribe | None, ctx: VerbContext) -> AsyncIterator[None]:
    """Tell the nested verb's hook what is said meanwhile; its answers change nothing."""
    async with asyncio.TaskGroup() as tasks:
        order = nested.order() if nested is not None else None
        work = tasks.create_task(ctx.ears.transcribe(order)) if order is not None else None
        try:
            yield
        finally:
            if work is not None:
                work.cancel()


class BidirectionalAudio(WireObject):
    """How the application speaks into the call."""

    enabled: bool = True
    streaming: bool = Field(
        False, description="Binary frames of raw sound, instead of whole sounds in messages."
    )
    sample_rate: SampleRate = Field(8000, description="Of the binary frames.")


class WsAuth(WireObject):
    username: str
    password: str


class ListenProperties(WireObject):
    """What is sent where; common to the verb and to `config.listen`."""

    url: str = Field(min_length=1, description="ws(s) address; relative to the application's.")
    sample_rate: SampleRate = 8000
    mix_type: Literal["mono", "mixed", "stereo"] = Field(
        "mono", description="The far end; both sides in one; far end left and what it hears right."
    )
    metadata: dict[str, Any] = Field({}, description="Merged into the first frame.")
    ws_auth: WsAuth | None = None
    auth: WsAuth | None = Field(None, description="The same as wsAuth.")
    finish_on_key: str = Field("", description="Each of these keys ends it.")
    max_length: Seconds = Field(0, description="Seconds after which it ends; 0: never.")
    timeout: Seconds = Field(0, description="Ends it after so many seconds of silence; 0: never.")
    pass_dtmf: bool = Field(False, description="Tell the application which keys are pressed.")
    play_beep: bool = Field(False, description="Beep before it begins.")
    bidirectional_audio: BidirectionalAudio = BidirectionalAudio()
    disable_bidirectional_audio: bool = False

    @field_validator("url", mode="before")
    @classmethod
    def _trimmed(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("metadata")
    @classmethod
    def _is_small(cls, metadata: Json) -> Json:
        if len(json.dumps(metadata).encode()) > METADATA_BYTES_MAX:
            raise ValueError(f"is longer than {METADATA_BYTES_MAX} bytes")
        return metadata

    @property
    def listen_order(self) -> ListenOrder:
        auth, both_ways = self.ws_auth or self.auth, self.bidirectional_audio
        speaks_back = None
        if both_ways.enabled and not self.disable_bidirectional_audio:
            speaks_back = SpeaksBack(both_ways.streaming, both_ways.sample_rate)
        return ListenOrder(
            hook=Hook(
                self.url,
                username=auth.username if auth else None,
                password=auth.password if auth else None,
            ),
            rate_hz=self.sample_rate,
            mix=self.mix_type,
            metadata=self.metadata,
            speaks_back=speaks_back,
            passes_keys=self.pass_dtmf,
            beeps=self.play_beep,
            lasts_s=self.max_length or None,
            finish_on_key=self.finish_on_key,
            silent_s=self.timeout or None,
        )


class BackgroundListen(ListenProperties):
    """`config.listen`: what listens while the verbs run; only `enable` is needed to end it."""

    enable: bool
    url: str = ""

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        if self.enable and not self.url:
            raise absent("url")
        return self

    @property
    def order(self) -> ListenOrder | None:
        return self.listen_order if self.enable else None


class Listen(ListenProperties, Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["listen"] = "listen"
    action_hook: HookProperty | None = None
    transcribe: Annotated[Transcribe | None, BeforeValidator(_named)] = Field(
        None, description="A transcribe verb that runs meanwhile."
    )
    channel: Literal[1, 2] = Field(1, description="In a dial: 1 the caller, 2 who was dialled.")
    early_media: bool = False

    @property
    def wants_early_media(self) -> bool:
        return self.early_media

    def facts(self) -> Json:
        return {"url": shown_url(self.url), "sample_rate": self.sample_rate, "mix": self.mix_type}

    async def run(self, ctx: VerbContext) -> Outcome:
        async with _transcribing(self.transcribe, ctx):
            listened = await ctx.taps.listen(self.listen_order)
        ctx.note({"ended_by": listened.why, "seconds": listened.seconds})
        if self.action_hook is None:
            return NEXT
        document = await ctx.ask(self.action_hook.hook, listened.to_json(), self.id)
        return Replace(document) if document else NEXT
