from itertools import pairwise

from voxgate.records.lanes import Lane


def key(number):
    return (f"call-{number:04}", "status")


def lane(*, in_flight_most=2, waiting_most=1000, expires_s=86400.0):
    return Lane(
        "http://app.example",
        in_flight_most=in_flight_most,
        waiting_most=waiting_most,
        expires_s=expires_s,
    )


def test_only_so_many_are_in_flight_and_each_that_is_over_makes_room():
    host = lane(in_flight_most=2)
    for number in range(4):
        host.put(key(number), due=0.0)

    first = list(host.take(now=1.0))
    full = list(host.take(now=1.0))
    host.free()
    after = list(host.take(now=1.0))

    assert (first, full, after) == ([key(0), key(1)], [], [key(2)])


def test_nothing_is_taken_before_it_is_due_and_the_lane_says_when_to_look():
    host = lane()
    host.put(key(1), due=20.0)
    host.put(key(2), due=10.0)

    assert list(host.take(now=9.9)) == []
    assert host.next_look() == 10.0
    assert list(host.take(now=10.0)) == [key(2)]
    assert host.next_look() == 20.0


def test_a_host_where_nobody_answered_three_times_gets_single_probes_ever_rarer():
    host = lane(in_flight_most=10)
    for number in range(20):
        host.put(key(number), due=0.0)

    taken = []
    now = 0.0
    for _ in range(6):
        batch = list(host.take(now))
        for _each in batch:
            host.missed(now)
            host.free()
        taken.append((round(now), len(batch)))
        now = host.next_look()

    assert taken[0] == (0, 10)
    assert [count for _, count in taken[1:]] == [1, 1, 1, 1, 1]
    pauses = [later - earlier for (earlier, _), (later, _) in pairwise(taken[1:])]
    assert pauses == sorted(pauses)
    assert max(pauses) <= 30


def test_one_answer_lifts_the_restriction():
    host = lane(in_flight_most=10)
    for number in range(5):
        host.put(key(number), due=0.0)
    for _ in range(3):
        host.missed(0.0)
    assert host.is_down

    probe = list(host.take(now=1.0))
    host.reached()
    host.free()

    assert probe == [key(0)]
    assert len(list(host.take(now=1.0))) == 4


def test_what_waited_too_long_comes_out_although_the_host_is_down():
    host = lane(expires_s=100.0)
    for _ in range(10):
        host.missed(0.0)
    host.put(key(1), due=0.0)
    host.put(key(2), due=99.0)
    host.missed(95.0)

    assert list(host.take(now=99.5)) == []
    assert host.next_look() == 100.0
    assert list(host.take(now=100.0)) == [key(1)]


def test_a_full_lane_says_so_and_remembers_that_more_is_on_disk():
    host = lane(waiting_most=1)

    assert host.put(key(1), due=0.0)
    assert not host.put(key(2), due=0.0)
    assert host.spilled
