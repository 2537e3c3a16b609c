"""What estimates, sales orders and sales receipts share beyond the other documents."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from connectors.kit.http import Flow, Json
from connectors.kit.mapping import Native, Row, Table, Unmapped
from connectors.kit.operations import Answer, Context, Record
from connectors.zoho_books.control_totals import peek
from connectors.zoho_books.document_resource import Documents


def in_records(rows: Iterable[Row], *unified: str) -> tuple[Row, ...]:
    """The rows, those named only of single records: list rows of this kind lack them."""
    return tuple(replace(row, detail_only=True) if row.unified in unified else row for row in rows)


def lacking(table: Table[Any], why: Mapping[str, str]) -> Table[Any]:
    """The table without a place for some fields: unified name → the reason."""
    rows = (
        Unmapped(unified=row.unified, why=why[row.unified]) if row.unified in why else row
        for row in table.rows
    )
    return Table(table.model, tuple(rows), table.null)


def _people(native: Native) -> list[str]:
    """The addresses of the persons a document is for."""
    for name in ("contact_persons_associated", "contact_persons_details", "contact_person_details"):
        people = native.get(name)
        found = [
            str(each["email"])
            for each in (people if isinstance(people, list) else ())
            if isinstance(each, dict) and each.get("email")
        ]
        if found:
            return found
    return []


class SalesDocuments(Documents):
    """Mailed to the persons they are for, or else to the customer."""

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if self.actions[action].reaches_person and not body.get("to"):
            native: Json = yield from self.fetch(id, ctx, f"read whom the {self.noun} is for")
            to = _people(native)
            if not to and not native.get("email"):
                contact = yield from peek(f"/contacts/{native.get('customer_id')}", "contact", "the customer")
                to = [contact["email"]] if contact is not None and contact.get("email") else []
            body = {**body, "to": to} if to else body
        return (yield from super().act(action, id, body, ctx))
