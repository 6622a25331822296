import pytest

from voxgate.routing.failover import AttemptFailed, Silence, may_try_next


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 580, *Silence])
def test_a_fault_of_the_trunk_moves_on_while_nothing_rang(status):
    assert may_try_next(AttemptFailed(status), anything_rang=False)
    assert not may_try_next(AttemptFailed(status), anything_rang=True)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 480, 486, 487, 488, 600, 603, 606, 608])
def test_a_person_or_a_refusal_is_never_tried_twice(status):
    assert not may_try_next(AttemptFailed(status), anything_rang=False)
