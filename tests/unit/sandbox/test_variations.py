import pytest

from voxgate.sandbox.personas import PersonaBook
from voxgate.sandbox.script import Script
from voxgate.sandbox.variations import Answering, number_of, script_of, variation


@pytest.mark.parametrize("kind", Answering, ids=lambda kind: kind.title)
def test_every_seed_is_a_script_of_its_own_and_always_the_same(kind):
    scripts = [str(variation(kind, seed)) for seed in range(50)]

    assert scripts == [str(variation(kind, seed)) for seed in range(50)]
    # Silence varies in nothing but its noise.
    assert len(set(scripts)) > (1 if kind is Answering.SILENCE else 40)
    assert all(str(Script.parse(script)) == script for script in scripts)


def test_a_variation_is_dialled_by_kind_and_seed():
    number = number_of(Answering.VOICEMAIL, 42)

    assert number == "15005563042"
    assert script_of(number) == (Answering.VOICEMAIL, variation(Answering.VOICEMAIL, 42))
    assert str(PersonaBook().find(f"+{number}").script) == str(variation(Answering.VOICEMAIL, 42))


@pytest.mark.parametrize("number", ["15005550120", "1500556300", "150055630000", "15005573000"])
def test_other_numbers_are_no_variations(number):
    assert script_of(number) is None
