import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.amd.hints import BadHints, Hints

FILE = """{
    "de-DE": ["nach dem Signalton", "Mailbox  von"],
    "en": ["after the tone"],
    "en-GB": ["leave your message"]
}"""


@pytest.mark.parametrize(
    ("text", "language", "phrase"),
    [
        ("Sprechen Sie nach dem SIGNALTON.", "de-DE", "nach dem signalton"),
        ("die mailbox\nvon niemand", "de-DE", "mailbox von"),
        ("nach dem signalton", "de-AT", "nach dem signalton"),
        ("leave your message after the tone", "en-GB", "leave your message"),
        ("leave your message after the tone", "en-US", "after the tone"),
        ("nach dem signalton", "en-US", None),
        ("after the tone", None, None),
        ("hello", "de-DE", None),
        ("after the tone", "e", None),
    ],
)
def test_a_phrase_is_found_in_its_language_first_of_the_exact_tag(text, language, phrase):
    assert Hints.parse(FILE).found_in(text, language) == phrase


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "object of languages"),
        ('{"de": "x"}', "de: must be an array"),
        ('{"de": [1]}', "de: must be an array"),
        ('{"de": [" "]}', "de: has an empty phrase"),
    ],
)
def test_a_bad_file_is_named(text, says):
    with pytest.raises(BadHints, match=says):
        Hints.parse(text)


@given(st.text())
def test_any_text_is_phrases_or_an_error(text):
    try:
        found = Hints.parse(text).found_in(text, "en")
    except BadHints:
        found = None

    assert found is None or found in text.casefold()
