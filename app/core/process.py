"""What a server process asks of its operating system."""

import ctypes
import gc
import resource
import sys


def harden() -> None:
    """No core dump and no attaching: the memory of this process holds tokens."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def settle_memory() -> None:
    """Leave what start-up made out of every garbage collection, and collect the rest less often.

    Modules and schemas are half a million objects that live for ever; looking through them took a fifth of a
    busy process's time and stopped every call for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
