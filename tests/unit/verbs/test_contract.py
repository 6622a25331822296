import pytest
from pydantic import ValidationError

from voxgate.verbs.contract import InvalidDocument, SayFailed, Verb, WireObject


class Sample(WireObject):
    some_value: float = 1.0


def test_the_wire_is_camel_case():
    assert Sample.model_validate({"someValue": 2}).some_value == 2


def test_null_counts_as_absent_and_underscore_is_nobodys_business():
    assert Sample.model_validate({"someValue": None, "_": "note"}) == Sample()


@pytest.mark.parametrize(
    "value", [{"someValue": "2"}, {"someValue": True}, {"some_value": 2}, {"other": 1}, [], "x"]
)
def test_anything_else_is_refused(value):
    with pytest.raises(ValidationError):
        Sample.model_validate(value)


def test_a_verb_says_nothing_and_needs_nothing_unless_it_tells():
    plain = Verb(verb="plain")

    assert (plain.facts(), plain.speech(), plain.cautions()) == ({}, (), ())
    assert not plain.wants_early_media


def test_errors_read_as_one_sentence():
    assert str(InvalidDocument(("a", "b"))) == "a; b"
    assert str(SayFailed("acme", "401")) == "text to speech request to acme failed: 401"
