"""Which voice speaks and which ear listens."""

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class SynthesizerChoice:
    """A verb's wish for a voice. None, like the wire's "default", means the session's value."""

    vendor: str | None = None
    language: str | None = None
    voice: str | None = None
    gender: str | None = None  # MALE, FEMALE or NEUTRAL; used when no voice is named
    fallback: Voice | None = None

    def resolve(self, session: Voice) -> Voice:
        """The voice asked for; a session voice never crosses to another vendor or language."""
        vendor = self.vendor or session.vendor
        language = self.language or session.language
        alike = vendor == session.vendor and language == session.language
        kept = session.voice if alike and self.gender is None else None
        return Voice(vendor, language, self.voice or kept)
