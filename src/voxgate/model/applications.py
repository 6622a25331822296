"""What runs on a call."""

from dataclasses import dataclass

from voxgate.model.calls import Json
from voxgate.model.hooks import Hook


@dataclass(frozen=True, slots=True)
class Application:
    application_sid: str
    account_sid: str
    name: str
    call_hook: Hook | None = None
    call_status_hook: Hook | None = None
    app_json: str | None = None
    record_all_calls: bool = False
    speech_synthesis_vendor: str | None = None
    speech_synthesis_language: str | None = None
    speech_synthesis_voice: str | None = None
    speech_recognizer_vendor: str | None = None
    speech_recognizer_language: str | None = None
    use_for_fallback_speech: bool = False  # whether the next five count
    fallback_speech_synthesis_vendor: str | None = None
    fallback_speech_synthesis_language: str | None = None
    fallback_speech_synthesis_voice: str | None = None
    fallback_speech_recognizer_vendor: str | None = None
    fallback_speech_recognizer_language: str | None = None
    fallback: Json | None = None  # where calls go when the application cannot be reached
    created_at: float = 0.0
