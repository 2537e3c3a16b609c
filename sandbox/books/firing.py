"""Which webhooks a change fires, and with what record."""

from collections.abc import Callable
from dataclasses import dataclass

from .automation import RULE_TYPES, webhooks_of
from .call import Row
from .ledger import Ledger
from .modules import BY_TABLE, MODULES, Module

Show = Callable[[str], Row | None]
"""The answer to GET of a path; None when there is no such record."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One webhook due. `payload` is `{wrapper: record as its GET shows it}`, of a deleted one as it showed it last.

    `webhook` is a copy: later changes do not alter what was fired. `is_over_quota` says that the organisation
    has fired as many as it may in a day.
    """

    entity: str
    event: str
    record_id: str
    workflow_id: str
    webhook: Row
    payload: Row
    retries: tuple[float, ...] = ()
    is_over_quota: bool = False


def shown(show: Show, table: str, record_id: str) -> Row | None:
    """A record of a table that has a module, as its GET shows it now."""
    module = BY_TABLE[table]
    answer = show(f"{module.path}/{record_id}")
    return None if answer is None else answer[module.wrapper]


def due(ledger: Ledger, show: Show) -> list[Firing]:
    """What the changes since the last time fire; they are forgotten."""
    changes, ledger.changes = ledger.changes, {}
    found: list[Firing] = []
    rules = [rule for rule in ledger.tables["workflows"].all() if rule["is_active"]]
    for (table, record_id), (event, record, last) in changes.items():
        for rule in rules:
            module = MODULES[rule["entity"]]
            if (
                module.table != table
                or event not in RULE_TYPES[rule["rule_type"]]
                or not module.takes(record)
            ):
                continue
            for webhook_id in webhooks_of(rule):
                webhook = ledger.tables["webhooks"].rows[webhook_id]
                face = last if event == "delete" else shown(show, table, record_id)
                found.append(_firing(ledger, webhook, module, event, record_id, rule["workflow_id"], face))
    return found


def by_hand(ledger: Ledger, webhook_id: str, record_id: str, show: Show) -> Firing:
    """A webhook fired for a record, whatever the rules say; of one that is gone it tells only the id.

    Raises KeyError when there is no such webhook.
    """
    webhook = ledger.tables["webhooks"].rows[webhook_id]
    module = MODULES[webhook["entity"]]
    event = "edit" if record_id in ledger.tables[module.table].rows else "delete"
    return _firing(ledger, webhook, module, event, record_id, "", shown(show, module.table, record_id))


def _firing(
    ledger: Ledger,
    webhook: Row,
    module: Module,
    event: str,
    record_id: str,
    workflow_id: str,
    face: Row | None,
) -> Firing:
    record = {ledger.tables[module.table].key: record_id} if face is None else face
    limits = ledger.allowances
    today, fired = ledger.today(), ledger.fired
    count = fired[1] + 1 if fired[0] == today else 1
    over = limits.webhooks_per_day is not None and count > limits.webhooks_per_day
    ledger.fired = (today, count)
    return Firing(
        webhook["entity"],
        event,
        record_id,
        workflow_id,
        dict(webhook),
        {module.wrapper: record},
        limits.retries,
        over,
    )
