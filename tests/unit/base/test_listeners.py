from voxgate.base.listeners import Listeners


def test_all_are_told_in_order_until_they_stop():
    told: list[tuple[str, int]] = []
    listeners = Listeners[[int]]()
    stop = listeners.add(lambda n: told.append(("a", n)))
    listeners.add(lambda n: told.append(("b", n)))

    listeners.tell(1)
    stop()
    stop()
    listeners.tell(2)

    assert told == [("a", 1), ("b", 1), ("b", 2)]


def test_the_same_listener_twice_is_told_twice_and_stops_by_itself():
    told: list[int] = []
    listeners = Listeners[[int]]()
    stop = listeners.add(told.append)
    listeners.add(told.append)

    listeners.tell(1)
    stop()
    listeners.tell(2)

    assert told == [1, 1, 2]


def test_one_that_stops_another_while_all_are_told():
    told: list[int] = []
    listeners = Listeners[[int]]()
    listeners.add(lambda _n: stop())
    stop = listeners.add(told.append)

    listeners.tell(1)
    listeners.tell(2)

    assert told == [1]


def test_nobody_is_told_after_clear_and_stopping_is_still_safe():
    told: list[int] = []
    listeners = Listeners[[int]]()
    stop = listeners.add(told.append)

    listeners.clear()
    listeners.tell(1)
    stop()

    assert not told
