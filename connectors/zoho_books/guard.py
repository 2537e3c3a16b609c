"""Zoho's last word before a write, and what its refusals mean."""

from connectors.kit.faults import Fault
from connectors.kit.guarding import Guard, Intent
from connectors.kit.http import Flow
from connectors.zoho_books import dependents, locking


def _explain(intent: Intent, fault: Fault) -> Flow[None]:
    yield from locking.explain(intent, fault)
    yield from dependents.explain(intent, fault)


GUARD = Guard(locking.check, _explain, locking.COST)
