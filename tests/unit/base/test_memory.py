import gc
import subprocess
import sys

import pytest

from voxgate.base.memory import set_what_is_built_aside

# How many blocks glibc has mapped by themselves, after one larger block came and went.
MAPPED = """
import ctypes, sys
from voxgate.base.memory import give_back_large_blocks
libc = ctypes.CDLL(None)
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks "
                "fsmblks uordblks fordblks keepcost".split()]
libc.mallinfo2.restype, libc.malloc.restype = Info, ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
if "set" in sys.argv:
    give_back_large_blocks()
libc.free(libc.malloc(4 << 20))
before = libc.mallinfo2().hblks
blocks = [libc.malloc(1 << 20) for _ in range(8)]
print(libc.mallinfo2().hblks - before)
"""


def mapped(*arguments: str) -> int:
    command = [sys.executable, "-c", MAPPED, *arguments]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about glibc")
def test_large_blocks_stay_out_of_the_heaps_whatever_was_freed_before():
    assert mapped("set") == 8
    assert mapped() == 0  # without it the heap keeps them, or this test shows nothing


def test_what_is_there_is_looked_at_no_more_and_the_collector_still_works():
    before = gc.get_threshold()
    try:
        set_what_is_built_aside()
        assert gc.get_freeze_count() > 0
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
