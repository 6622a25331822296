import pytest

from voxgate.speech.words import word_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("yes", 1),
        ("  yes,   please !", 2),
        ("l'eau n'est pas là", 4),
        ("はい", 2),
        ("你好 world", 3),
    ],
)
def test_words_are_counted_with_and_without_spaces(text, count):
    """Gotcha 77: counting by spaces fails for Chinese and Japanese."""
    assert word_count(text) == count
