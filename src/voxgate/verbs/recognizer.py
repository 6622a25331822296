"""The `recognizer` object: who listens, in which language, and when words are complete."""

from typing import Annotated, Any

from pydantic import Field

from voxgate.model.speech import Ear
from voxgate.verbs.contract import WireObject
from voxgate.verbs.properties import Count, Seconds

Options = dict[str, Any] | None
Share = Annotated[float, Field(ge=0, le=1)]
Number = int | float


def _set(value: str | None) -> str | None:
    return None if value == "default" else value


class Recognizer(WireObject):
    """What is left out, and the value "default", mean the session's.

    Whatever is not described here is handed to the vendor as it is.
    """

    vendor: str
    label: str | None = None
    language: str | None = None
    fallback_vendor: str | None = Field(None, description="Listens when the vendor fails.")
    fallback_label: str | None = None
    fallback_language: str | None = None
    hints: list[str] | None = Field(
        None, description="Phrases to expect; pocketsphinx understands nothing else."
    )
    interim: bool | None = Field(None, description="Tell words while they may still change.")
    asr_timeout: Seconds | None = Field(
        None, description="Seconds after final words in which more may follow and is added."
    )
    asr_dtmf_termination_digit: str | None = Field(
        None, description="With asrTimeout: this key ends the speech after a second."
    )
    fast_recognition_timeout: Seconds | None = Field(
        None, description="Words that have not changed for so many seconds are final."
    )
    min_confidence: Share | None = Field(
        None, description="Final words below this are reported as stt-low-confidence."
    )
    vad: dict[str, Any] | None = None
    hints_boost: Number | None = None
    alt_languages: list[str] | None = None
    profanity_filter: bool | None = None
    single_utterance: bool | None = None
    dual_channel: bool | None = None
    separate_recognition_per_channel: bool | None = Field(
        None, description="transcribe of a dial: false leaves out the other leg."
    )
    punctuation: bool | None = None
    enhanced_model: bool | None = None
    words: bool | None = None
    diarization: bool | None = None
    diarization_min_speakers: Count | None = None
    diarization_max_speakers: Count | None = None
    interaction_type: str | None = None
    naics_code: Number | None = None
    identify_channels: bool | None = None
    vocabulary_name: str | None = None
    vocabulary_filter_name: str | None = None
    filter_method: str | None = None
    model: str | None = None
    output_format: str | None = None
    profanity_option: str | None = None
    request_snr: bool | None = None
    initial_speech_timeout_ms: Number | None = None
    azure_service_endpoint: str | None = None
    azure_stt_endpoint_id: str | None = None
    autogenerate_prompt: bool | None = None
    deepgram_options: Options = None
    azure_options: Options = None
    google_options: Options = None
    aws_options: Options = None
    openai_options: Options = None
    speechmatics_options: Options = None
    assembly_ai_options: Options = None
    elevenlabs_options: Options = None
    nuance_options: Options = None
    ibm_options: Options = None
    nvidia_options: Options = None
    soniox_options: Options = None
    cobalt_options: Options = None
    verbio_options: Options = None
    houndify_options: Options = None
    gladia_options: Options = None
    custom_options: Options = None
    scripted_options: Options = Field(None, description="The script of the vendor `scripted`.")

    @property
    def ear(self) -> Ear:
        return Ear(
            vendor=_set(self.vendor),
            language=_set(self.language),
            fallback_vendor=_set(self.fallback_vendor),
            fallback_language=_set(self.fallback_language),
            hints=None if self.hints is None else tuple(self.hints),
            interim=self.interim,
            continuous_s=self.asr_timeout,
            continuous_key=self.asr_dtmf_termination_digit,
            fast_s=self.fast_recognition_timeout,
            confidence_min=self.min_confidence,
            options=self.model_dump(by_alias=True, exclude_none=True),
        )
