import pytest

from voxgate.sip.dialog.reply import reason_of


@pytest.mark.parametrize(("status", "reason"), [
    (180, "Ringing"),
    (486, "Busy Here"),
    (699, "Busy Everywhere"),
    (299, "OK"),
    (199, "Trying"),
])  # fmt: skip
def test_a_status_without_words_of_its_own_gets_those_of_its_class(status: int, reason: str):
    assert reason_of(status) == reason
