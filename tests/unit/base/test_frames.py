import subprocess
import sys

from voxgate.base.frames import DONE, REFUSED

CHILD = """
import sys
sys.path[:] = sys.argv[1].split("|")
from unit.base.child import main
main()
"""


def frame(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def test_a_child_tells_that_it_is_ready_answers_and_leaves_with_its_parent():
    asked = frame(b"hello") + frame(b"refuse reason")

    child = subprocess.run(
        [sys.executable, "-c", CHILD, "|".join(sys.path)],
        input=asked,
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert child.stdout == (
        frame(bytes([DONE])) + frame(bytes([DONE]) + b"HELLO") + frame(bytes([REFUSED]) + b"reason")
    )


def test_a_request_cut_short_by_the_parents_death_is_not_answered():
    child = subprocess.run(
        [sys.executable, "-c", CHILD, "|".join(sys.path)],
        input=frame(b"hello")[:-2],
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert child.stdout == frame(bytes([DONE]))
