"""How much a text says: words in any script, and digits that follow each other.

Thresholds in words were chosen for languages which write words apart. Scripts that do not are
counted by characters, as many as are spoken in the time of one such word.
"""

import re

# Spoken in the time of an English word: measured on news texts read at an ordinary pace.
_CHARACTERS_PER_WORD = (
    ("\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d", 2.5),  # Hiragana, Katakana
    ("\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f", 1.6),  # Han
    ("\u0e00-\u0e7f", 4.5),  # Thai
    ("\u0e80-\u0eff", 4.5),  # Lao
    ("\u1780-\u17ff", 4.5),  # Khmer
    ("\u1000-\u109f", 4.5),  # Myanmar
)
_UNSPACED = tuple(
    (re.compile(f"[{characters}]"), per_word) for characters, per_word in _CHARACTERS_PER_WORD
)
_LETTER = re.compile(r"\w")
# "12 34-56" is six digits in a row: recognisers group them as they like.
_DIGITS = re.compile(r"\d(?:[\s.,/-]{0,2}\d)*")


def count_words(text: str) -> int:
    """Words of `text`, estimated for scripts that do not write them apart."""
    unspaced = 0.0
    for characters, per_word in _UNSPACED:
        text, count = characters.subn(" ", text)
        unspaced += count / per_word
    spaced = sum(1 for word in text.split() if _LETTER.search(word))
    return spaced + (max(1, round(unspaced)) if unspaced else 0)


def longest_number(text: str) -> int:
    """Digits of the longest number in `text`, however it is grouped."""
    return max((sum(map(str.isdecimal, found)) for found in _DIGITS.findall(text)), default=0)
