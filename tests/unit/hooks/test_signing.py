import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxgate.hooks.signing import compact_json, signature

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_the_check_vector_of_the_contract():
    body = compact_json({"a": 1})

    expected = hmac.new(b"s3cret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert body == b'{"a":1}'
    assert signature("s3cret", body, now=1700000000.9) == f"t=1700000000,v1={expected}"


def test_without_a_body_null_is_signed():
    expected = hmac.new(b"k", b"5.null", hashlib.sha256).hexdigest()

    assert signature("k", b"", now=5.0) == f"t=5,v1={expected}"


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"b": 1, "a": [True, None]}, '{"b":1,"a":[true,null]}'),
        ({"name": "Jürgen 電話"}, '{"name":"Jürgen 電話"}'),
        ({"text": 'a"\\/\b\f\n\r\t\x01\x7f'}, '{"text":"a\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f"}'),
        ({"half": "\ud83d"}, '{"half":"\\ud83d"}'),
    ],
)
def test_the_body_is_what_javascript_would_write(value, body):
    assert compact_json(value).decode() == body


@settings(max_examples=60, deadline=None)
@given(values)
def test_whatever_is_sent_can_be_read_again(value):
    assert json.loads(compact_json(value)) == value
