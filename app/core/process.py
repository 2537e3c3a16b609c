"""What a server process asks of its operating system."""

import ctypes
import resource
import sys


def harden() -> None:
    """No core dump and no attaching: the memory of this process holds tokens."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
