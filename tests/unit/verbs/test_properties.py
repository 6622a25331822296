from itertools import islice

import pytest
from pydantic import TypeAdapter, ValidationError

from voxgate.verbs.properties import (
    Count,
    HookProperty,
    SecondsOrText,
    Texts,
    is_address,
    rounds,
    shown_url,
)


@pytest.mark.parametrize(("value", "count"), [(3, 3), (3.0, 3), (0, 0)])
def test_json_has_one_kind_of_number(value, count):
    assert TypeAdapter(Count).validate_python(value, strict=True) == count


@pytest.mark.parametrize("value", [-1, 1.5, True, "3", None])
def test_what_is_no_count_is_refused(value):
    with pytest.raises(ValidationError):
        TypeAdapter(Count).validate_python(value, strict=True)


@pytest.mark.parametrize(("value", "seconds"), [("2.5", 2.5), (2, 2.0), ("0", 0.0)])
def test_seconds_may_be_written_as_text_where_the_contract_says_so(value, seconds):
    assert TypeAdapter(SecondsOrText).validate_python(value, strict=True) == seconds


def test_one_text_is_a_list_of_one():
    assert TypeAdapter(Texts).validate_python("a") == ("a",)
    assert TypeAdapter(Texts).validate_python(["a", "b"]) == ("a", "b")


def test_rounds_counts_or_goes_on_for_ever():
    assert list(rounds(2)) == [0, 1]
    assert list(islice(rounds(None), 5)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("value", "method"), [("/x", "POST"), ({"url": "/x", "method": "get"}, "GET")]
)
def test_a_hook_is_a_text_or_an_object(value, method):
    hook = TypeAdapter(HookProperty).validate_python(value, strict=True).hook

    assert (hook.url, hook.method) == ("/x", method)


@pytest.mark.parametrize("value", ["", "  ", {}, {"url": "/x", "method": "PUT"}, 5])
def test_a_hook_without_a_place_or_with_an_odd_method_is_refused(value):
    with pytest.raises(ValidationError):
        TypeAdapter(HookProperty).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://a.example/x.mp3", True),
        ("silence_stream://500", True),
        ("https://a.example is our address", False),
        ("hello", False),
    ],
)
def test_an_address_is_told_from_a_sentence(text, address):
    assert is_address(text) is address


def test_a_shown_url_has_no_credentials_query_or_fragment():
    assert shown_url("https://u:p@a.example:8443/x?k=1#y") == "https://a.example:8443/x"
