from unit.verbs.fakes import FakeCall, run
from voxgate.verbs.contract import NEXT, Need
from voxgate.verbs.leave import Leave


class Rooms:
    left = 0

    def leave(self):
        self.left += 1


def test_leave_gives_up_the_place_and_answers_nothing():
    call = FakeCall()
    call.rooms = Rooms()

    assert run(Leave(), call) is NEXT

    assert call.rooms.left == 1
    assert Leave.needs is Need.NOTHING
