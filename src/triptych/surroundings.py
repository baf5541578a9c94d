"""Where the machine failed and not the code: room, permission, memory."""

import errno

_CONTINUE = "then give the same command again: training continues from its checkpoint"
_SURROUNDINGS = {
    errno.ENOSPC: f"expected room to write, found a full disk; free some space, {_CONTINUE}",
    errno.EDQUOT: f"expected room to write, found the quota used up; free some space, {_CONTINUE}",
    errno.EROFS: f"expected a folder to write to, found a read-only file system; {_CONTINUE}",
    errno.EACCES: f"expected permission, found none; correct the file's owner or mode, {_CONTINUE}",
    errno.EPERM: f"expected permission, found none; correct the file's owner or mode, {_CONTINUE}",
    errno.EIO: f"expected a working disk, found an input/output error; check it, {_CONTINUE}",
}
_NO_MEMORY = (  # words of torch, on the CPU and on a GPU, of C++ and of the loader of libraries
    "can't allocate memory", "out of memory", "bad_alloc", "cannot allocate memory",
    "failed to map segment",
)  # fmt: skip
_MEMORY = (
    "expected enough memory, found none left; ask for more (mem_mb of the rule, "
    f"`--set-resources train:mem_mb=...`) or run fewer jobs at once, {_CONTINUE}"
)


def explain(error: BaseException) -> str | None:
    """What a user is told of an error that the surroundings caused; None of any other.

    Libraries raise a full disk and exhausted memory as errors of their own kinds, which only their
    words give away.
    """
    words = str(error).lower()
    if isinstance(error, MemoryError) or any(sign in words for sign in _NO_MEMORY):
        return _MEMORY
    number = error.errno if isinstance(error, OSError) else None
    if number is None and "no space left on device" in words:
        number = errno.ENOSPC
    if number == errno.ENOMEM:
        return _MEMORY
    if number not in _SURROUNDINGS:
        return None
    named = getattr(error, "filename", None)
    return f"{named}: {_SURROUNDINGS[number]}" if named else _SURROUNDINGS[number]
