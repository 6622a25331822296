"""Tenants: service providers own accounts, accounts own everything else; keys open them."""

from dataclasses import dataclass

from voxgate.model.hooks import Hook


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    service_provider_sid: str
    name: str
    description: str | None = None
    root_domain: str | None = None
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    account_sid: str
    service_provider_sid: str
    name: str
    sip_realm: str | None = None
    registration_hook: Hook | None = None
    queue_event_hook: Hook | None = None
    device_calling_application_sid: str | None = None
    is_active: bool = True
    webhook_secret: str = ""
    require_known_caller: bool = False
    record_all_calls: bool = False
    record_format: str = "mp3"
    bucket_credential: str | None = None  # a BucketCredential as JSON
    recording_hook: Hook | None = None  # told of every recording that is stored
    speech_synthesis_vendor: str | None = None
    speech_synthesis_language: str | None = None
    speech_synthesis_voice: str | None = None
    speech_recognizer_vendor: str | None = None
    speech_recognizer_language: str | None = None
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Both sids empty: an admin key. Only the digest of the token is ever kept."""

    api_key_sid: str
    token_sha256: str
    token_start: str = ""  # enough for a person to tell keys apart
    account_sid: str | None = None
    service_provider_sid: str | None = None
    expires_at: float | None = None
    created_at: float = 0.0
    last_used: float | None = None
