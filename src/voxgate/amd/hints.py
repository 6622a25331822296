"""Phrases that only machines say, by language, from the operator's file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from voxgate.base.errors import VoxgateError


class BadHints(VoxgateError):
    """A file of phrases that cannot be used; says where."""


@dataclass(frozen=True, slots=True)
class Hints:
    """`{"de-DE": ["nach dem signalton"], "en": ["after the tone"]}`; a bare language is for all."""

    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Hints":
        """Raises BadHints."""
        try:
            document = json.loads(text)
        except ValueError as wrong:
            raise BadHints(f"is no JSON: {wrong}") from wrong
        if not isinstance(document, dict):
            raise BadHints("must be an object of languages")
        return cls({tag.casefold(): _phrases(tag, found) for tag, found in document.items()})

    def found_in(self, text: str, language: str | None) -> str | None:
        """The first phrase of this language that `text` has in it.

        Those of the exact tag first, then those of the language whatever its region: a greeting
        in de-AT is recognised by phrases for de-DE.
        """
        text = " ".join(text.casefold().split())
        for phrase in self._for(language):
            if phrase in text:
                return phrase
        return None

    def _for(self, language: str | None) -> list[str]:
        if language is None:
            return []
        exact = language.casefold()
        bare = exact.partition("-")[0]
        tags = [tag for tag in self.phrases if tag.partition("-")[0] == bare]
        tags.sort(key=lambda tag: (tag != exact, tag != bare))
        return [phrase for tag in tags for phrase in self.phrases[tag]]


def _phrases(tag: str, found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(phrase, str) for phrase in found):
        raise BadHints(f"{tag}: must be an array of strings")
    phrases = tuple(" ".join(phrase.casefold().split()) for phrase in found)
    if not all(phrases):
        raise BadHints(f"{tag}: has an empty phrase")
    return phrases
