"""The queues there are. A job's queue says how many of its kind run at once and how soon one is noticed."""

from dataclasses import dataclass

ORDINARY = 10
"""The priority of a job nobody said anything about; the lower, the sooner."""


@dataclass(frozen=True)
class Queue:
    """One queue.

    at_once  jobs a single process runs at the same time
    poll     seconds between two looks; about as long a job waits before it begins
    serial   jobs of one partition (an account, say) run one after the other, over all processes
    """

    name: str
    at_once: int
    poll: float
    serial: bool


SYNC = Queue("sync", at_once=50, poll=1.0, serial=True)
REREAD = Queue("reread", at_once=20, poll=0.5, serial=True)
DELIVER = Queue("deliver", at_once=20, poll=0.5, serial=True)
MAINT = Queue("maint", at_once=4, poll=5.0, serial=False)

QUEUES = (SYNC, REREAD, DELIVER, MAINT)
