"""How a process that runs for months keeps its memory: garbage collection and the C allocator."""

import ctypes
import gc
import sys

# glibc's <malloc.h>.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 128 * 1024
_ARENAS = 2


def give_back_large_blocks() -> None:
    """Have sounds and other large blocks returned to the system as soon as they are freed.

    By default glibc learns from each large block that is freed to keep the next ones in its heaps, one
    of which belongs to nearly every thread; these then grow for hours, full of holes. Does nothing with
    another C library. Call it before threads are started.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_ARENA_MAX, _ARENAS)


def set_what_is_built_aside() -> None:
    """Call it once everything that lives as long as the process is there.

    No collection looks at it again. Ended calls are freed without the collector (decision 9), which
    only has to look for what libraries leave behind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
