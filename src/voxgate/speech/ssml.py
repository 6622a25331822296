"""Text or SSML (W3C Speech Synthesis Markup Language 1.1, the part voices need) into segments."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from xml.parsers import expat

from voxgate.speech.contract import Phrase, Segment, Silence

BREAK_MS_MAX = 10_000
DEPTH_MAX = 32
MUTE_DB = -96.0
RATE_RANGE = (0.3, 3.0)
PITCH_RANGE = (0.5, 2.0)
GAIN_RANGE_DB = (MUTE_DB, 6.0)
SENTENCE_PAUSE_MS = 300
PARAGRAPH_PAUSE_MS = 500

BREAKS_MS = {
    "none": 0,
    "x-weak": 100,
    "weak": 250,
    "medium": 500,
    "strong": 750,
    "x-strong": 1000,
}
RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.6}
PITCHES = {"x-low": 0.7, "low": 0.85, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.4}
GAINS_DB = {
    "silent": MUTE_DB,
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "default": 0.0,
    "loud": 3.0,
    "x-loud": 6.0,
}
EMPHASES = {
    "strong": (0.85, 1.1, 3.0),
    "moderate": (0.93, 1.05, 1.5),
    "none": (1.0, 1.0, 0.0),
    "reduced": (1.08, 0.97, -3.0),
}
SPELLED = {"digits", "characters", "spell-out", "verbatim", "telephone"}
SENTENCES = {"p", "paragraph", "s", "sentence"}
TRANSPARENT = {"speak", "voice", "lang", "w", "token", "mark", "bookmark"}
SILENT_SIGNS = " .,;:!?\u2026'\"()-\u2013"

_TIME = re.compile(r"\+?(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d+)?)(%|db|st|hz)?", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be spoken, and what in the markup could not be followed."""

    segments: tuple[Segment, ...]
    faults: tuple[str, ...] = ()


def parse(text: str) -> Script:
    """Total: whatever the text, something comes of it. Malformed SSML is read without its tags."""
    if not text.lstrip().startswith("<speak"):
        return Script(_plain(text))
    try:
        reader = _Reader()
        reader.read(text.strip())
    except (expat.ExpatError, _Refused) as failure:
        bare = unescape(_TAG.sub(" ", text))
        return Script(_plain(bare), (f"SSML cannot be read: {failure}",))
    return Script(tuple(reader.segments), tuple(dict.fromkeys(reader.faults)))


def _plain(text: str) -> tuple[Segment, ...]:
    words = _CONTROL.sub(" ", text).strip()
    return (Phrase(words),) if words else ()


class _Refused(Exception):
    """XML that is well-formed but of no use here."""


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the words at this depth are spoken."""

    rate: float = 1.0
    pitch: float = 1.0
    gain_db: float = 0.0
    spelled: bool = False
    replaced: bool = False  # inside `sub`, whose alias was taken instead

    def sounds_like(self, other: "_Manner") -> bool:
        return (self.rate, self.pitch, self.gain_db) == (other.rate, other.pitch, other.gain_db)


class _Reader:
    """Collects segments while the XML parser walks through the document."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.faults: list[str] = []
        self._words: list[str] = []
        self._manners = [_Manner()]
        self._pause_ms = 0  # owed once more words come

    def read(self, text: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
        self._flush()

    def _doctype(self, *_declaration: object) -> None:
        raise _Refused("a document type declaration is not allowed")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if len(self._manners) > DEPTH_MAX:
            raise _Refused(f"elements are nested deeper than {DEPTH_MAX}")
        manner = self._manners[-1]
        if manner.replaced:
            self._manners.append(manner)
            return
        match element:
            case "break":
                self._break(attributes)
            case _ if element in SENTENCES:
                self._sentence_border(element)
            case "prosody":
                manner = self._prosody(manner, attributes)
            case "emphasis":
                rate, pitch, gain_db = EMPHASES.get(
                    attributes.get("level", "moderate"), EMPHASES["moderate"]
                )
                manner = _louder(_changed(manner, rate, pitch), gain_db)
            case "say-as":
                spelled = attributes.get("interpret-as") in SPELLED
                manner = replace(manner, spelled=spelled)
            case "sub":
                self._characters(attributes.get("alias", ""))
                manner = replace(manner, replaced="alias" in attributes)
            case _ if element not in TRANSPARENT:
                self.faults.append(f"SSML element {element[:40]} has no effect")
        self._enter(manner)

    def _end(self, element: str) -> None:
        left = self._manners.pop()
        if left.replaced:
            return
        if element in SENTENCES:
            self._sentence_border(element)
        if not left.sounds_like(self._manners[-1]):
            self._words, words = [], self._words
            self._add_phrase("".join(words), left)

    def _enter(self, manner: _Manner) -> None:
        if not manner.sounds_like(self._manners[-1]):
            self._flush()
        self._manners.append(manner)

    def _characters(self, text: str) -> None:
        manner = self._manners[-1]
        if not manner.replaced:
            self._words.append(_spelled(text) if manner.spelled else text)

    def _sentence_border(self, element: str) -> None:
        self._flush()
        pause_ms = PARAGRAPH_PAUSE_MS if element.startswith("p") else SENTENCE_PAUSE_MS
        self._pause_ms = max(self._pause_ms, pause_ms)

    def _break(self, attributes: dict[str, str]) -> None:
        self._flush()
        ms: int | None = BREAKS_MS.get(attributes.get("strength", "medium"))
        if "time" in attributes:
            ms = _milliseconds(attributes["time"])
        if ms is None:
            self.faults.append("SSML break has a time or strength that cannot be read")
            ms = BREAKS_MS["medium"]
        if ms:
            self.segments.append(Silence(min(ms, BREAK_MS_MAX)))
            self._pause_ms = 0

    def _prosody(self, manner: _Manner, attributes: dict[str, str]) -> _Manner:
        rate = self._asked("rate", attributes, _rate)
        pitch = self._asked("pitch", attributes, _pitch)
        gain_db = self._asked("volume", attributes, _gain_db)
        changed = _changed(manner, 1.0 if rate is None else rate, 1.0 if pitch is None else pitch)
        return changed if gain_db is None else _louder(changed, gain_db)

    def _asked(
        self, name: str, attributes: dict[str, str], read: Callable[[str], float | None]
    ) -> float | None:
        if name not in attributes:
            return None
        value = read(attributes[name].strip().lower())
        if value is None:
            self.faults.append(f"SSML prosody {name} {attributes[name][:20]!r} cannot be read")
        return value

    def _flush(self) -> None:
        words, self._words = "".join(self._words), []
        self._add_phrase(words, self._manners[-1])

    def _add_phrase(self, words: str, manner: _Manner) -> None:
        text = _SPACE.sub(" ", _CONTROL.sub(" ", words)).strip()
        if not text.strip(SILENT_SIGNS):
            return
        after_words = bool(self.segments) and isinstance(self.segments[-1], Phrase)
        if self._pause_ms and after_words:
            self.segments.append(Silence(self._pause_ms))
        self._pause_ms = 0
        self.segments.append(Phrase(text, manner.rate, manner.pitch, manner.gain_db))


def _clamped(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _changed(manner: _Manner, rate: float, pitch: float) -> _Manner:
    return replace(
        manner,
        rate=_clamped(manner.rate * rate, RATE_RANGE),
        pitch=_clamped(manner.pitch * pitch, PITCH_RANGE),
    )


def _louder(manner: _Manner, gain_db: float) -> _Manner:
    return replace(manner, gain_db=_clamped(manner.gain_db + gain_db, GAIN_RANGE_DB))


def _spelled(text: str) -> str:
    """One by one, with a comma's pause between groups. Upper case: "a" would be an article."""
    groups = re.split(r"[\s\-./()]+", text.strip().upper())
    return " " + ", ".join(" ".join(group) for group in groups if group) + " "


def _milliseconds(text: str) -> int | None:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    return round(float(found[1]) * (1 if found[2].lower() == "ms" else 1000))


def _ratio(text: str) -> float | None:
    """`120%`, `+20%` and `1.2` all mean one fifth more."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[3] not in {None, "%"}:
        return None
    number = float(found[2])
    if found[3] is None:
        return number if not found[1] else None
    change = {"": number - 100, "+": number, "-": -number}[found[1]]
    return 1 + change / 100


def _rate(text: str) -> float | None:
    return RATES[text] if text in RATES else _ratio(text)


def _pitch(text: str) -> float | None:
    if text in PITCHES:
        return PITCHES[text]
    found = _NUMBER.fullmatch(text)
    if found is not None and found[3] == "st":
        return float(2 ** (float(found[1] + found[2]) / 12))
    return _ratio(text) if found is not None and found[3] == "%" else None


def _gain_db(text: str) -> float | None:
    if text in GAINS_DB:
        return GAINS_DB[text]
    found = _NUMBER.fullmatch(text)
    if found is not None and found[3] == "db":
        return float(found[1] + found[2])
    if found is not None and found[3] is None and not found[1]:
        text += "%"  # 0 to 100, where 100 is the voice's own volume
    share = _ratio(text)
    if share is None:
        return None
    return 20 * math.log10(share) if share > 0 else MUTE_DB
