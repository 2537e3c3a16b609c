"""Files attached to records: /…/attachment, /…/documents/{id}, and the receipt of an expense.

There is no list of files: a record tells its own. Only some records give and remove a file by its id; at the
others `/attachment` is the newest file.
"""

from dataclasses import dataclass
from typing import Any

from connectors.kit.attachments import MEDIA, Attachments, Parent, Upload
from connectors.kit.codec import ID, INTEGER, TEXT
from connectors.kit.faults import Conflict, Fault, Kind
from connectors.kit.http import File, Flow, Json, Reply, Request
from connectors.kit.mapping import Native, Row, Table, computed, field, names, unmapped
from connectors.kit.operations import Answer, Context, Record
from connectors.kit.paging import merged_query, object_of
from unified_models.attachments import AttachedFile, Attachment

attachment = names(Attachment)

RECEIPT = "receipt"
"""Id of the receipt of an expense that lists no file for it."""

BY_ID = frozenset({"contact", "credit_note", "invoice"})
"""Parents whose files the specification gives and removes by id."""

PARENTS = {
    "bill": Parent(resource="bills", path="/bills", one="bill"),
    "contact": Parent(resource="contacts", path="/contacts", one="contact"),
    "credit_note": Parent(resource="credit_notes", path="/creditnotes", one="creditnote"),
    "expense": Parent(resource="expenses", path="/expenses", one="expense"),
    "invoice": Parent(resource="invoices", path="/invoices", one="invoice"),
    "journal_entry": Parent(resource="journal_entries", path="/journals", one="journal", gives=False),
    "purchase_order": Parent(resource="purchase_orders", path="/purchaseorders", one="purchaseorder"),
    "sales_order": Parent(resource="sales_orders", path="/salesorders", one="salesorder"),
}


def _media(native: Native, ctx: Context) -> str | None:
    told = str(native.get("file_type") or native.get("file_name") or "").rpartition(".")[2].lower()
    return MEDIA.get(told, native.get("file_type") or None)


TABLE = Table(
    Attachment,
    (
        field(attachment.id, "document_id", ID),
        unmapped(attachment.created_at, "does not tell when a file was attached"),
        unmapped(attachment.updated_at, "does not tell when a file was attached"),
        field(attachment.file_name, "file_name", TEXT),
        field(attachment.file_size, "file_size", INTEGER),
        computed(attachment.file_type, _media, uses=("file_type", "file_name")),
        computed(attachment.parent, lambda native, ctx: native.get("parent")),
        computed(attachment.file_url, lambda native, ctx: None),
        unmapped(attachment.custom_fields, "has no custom fields on files"),
        unmapped(attachment.tracking_categories, "puts reporting tags on transactions, not on files"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Files(Attachments):
    """Files by the record they are attached to."""

    def attached(self, type: str, id: str, ctx: Context) -> Flow[list[Answer]]:
        record = yield from self._parent(type, id, ctx)
        return [self._file(each, type, id, ctx) for each in files_of(record)]

    def attach(self, type: str, id: str, file: Upload, ctx: Context) -> Flow[Answer]:
        path, word = self._at(type, id), "attachment"
        if type == "expense":
            record = yield from self._parent(type, id, ctx)
            word = "attachment" if record.get("expense_receipt_name") else RECEIPT
        sent = File(word, file.name, MEDIA[file.ending], file.content)
        reply = yield Request(
            "POST", f"{path}/{word}", merged_query((), ctx), files=(sent,), step="attach the file"
        )
        found = _named(_listed(reply.body), file.name)
        if found is None:
            found = _named(files_of((yield from self._parent(type, id, ctx))), file.name)
        answer = self._file(found or {"document_id": RECEIPT, "file_name": file.name}, type, id, ctx)
        answer.outcome = "created"
        return answer

    def detach(self, type: str, id: str, attachment: str, ctx: Context) -> Flow[str]:
        path = yield from self._path(type, id, attachment, ctx)
        yield Request("DELETE", path, merged_query((), ctx), step="remove the file")
        return attachment

    def content(self, type: str, id: str, attachment: str, ctx: Context) -> Flow[Reply]:
        path = yield from self._path(type, id, attachment, ctx)
        return (yield Request("GET", path, merged_query((), ctx), expect="bytes", step="read the file"))

    def _path(self, type: str, id: str, attachment: str, ctx: Context) -> Flow[str]:
        """Where one file is. The only file of a record that gives none by id is its `/attachment`."""
        path = self._at(type, id)
        if not self.parents[type].gives:
            detail = f"Zoho Books takes and lists files of a {type}, but neither gives nor removes them"
            raise Conflict("not_implemented", detail)
        if attachment == RECEIPT and type == "expense":
            return f"{path}/{RECEIPT}"
        if not attachment.isascii() or not attachment.isdecimal():
            raise Fault(Kind.NOT_FOUND, message="no such file", phase="idle")
        if type in BY_ID:
            return f"{path}/documents/{attachment}"
        record = yield from self._parent(type, id, ctx)
        files = files_of(record)
        found = next((each for each in files if str(each.get("document_id")) == attachment), None)
        if found is None:
            raise Fault(Kind.NOT_FOUND, message="no such file", phase="idle")
        receipt = record.get("expense_receipt_name") or (
            files[0].get("file_name") if len(files) == 1 else None
        )
        if type == "expense" and found.get("file_name") == receipt:
            return f"{path}/{RECEIPT}"
        return f"{path}/attachment" if len(files) == 1 else f"{path}/documents/{attachment}"

    def _at(self, type: str, id: str) -> str:
        if not id.isascii() or not id.isdecimal() or len(id) > 24:
            raise Fault(Kind.NOT_FOUND, message="no such record", phase="idle")
        return f"{self.parents[type].path}/{id}"

    def _parent(self, type: str, id: str, ctx: Context) -> Flow[Native]:
        one = self.parents[type].one
        reply = yield Request(
            "GET", self._at(type, id), merged_query((), ctx), step=f"read the {type} for its files"
        )
        found = object_of(reply.body, one)
        if found is None:
            raise Fault(Kind.GARBLED, reply.status, message=f"the answer has no {one!r}")
        return found

    def _file(self, native: Native, type: str, id: str, ctx: Context) -> Answer:
        answer = self.read({**native, "parent": {"type": type, "id": id}}, ctx)
        answer.native = native
        return answer

    def describe(self) -> dict[str, Any]:
        kinds = {"parents": sorted(self.parents), "kinds": list(self.kinds), "largest": self.most}
        kinds["not_given"] = list(self.keeping)
        return {**super().describe(), **kinds}


def files_of(record: Native) -> list[Native]:
    """The files a record tells; the receipt of an expense too, where it is not among them."""
    found = _listed(record)
    name = record.get("expense_receipt_name")
    if name and _named(found, name) is None:
        kind = record.get("expense_receipt_type")
        found.append({"document_id": RECEIPT, "file_name": name, "file_type": kind})
    return found


def told(native: Native, ctx: Context) -> list[Record]:
    """The files of a record as the record itself shows them."""
    if not native.get("documents") and not native.get("expense_receipt_name"):
        return []
    return [
        {
            "id": str(each["document_id"]),
            "file_name": each.get("file_name") or None,
            "file_size": INTEGER.read(each["file_size"]) if each.get("file_size") else None,
            "file_type": _media(each, ctx),
        }
        for each in files_of(native)
    ]


def files_row(unified: list[AttachedFile] | None, *more: str) -> Row:
    """`more` are the native keys beside `documents` that tell of a file."""
    needs = ("documents", "expense_receipt_name")
    return computed(unified, told, uses=("documents", *more), needs=needs, detail_only=True)


def _listed(body: Json) -> list[Native]:
    listed = body.get("documents") if isinstance(body, dict) else None
    rows = listed if isinstance(listed, list) else []
    return [each for each in rows if isinstance(each, dict) and each.get("document_id")]


def _named(files: list[Native], name: Any) -> Record | None:
    """The newest file of a name."""
    return next((each for each in files if each.get("file_name") == name), None)


RESOURCE = Files(
    name="attachments",
    path="/documents",
    one="document",
    many="documents",
    table=TABLE,
    methods=frozenset({"list"}),
    parents=PARENTS,
    most=10 * 1024 * 1024,
    kinds=tuple(MEDIA),
)
