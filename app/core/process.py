"""A process of ours: what it asks of its operating system, and that it may not be able to start."""

import ctypes
import gc
import resource
import sys

_FILES = 8192


class NotReady(Exception):
    """A process cannot start here. The message says which command helps."""


def harden() -> None:
    """No core dump and no attaching: the memory of this process holds tokens."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def open_files() -> int:
    """How many files and sockets this process may hold, after asking for as many as `_FILES`."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES:
        soft = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
    return _FILES if soft == resource.RLIM_INFINITY else soft


def settle_memory() -> None:
    """Leave what start-up made out of every garbage collection, and collect the rest less often.

    Modules and schemas are half a million objects that live for ever; looking through them took a fifth of a
    busy process's time and stopped every call for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
