"""How far a write got, seen from beside its flow."""

from dataclasses import dataclass
from typing import TypeVar

from connectors.kit.faults import Fault
from connectors.kit.http import Flow

T = TypeVar("T")


@dataclass(slots=True)
class Progress:
    """`sent` counts writing requests handed to the gateway, `answered` those that came back good."""

    sent: int = 0
    answered: int = 0


def watched(flow: Flow[T], progress: Progress) -> Flow[T]:
    """`flow`, its writing requests counted."""
    try:
        request = next(flow)
        while True:
            progress.sent += not request.is_read
            try:
                reply = yield request
            except Fault as fault:
                request = flow.throw(fault)
            else:
                progress.answered += not request.is_read
                request = flow.send(reply)
    except StopIteration as done:
        return done.value
    finally:
        flow.close()
