"""What a document posted: its lines in the general ledger, at /transactions/{id}/journals."""

from collections.abc import Callable
from re import fullmatch

from connectors.kit.compiling import compile_reader
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Request
from connectors.kit.operations import Context, Record
from connectors.kit.paging import merged_query
from connectors.kit.reading import get_path
from connectors.zoho_books.document_resource import IDS
from connectors.zoho_books.journal_lines import LINE

_read = compile_reader(LINE, detail=True)


def posted_as(kind: str) -> Callable[[str, Context], Flow[list[Record]]]:
    """The ledger lines of one record of a kind, as Zoho calls it among transactions."""

    def ledger(id: str, ctx: Context) -> Flow[list[Record]]:
        if not fullmatch(IDS, id):
            raise Fault(Kind.NOT_FOUND, message="no such record", phase="idle")
        query = merged_query((("entity_type", kind),), ctx)
        reply = yield Request("GET", f"/transactions/{id}/journals", query, step="read what it posted")
        lines = get_path(reply.body, "journal.line_items")
        rows = lines if isinstance(lines, list) else []
        return [
            _read(each, ctx, [], f"/{place}") for place, each in enumerate(rows) if isinstance(each, dict)
        ]

    return ledger
