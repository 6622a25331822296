import pytest

from voxgate.sandbox.personas import (
    BUILTIN,
    Persona,
    PersonaBook,
    PersonaFileError,
    TooManyPersonas,
    read_personas,
)
from voxgate.sandbox.script import Script
from voxgate.sandbox.steps import Reject


def test_every_builtin_persona_has_its_own_number_and_name():
    assert len({persona.number for persona in BUILTIN}) == len(BUILTIN)
    assert len({persona.name for persona in BUILTIN}) == len(BUILTIN)


@pytest.mark.parametrize("persona", BUILTIN, ids=lambda persona: persona.name)
def test_a_builtin_script_reads_back_as_it_prints(persona):
    assert Script.parse(str(persona.script)) == persona.script


def test_a_builtin_number_lies_in_the_documented_range():
    assert all(persona.dial.startswith("+150055501") for persona in BUILTIN)


@pytest.mark.parametrize("user", ["+15005550130", "15005550130", "1-500-555-0130"])
def test_a_persona_is_found_however_its_number_is_written(user):
    assert PersonaBook().find(user).name == "busy"


def test_numbers_outside_the_range_are_answered_by_the_human():
    assert PersonaBook().find("+493012345678").name == "human"
    assert PersonaBook().find("alice").name == "human"


def test_a_free_number_in_the_range_is_not_in_service():
    persona = PersonaBook().find("+15005550199")

    assert persona.script.steps == (Reject(404, "No Persona At This Number"),)


def test_an_added_persona_hides_the_builtin_one_until_it_is_removed():
    book = PersonaBook()
    book.add(Persona("15005550130", "friendly", "", Script.parse("answer")))
    assert book.find("+15005550130").name == "friendly"
    assert len(book.all()) == len(BUILTIN)

    assert book.remove("+15005550130")
    assert book.find("+15005550130").name == "busy"
    assert not book.remove("+15005550130")


def test_added_personas_are_bounded():
    book = PersonaBook()
    for number in range(1000):
        book.add(Persona(str(number), "x", "", Script.parse("answer")))

    book.add(Persona("7", "changed", "", Script.parse("answer")))
    with pytest.raises(TooManyPersonas):
        book.add(Persona("1000", "x", "", Script.parse("answer")))


def test_personas_of_ones_own_come_from_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[persona]]\nnumber = "+1 500 555 0170"\nscript = """ring 1s\nanswer\nlisten"""\n'
        'codecs = ["PCMA"]\n'
    )

    persona = read_personas(file)[0]

    assert persona.number == "15005550170"
    assert str(persona.script) == "ring 1s; answer; listen"
    assert persona.codecs == ("PCMA",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "mine.toml"),
        ('persona = "x"', r"\[\[persona\]\]"),
        ('other = 1\n[[persona]]\nnumber = "123"', r"\[\[persona\]\]"),
        ('[[persona]]\nnumber = "12"\nscript = "answer"', "persona 1: number"),
        ('[[persona]]\nnumber = "123"\nscript = "dance"', "persona 1: script"),
        ('[[persona]]\nnumber = "123"\nscript = "answer"\nvoice = "x"', "persona 1: voice"),
    ],
)
def test_a_bad_file_of_personas_names_the_entry(tmp_path, text, says):
    file = tmp_path / "mine.toml"
    file.write_text(text)

    with pytest.raises(PersonaFileError, match=says):
        read_personas(file)
