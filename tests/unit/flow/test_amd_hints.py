import os

from voxgate.flow.amd_hints import HintsFile
from voxgate.testing.virtual_time import ManualClock


def write(path, text: str, at: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))


def test_without_a_file_there_are_no_phrases():
    assert HintsFile(None, ManualClock()).current().phrases == {}


def test_a_file_is_read_again_a_minute_later_if_it_has_changed(tmp_path):
    path, clock = tmp_path / "hints.json", ManualClock()
    write(path, '{"en": ["after the tone"]}', 1)
    file = HintsFile(path, clock)
    assert file.current().phrases == {"en": ("after the tone",)}

    write(path, '{"en": ["at the beep"]}', 2)

    assert file.current().phrases == {"en": ("after the tone",)}
    clock.advance(60)
    assert file.current().phrases == {"en": ("at the beep",)}


def test_a_file_that_cannot_be_used_leaves_the_phrases_of_before(tmp_path):
    path, clock = tmp_path / "hints.json", ManualClock()
    write(path, '{"en": ["after the tone"]}', 1)
    file = HintsFile(path, clock)
    before = file.current()

    write(path, "{", 2)
    clock.advance(60)
    assert file.current() == before
    path.unlink()
    clock.advance(60)
    assert file.current() == before
