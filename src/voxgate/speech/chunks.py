"""Long speech in pieces, so that the first words are heard while the last are still rendered."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from voxgate.speech.contract import Phrase, Segment, Silence

CHARS_MAX = 900
PAUSE_MS = 300  # what a voice leaves between sentences, and a cut between renderings loses

_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+|(?<=[\u3001\uff0c])|\s+")


def chunks(segments: Sequence[Segment], limit: int = CHARS_MAX) -> list[tuple[Segment, ...]]:
    """The same segments in groups of at most `limit` characters, cut where a speaker would."""
    groups: list[list[Segment]] = [[]]
    room = limit
    for segment in _pieces(segments, limit):
        size = len(segment.text) if isinstance(segment, Phrase) else 0
        if size > room:
            groups.append([])
            room = limit
        groups[-1].append(segment)
        room -= size
    return [tuple(group) for group in groups if group]


def _pieces(segments: Sequence[Segment], limit: int) -> Iterator[Segment]:
    for segment in segments:
        if isinstance(segment, Silence) or len(segment.text) <= limit:
            yield segment
            continue
        texts = list(_cut(segment.text, limit))
        for number, text in enumerate(texts):
            yield replace(segment, text=text)
            if number + 1 < len(texts) and text[-1] in ".!?\u2026\u3002\uff01\uff1f":
                yield Silence(PAUSE_MS)


def _cut(text: str, limit: int) -> Iterator[str]:
    """At sentence ends where possible, else between clauses or words, else anywhere."""
    piece = ""
    for sentence in _SENTENCE_END.split(text):
        for part in _fitting(sentence, limit):
            if piece and len(piece) + 1 + len(part) > limit:
                yield piece
                piece = part
            else:
                piece = f"{piece} {part}".strip()
    if piece:
        yield piece


def _fitting(sentence: str, limit: int) -> Iterator[str]:
    start = 0
    while len(sentence) - start > limit:
        ends = [found.end() for found in _CLAUSE_END.finditer(sentence, start, start + limit + 1)]
        end = ends[-1] if ends and ends[-1] > start else start + limit
        if piece := sentence[start:end].strip():
            yield piece
        start = end
    if piece := sentence[start:].strip():
        yield piece
