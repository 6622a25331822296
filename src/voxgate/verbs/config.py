"""`config`: what holds for the rest of the call, and what runs beside its verbs."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from voxgate.model.calls import Json
from voxgate.model.speech import Ear
from voxgate.verbs.answering import AmdObject
from voxgate.verbs.barge_in import BargeIn
from voxgate.verbs.capabilities.ears import TranscriptOrder
from voxgate.verbs.capabilities.recorder import RecordOrder
from voxgate.verbs.contract import NEXT, Need, NotNow, Outcome, Verb, VerbContext, WireObject
from voxgate.verbs.filler import ActionHookDelayAction, FillerNoise
from voxgate.verbs.listen import BackgroundListen
from voxgate.verbs.properties import (
    Decibels,
    HookProperty,
    SipHeaders,
    Synthesizer,
    Texts,
    absent,
)
from voxgate.verbs.recognizer import Recognizer

# What `reset` may name beside the stored values: all of it is switched off.
_SWITCHED_OFF: dict[str, Callable[[VerbContext], None]] = {
    "recognizer": lambda ctx: ctx.ears.prefer(None),
    "bargeIn": lambda ctx: ctx.ears.background_gather(None),
    "transcribe": lambda ctx: ctx.ears.background_transcription(None),
    "listen": lambda ctx: ctx.taps.background(None),
    "amd": lambda ctx: ctx.amd.stop(),
    "boostAudioSignal": lambda ctx: ctx.tracks.boost(0.0),
    "ttsStream": lambda ctx: ctx.tokens.stop_beside(),
}
_STORED = (
    "synthesizer",
    "fillerNoise",
    "actionHookDelayAction",
    "onHoldMusic",
    "sipRequestWithinDialogHook",
    "referHook",
    "notifyEvents",
    "notifySttLatency",
    "earlyMedia",
    "disableTtsCache",
)
_RESETTABLE = frozenset(_SWITCHED_OFF) | frozenset(_STORED)
_WITHOUT_EFFECT = {
    "vad": "the recognisers of this version find speech themselves",
    "autoStreamTts": "every text is heard while the rest of it is rendered",
    "trackTtsPlayout": "notifyEvents tells of playbacks",
    "noiseIsolation": "it needs Krisp, which is not installed",
    "turnTaking": "it needs Krisp, which is not installed",
}


class BackgroundTranscribe(WireObject):
    """Tells what is said while the verbs run."""

    enable: bool
    transcription_hook: HookProperty | None = None
    recognizer: Recognizer | None = None

    @model_validator(mode="after")
    def _has_hook(self) -> "BackgroundTranscribe":
        if self.enable and self.transcription_hook is None:
            raise absent("transcriptionHook")
        return self

    def order(self, verb_id: str | None) -> TranscriptOrder | None:
        if not self.enable:
            return None
        return TranscriptOrder(
            self.transcription_hook.hook if self.transcription_hook else None,
            self.recognizer.ear if self.recognizer else Ear(),
            verb_id=verb_id,
        )


class RecordObject(WireObject):
    """Recording control (contract 5.3, record options)."""

    action: Literal[
        "startCallRecording", "stopCallRecording", "pauseCallRecording", "resumeCallRecording"
    ]
    type: Literal["cloud", "siprec"] = "siprec"
    recording_id: Annotated[str | None, Field(alias="recordingID")] = None
    siprec_server_url: Annotated[Texts, Field(alias="siprecServerURL")] = ()
    headers: SipHeaders = Field({}, description="On the INVITE to the recording server.")

    @model_validator(mode="after")
    def _has_server(self) -> "RecordObject":
        starts_siprec = self.type == "siprec" and self.action == "startCallRecording"
        if starts_siprec and not self.siprec_server_url:
            raise absent("siprecServerURL")
        return self

    async def apply(self, ctx: VerbContext) -> None:
        recorder = ctx.recorder
        match self.action:
            case "startCallRecording":
                headers = tuple(self.headers.items())
                await recorder.start(
                    RecordOrder(self.type, self.recording_id, self.siprec_server_url, headers)
                )
            case "stopCallRecording":
                await recorder.stop(self.type)
            case "pauseCallRecording":
                await recorder.pause(self.type)
            case "resumeCallRecording":
                await recorder.resume(self.type)


class TtsStream(WireObject):
    enable: bool
    synthesizer: Synthesizer | None = None

    def apply(self, ctx: VerbContext) -> None:
        if self.enable:
            ctx.tokens.speak_beside(self.synthesizer.choice if self.synthesizer else None)
        else:
            ctx.tokens.stop_beside()


def _one_or_many(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,)


Resets = Annotated[
    tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])
]


class Config(Verb):
    """Takes effect at once and never waits. What is not named stays as it is."""

    verb: Literal["config"] = "config"
    reset: Resets = Field(
        (), description="Names of properties that go back to what the call started with."
    )
    synthesizer: Synthesizer | None = None
    recognizer: Recognizer | None = None
    barge_in: BargeIn | None = None
    transcribe: BackgroundTranscribe | None = None
    listen: BackgroundListen | None = None
    stream: BackgroundListen | None = Field(None, description="The same as listen.")
    record: RecordObject | None = None
    filler_noise: FillerNoise | None = None
    action_hook_delay_action: ActionHookDelayAction | None = None
    notify_events: bool | None = Field(
        None, description="Whether a WebSocket application gets verb:status frames."
    )
    notify_stt_latency: bool | None = Field(
        None, description="Whether results of speech tell how long the recogniser took."
    )
    on_hold_music: str | None = Field(None, description="Address of a sound; empty: none.")
    sip_request_within_dialog_hook: HookProperty | None = None
    refer_hook: HookProperty | None = None
    amd: AmdObject | None = Field(None, description="Tell a person from a machine from now on.")
    boost_audio_signal: Decibels | None = Field(
        None, description='Decibels, as a number or as text such as "+3dB".'
    )
    early_media: bool | None = Field(
        None, description="Sounds open early media instead of answering."
    )
    disable_tts_cache: bool | None = None
    tts_stream: TtsStream | None = Field(
        None, description="Speak what is sent with tts:tokens beside the verbs."
    )
    auto_stream_tts: bool | None = None
    track_tts_playout: bool | None = None
    vad: dict[str, Any] | None = None
    noise_isolation: dict[str, Any] | None = None
    turn_taking: dict[str, Any] | None = None

    @field_validator("reset")
    @classmethod
    def _known(cls, names: tuple[str, ...], _info: ValidationInfo) -> tuple[str, ...]:
        unknown = [name for name in names if name not in _RESETTABLE]
        if unknown:
            raise ValueError(f"{unknown[0]} is nothing that can be reset")
        return names

    @property
    def need(self) -> Need:
        """Contract 5.1: only these answer a call."""
        needs_audio = (
            (self.barge_in and self.barge_in.enable)
            or self.record
            or self.amd
            or (self.transcribe and self.transcribe.enable)
            or any(each is not None and each.enable for each in (self.listen, self.stream))
            or self.boost_audio_signal is not None
        )
        return Need.AUDIO if needs_audio else Need.NOTHING

    @property
    def wants_early_media(self) -> bool:
        return bool(self.early_media)

    def facts(self) -> Json:
        return {"changes": sorted(self.model_fields_set - {"verb", "id"})}

    def cautions(self) -> tuple[str, ...]:
        unheeded = {
            "autoStreamTts": self.auto_stream_tts,
            "trackTtsPlayout": self.track_tts_playout,
            "vad": self.vad,
            "noiseIsolation": self.noise_isolation,
            "turnTaking": self.turn_taking,
        }
        return tuple(
            f"config: {name} has no effect: {_WITHOUT_EFFECT[name]}"
            for name, value in unheeded.items()
            if value
        )

    async def run(self, ctx: VerbContext) -> Outcome:
        self._reset(ctx)
        self._store(ctx)
        problems = []
        starts = (self._start_ears, self._start_sound, self._start_recording, self._start_amd)
        for start in starts:
            try:
                await start(ctx)
            except NotNow as why:
                problems.append(str(why))
        if problems:
            ctx.note({"error": "; ".join(problems)})
        return NEXT

    def _reset(self, ctx: VerbContext) -> None:
        ctx.settings.reset(self.reset)
        for name in self.reset:
            if name in _SWITCHED_OFF:
                _SWITCHED_OFF[name](ctx)

    def _store(self, ctx: VerbContext) -> None:
        settings = ctx.settings
        if self.synthesizer is not None:
            settings.speak_as(self.synthesizer.choice)
        if self.recognizer is not None:
            ctx.ears.prefer(self.recognizer.ear)
        if self.filler_noise is not None:
            settings.noise = self.filler_noise.noise
        if self.action_hook_delay_action is not None:
            settings.delay = self.action_hook_delay_action.delay
        if self.on_hold_music is not None:
            settings.hold_music = self.on_hold_music or None
        if self.sip_request_within_dialog_hook is not None:
            settings.sip_request_hook = self.sip_request_within_dialog_hook.hook
        if self.refer_hook is not None:
            settings.refer_hook = self.refer_hook.hook
        self._store_switches(ctx)

    def _store_switches(self, ctx: VerbContext) -> None:
        settings = ctx.settings
        if self.notify_events is not None:
            settings.notify_events = self.notify_events
        if self.notify_stt_latency is not None:
            settings.notify_stt_latency = self.notify_stt_latency
        if self.early_media is not None:
            settings.early_media = self.early_media
        if self.disable_tts_cache is not None:
            settings.cache_speech = not self.disable_tts_cache

    async def _start_ears(self, ctx: VerbContext) -> None:
        if self.barge_in is not None:
            ctx.ears.background_gather(self.barge_in.gather)
        if self.transcribe is not None:
            ctx.ears.background_transcription(self.transcribe.order(self.id))

    async def _start_sound(self, ctx: VerbContext) -> None:
        for listen in (self.listen, self.stream):
            if listen is not None:
                ctx.taps.background(listen.order)
        if self.tts_stream is not None:
            self.tts_stream.apply(ctx)
        if self.boost_audio_signal is not None:
            ctx.tracks.boost(self.boost_audio_signal)

    async def _start_amd(self, ctx: VerbContext) -> None:
        if self.amd is not None:
            ctx.amd.start(self.amd.order)

    async def _start_recording(self, ctx: VerbContext) -> None:
        if self.record is not None:
            await self.record.apply(ctx)
