import pytest

from voxgate.base.clock import SystemClock, iso


@pytest.mark.parametrize(
    ("wall_s", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1700000000.0, "2023-11-14T22:13:20.000Z"),
        (1700000000.9996, "2023-11-14T22:13:20.999Z"),
    ],
)
def test_times_are_written_in_utc_with_milliseconds(wall_s, text):
    assert iso(wall_s) == text


def test_the_system_clock_s_monotonic_reading_never_goes_back():
    clock = SystemClock()

    readings = [clock.monotonic() for _ in range(1000)]

    assert readings == sorted(readings)
    assert clock.wall() > 1_700_000_000
