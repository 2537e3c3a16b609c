"""Files that are not there."""

from datetime import UTC, datetime

import pytest

from sandbox.books import Books, Call, Profile


@pytest.mark.parametrize("collection", ["invoices", "contacts", "creditnotes"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_file_that_is_not_there_is_refused(collection: str, method: str) -> None:
    books = Books(
        Profile(organization_id="1", name="Files"), lambda: datetime(2026, 6, 1, tzinfo=UTC), seed="furnished"
    )
    listed = books.handle(Call("GET", f"/{collection}", (), {}, None)).body
    assert listed is not None
    [record] = [row for row in listed[collection] if not row["has_attachment"]][:1]
    id = record[
        {"invoices": "invoice_id", "contacts": "contact_id", "creditnotes": "creditnote_id"}[collection]
    ]
    for known in (id, "999"):
        answer = books.handle(Call(method, f"/{collection}/{known}/documents/0", (), {}, None))
        assert answer.status == 404
