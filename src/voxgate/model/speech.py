"""Which voice speaks and which ear listens."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Voice:
    """`vendor` "builtin" is the offline voice that every installation has."""

    vendor: str = "builtin"
    language: str = "en-US"
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class RecognizerChoice:
    vendor: str | None = None
    language: str | None = None
    fallback_vendor: str | None = None
    fallback_language: str | None = None

    @property
    def ear(self) -> "Ear":
        return Ear(
            vendor=self.vendor,
            language=self.language,
            fallback_vendor=self.fallback_vendor,
            fallback_language=self.fallback_language,
        )


@dataclass(frozen=True, slots=True)
class SynthesizerChoice:
    """A verb's wish for a voice. None, like the wire's "default", means the session's value."""

    vendor: str | None = None
    language: str | None = None
    voice: str | None = None
    gender: str | None = None  # MALE, FEMALE or NEUTRAL; used when no voice is named
    fallback: Voice | None = None
    engine: str | None = None
    options: str | None = None  # the vendor's own object, as JSON with sorted keys
    instructions: str | None = None  # how to say it, of one `say`

    def over(self, session: "SynthesizerChoice") -> "SynthesizerChoice":
        """This wish, with what it leaves to the session beyond the voice.

        Engine and options are a vendor's own: those of another vendor are left behind.
        """
        alike = self.vendor in {None, session.vendor}
        return replace(
            self,
            fallback=self.fallback or session.fallback,
            engine=self.engine or (session.engine if alike else None),
            options=self.options or (session.options if alike else None),
        )

    def resolve(self, session: Voice) -> Voice:
        """The voice asked for; a session voice never crosses to another vendor or language."""
        vendor = self.vendor or session.vendor
        language = self.language or session.language
        alike = vendor == session.vendor and language == session.language
        kept = session.voice if alike and self.gender is None else None
        return Voice(vendor, language, self.voice or kept)


@dataclass(frozen=True, slots=True)
class Ear:
    """A wish for a recogniser. None, like the wire's "default", means the session's value.

    `options` is the recognizer object as it came over the wire, with the vendor's own block.
    """

    vendor: str | None = None
    language: str | None = None
    fallback_vendor: str | None = None
    fallback_language: str | None = None
    hints: tuple[str, ...] | None = None
    interim: bool | None = None
    continuous_s: float | None = None  # asrTimeout
    continuous_key: str | None = None  # asrDtmfTerminationDigit
    fast_s: float | None = None  # fastRecognitionTimeout
    confidence_min: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def over(self, session: "Ear") -> "Ear":
        """This wish where it says something, else the session's; another vendor's options stay."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        own = {name: value for name, value in said.items() if value is not None}
        merged = replace(session, **own)
        alike = self.vendor is None or self.vendor == session.vendor
        options = {**session.options, **self.options} if alike else dict(self.options)
        return replace(merged, options=options)
