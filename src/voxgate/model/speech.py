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
