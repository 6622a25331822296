import pytest

from voxgate.hooks.reading import decode_json


@pytest.mark.parametrize(("text", "value"), [("[]", []), ('{"a":1.5}', {"a": 1.5}), ("null", None)])
def test_json_is_read(text, value):
    assert decode_json(text) == value


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "-Infinity", "[" * 100_000])
def test_what_is_not_json_is_a_value_error_whatever_python_makes_of_it(text):
    with pytest.raises(ValueError, match=r"JSON|nested|Expecting"):
        decode_json(text)
