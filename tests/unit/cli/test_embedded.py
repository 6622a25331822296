import pytest

from unit.cli.shell import typed


@pytest.mark.timeout(120)
def test_a_call_goes_through_a_gateway_of_its_own_when_none_is_there(tmp_path):
    done = typed(tmp_path, "call", "+15005550130", "--embedded")

    assert done.returncode == 1, done.stdout
    assert "486 Busy Here" in done.stdout
    assert "The callee is busy." in done.stdout
