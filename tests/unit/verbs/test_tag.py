from unit.verbs.fakes import FakeCall, run, verb
from voxgate.verbs.contract import NEXT


def test_tag_hands_over_the_data_as_it_came_nulls_and_all():
    call = FakeCall()
    data = {"customerId": 77, "nested": {"none": None, "_": 1}}

    assert run(verb("tag", data=data), call) is NEXT
    assert call.tags == [data]
