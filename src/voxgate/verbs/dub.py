"""`dub`: background sound on up to four tracks of a call."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from voxgate.model.calls import Json
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import NEXT, Need, NotNow, Outcome, Verb, VerbContext, WireObject
from voxgate.verbs.properties import Synthesizer, Texts, absent, is_address, shown_url

GAIN_DB_MAX = 50


class DubbedText(WireObject, extra="allow"):
    """What of a say verb has a meaning on a track."""

    text: Texts = Field(min_length=1)
    synthesizer: Synthesizer | None = None


def _gain(value: object) -> object:
    """+2, "+2dB" and "-10 dB" alike."""
    if isinstance(value, str):
        try:
            return float(value.strip().lower().removesuffix("db"))
        except ValueError:
            raise ValueError('must be decibels, such as -10 or "+2dB"') from None
    return value


Gain = Annotated[
    float,
    Field(ge=-GAIN_DB_MAX, le=GAIN_DB_MAX),
    BeforeValidator(_gain, json_schema_input_type=float | str),
]


class Dub(Verb):
    needs: ClassVar[Need] = Need.AUDIO
    verb: Literal["dub"] = "dub"
    action: Literal["addTrack", "removeTrack", "silenceTrack", "playOnTrack", "sayOnTrack"]
    track: str = Field(min_length=1, max_length=64, description="The track's name.")
    play: str | None = Field(None, min_length=1, description="Address of the sound.")
    say: (
        Annotated[
            DubbedText,
            BeforeValidator(
                lambda v: {"text": v} if isinstance(v, str) else v,
                json_schema_input_type=str | DubbedText,
            ),
        ]
        | None
    ) = Field(None, description="Text, or the properties of a say verb.")
    loop: bool = Field(False, description="Play it for ever.")
    gain: Gain = Field(0, description='Decibels, as a number or "-10dB".')

    @model_validator(mode="after")
    def _has_sound(self) -> Self:
        if self.action == "playOnTrack" and self.play is None:
            raise absent("play")
        if self.action == "sayOnTrack" and self.say is None:
            raise absent("say")
        return self

    def facts(self) -> Json:
        shown = {"play": shown_url(self.play)} if self.play else {}
        return {"action": self.action, "track": self.track, **shown}

    @property
    def sounds(self) -> tuple[Sound, ...]:
        """What is to be heard; of both, `play` counts except for sayOnTrack."""
        if self.say is not None and (self.play is None or self.action == "sayOnTrack"):
            choice = self.say.synthesizer.choice if self.say.synthesizer else None
            return tuple(
                Sound(url=text) if is_address(text) else Sound(text=text, synthesizer=choice)
                for text in self.say.text
                if text.strip()
            )
        return (Sound(url=self.play),) if self.play is not None else ()

    async def run(self, ctx: VerbContext) -> Outcome:
        try:
            self.apply(ctx)
        except NotNow as why:
            ctx.note({"error": str(why)})
        return NEXT

    def apply(self, ctx: VerbContext) -> None:
        """Do it now. Raises NotNow."""
        tracks = ctx.tracks
        match self.action:
            case "addTrack":
                tracks.add(self.track)
                if self.sounds:
                    self._play(ctx)
            case "removeTrack":
                tracks.remove(self.track)
            case "silenceTrack":
                tracks.silence(self.track)
            case "playOnTrack" | "sayOnTrack":
                self._play(ctx)

    def _play(self, ctx: VerbContext) -> None:
        ctx.tracks.play(self.track, self.sounds, loop=self.loop, gain_db=self.gain)
