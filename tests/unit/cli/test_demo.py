import pytest

from unit.cli.shell import typed


@pytest.mark.timeout(120)
def test_the_demo_places_a_call_that_works_and_shows_it(tmp_path):
    done = typed(tmp_path, "demo", "--oneshot")

    assert done.returncode == 0, done.stdout
    for text in ("201", "ringing", "in-progress", "digits 1", "the call worked", "presses-1"):
        assert text in done.stdout
    assert "✗" not in done.stdout
    assert (tmp_path / "data" / "gateway.log").exists()
