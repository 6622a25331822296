"""`say`: speak text or SSML."""

from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from voxgate.model.calls import Json
from voxgate.model.speech import SynthesizerChoice
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import (
    NEXT,
    Need,
    NotNow,
    Outcome,
    PlayFailed,
    SayFailed,
    Speech,
    Verb,
    VerbContext,
)
from voxgate.verbs.properties import (
    Loop,
    Synthesizer,
    Texts,
    absent,
    alert_play_failed,
    is_address,
    rounds,
    shown_url,
)

FACT_LENGTH = 200


class Say(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["say"] = "say"
    text: Texts = Field(
        (),
        description="Plain text or <speak>SSML</speak>, or a list of them spoken in turn; an entry "
        "may also be an http(s) address of a sound or silence_stream://<ms>.",
    )
    loop: Loop = 1
    synthesizer: Synthesizer | None = None
    instructions: str | None = None
    early_media: bool = False
    disable_tts_cache: bool = False
    stream: bool = Field(
        False, description="Speak what a WebSocket application sends with tts:tokens."
    )
    close_stream_on_empty: bool = Field(
        True, description="A stream ends when everything that came was heard."
    )

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        if "text" not in self.model_fields_set and not self.stream:
            raise absent("text")
        return self

    @property
    def wants_early_media(self) -> bool:
        return self.early_media

    def facts(self) -> Json:
        if self.stream:
            return {"stream": True}
        shown = (shown_url(text) if is_address(text) else text for text in self.text)
        return {"text": " ".join(shown)[:FACT_LENGTH]}

    def sounds(self) -> tuple[Sound, ...]:
        """What is heard of it, once."""
        if self.stream:
            return ()
        return tuple(
            Sound(url=text) if is_address(text) else Sound(text=text, synthesizer=self._choice)
            for text in self.text
            if text.strip()
        )

    @property
    def _choice(self) -> SynthesizerChoice | None:
        choice = self.synthesizer.choice if self.synthesizer else None
        if self.instructions is None:
            return choice
        return replace(choice or SynthesizerChoice(), instructions=self.instructions)

    def speech(self) -> tuple[Speech, ...]:
        if self.stream or self.disable_tts_cache:
            return ()
        return tuple(
            Speech(text, self._choice)
            for text in self.text
            if text.strip() and not is_address(text)
        )

    def cautions(self) -> tuple[str, ...]:
        found = []
        if self.instructions is not None:
            found.append("say: instructions has no effect on the voices of this version")
        if self.stream and self.text:
            found.append("say: text is ignored beside stream")
        return tuple(found)

    async def run(self, ctx: VerbContext) -> Outcome:
        try:
            heard_ms = await (self._stream(ctx) if self.stream else self._speak_all(ctx))
        except NotNow as failure:
            ctx.note({"error": str(failure)})
            ctx.alert("tts-failure", f"say with stream: {failure}")
        except SayFailed as failure:
            ctx.note({"error": failure.detail})
            ctx.alert("tts-failure", str(failure), failure.detail)
        except PlayFailed as failure:
            ctx.note({"error": failure.detail})
        else:
            ctx.note({"playback_milliseconds": heard_ms})
        return NEXT

    async def _stream(self, ctx: VerbContext) -> int:
        return await ctx.tokens.speak(
            self._choice,
            close_on_empty=self.close_stream_on_empty,
            cached=not self.disable_tts_cache,
        )

    async def _speak_all(self, ctx: VerbContext) -> int:
        entries = [text for text in self.text if text.strip()]
        heard_ms = 0
        for _ in rounds(self.loop):
            before_ms = heard_ms
            for text in entries:
                heard_ms += await self._speak(ctx, text)
            if heard_ms == before_ms:  # a loop over nothing would never yield to anybody
                break
        return heard_ms

    async def _speak(self, ctx: VerbContext, text: str) -> int:
        if is_address(text):
            try:
                return (await ctx.play(text)).ms
            except PlayFailed as failure:
                alert_play_failed(ctx, text, failure)
                raise
        return await ctx.say(text, self._choice, cached=not self.disable_tts_cache)
