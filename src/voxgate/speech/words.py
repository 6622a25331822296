"""How many words a text has, also where words are not written apart."""

import re

# Scripts without spaces between words count by the character, as their readers' dictionaries do.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]"
    r"|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]+"
)
_LETTER = re.compile(r"\w")


def word_count(text: str) -> int:
    return sum(1 for word in _WORD.findall(text) if _LETTER.search(word))
