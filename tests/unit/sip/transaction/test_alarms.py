from hypothesis import given
from hypothesis import strategies as st

from voxgate.sip.transaction.alarms import Alarms


def test_alarms_ring_in_order_and_only_when_due():
    alarms, rung = Alarms(), []
    alarms.set(3.0, lambda: rung.append("c"))
    alarms.set(1.0, lambda: rung.append("a"))
    alarms.set(2.0, lambda: rung.append("b"))

    alarms.ring(2.0)

    assert rung == ["a", "b"]
    assert alarms.deadline == 3.0


def test_a_cancelled_alarm_does_not_ring_however_often_it_is_cancelled():
    alarms, rung = Alarms(), []
    alarm = alarms.set(1.0, lambda: rung.append("a"))

    alarm.cancel()
    alarm.cancel()
    alarms.ring(5.0)

    assert rung == []
    assert len(alarms) == 0


def test_an_alarm_set_while_ringing_rings_in_the_same_round_if_it_is_due():
    alarms, rung = Alarms(), []
    alarms.set(1.0, lambda: alarms.set(1.5, lambda: rung.append("second")))

    alarms.ring(2.0)

    assert rung == ["second"]


def test_cancelled_alarms_do_not_pile_up():
    alarms = Alarms()
    kept = alarms.set(1e9, lambda: None)
    for _ in range(20_000):
        alarms.set(1e6, lambda: None).cancel()

    assert len(alarms) == 1
    assert alarms.held < 5_000
    assert kept.action is not None


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans())), st.integers(0, 60))
def test_exactly_the_uncancelled_and_due_ring(plan: list[tuple[int, bool]], now: int):
    alarms, rung = Alarms(), []
    for at, cancelled in plan:
        alarm = alarms.set(at, lambda at=at: rung.append(at))
        if cancelled:
            alarm.cancel()

    alarms.ring(now)

    expected = [at for at, cancelled in plan if not cancelled and at <= now]
    assert rung == sorted(expected)
    assert len(alarms) == sum(not cancelled and at > now for at, cancelled in plan)
