import pytest

from voxgate.flow.transcripts import Transcripts
from voxgate.verbs.contract import NotNow


class Paused:
    def __init__(self) -> None:
        self.states: list[bool] = []

    def pause(self, *, paused: bool) -> None:
        self.states.append(paused)


def test_all_that_run_are_paused_and_resumed():
    transcripts, first, second = Transcripts(), Paused(), Paused()
    transcripts.add(first)
    transcripts.add(second)

    transcripts.pause(paused=True)
    transcripts.remove(second)
    transcripts.pause(paused=False)

    assert (first.states, second.states) == ([True, False], [True])


def test_none_is_no_state_to_pause_anything_in():
    with pytest.raises(NotNow, match="nothing is transcribed"):
        Transcripts().pause(paused=True)
