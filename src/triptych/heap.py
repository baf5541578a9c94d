"""What the C library does with memory that is freed."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h; mallopt(3) says what they do


def keep_freed_memory() -> bool:
    """Let this process use again what it frees, instead of giving it back to the system.

    By default glibc takes a large block from the system each time and returns it when freed. The
    system clears every page of it, so that from some size on a tensor costs the clearing too: a
    timing of many sizes in one process then mixes two things.

    Returns:
        Whether the C library knows how; elsewhere nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: macOS, musl, Windows
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, -1))
