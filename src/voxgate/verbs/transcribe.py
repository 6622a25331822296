"""`transcribe`: tell the application what is said, until the verb is replaced or the call ends."""

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from voxgate.model.calls import Json
from voxgate.model.speech import Ear
from voxgate.verbs.capabilities.ears import TranscriptOrder
from voxgate.verbs.contract import NEXT, Need, Outcome, Verb, VerbContext
from voxgate.verbs.properties import HookProperty, absent
from voxgate.verbs.recognizer import Recognizer


class Transcribe(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["transcribe"] = "transcribe"
    transcription_hook: HookProperty | None = Field(
        None, description="Told each final transcript, and interim ones if recognizer.interim."
    )
    translation_hook: HookProperty | None = Field(None, description="No vendor here translates.")
    recognizer: Recognizer | None = None
    early_media: bool = False
    channel: Literal[1, 2] | None = Field(
        None, description="Of a dial: 1 the caller, 2 who was dialled; otherwise both."
    )

    @field_validator("translation_hook")
    @classmethod
    def _no_translation(cls, _hook: object) -> object:
        raise ValueError("is not available in this version: no recogniser translates")

    @model_validator(mode="after")
    def _has_hook(self) -> Self:
        if self.transcription_hook is None:
            raise absent("transcriptionHook")
        return self

    @property
    def wants_early_media(self) -> bool:
        return self.early_media

    def facts(self) -> Json:
        return {"channel": self.channel} if self.channel else {}

    def cautions(self) -> tuple[str, ...]:
        if self.channel == 2:
            return ("transcribe: channel 2 is the other leg of a dial; alone there is none",)
        return ()

    def order(self, *, answer_counts: bool = False) -> TranscriptOrder:
        """`answer_counts` when it stands alone: nested in another verb answers are ignored."""
        channel = self.channel
        if self.recognizer and self.recognizer.separate_recognition_per_channel is False:
            channel = channel or 1
        return TranscriptOrder(
            hook=self.transcription_hook.hook if self.transcription_hook else None,
            ear=self.recognizer.ear if self.recognizer else Ear(),
            channel=channel,
            verb_id=self.id,
            answer_counts=answer_counts,
        )

    async def run(self, ctx: VerbContext) -> Outcome:
        await ctx.ears.transcribe(self.order(answer_counts=True))
        return NEXT
