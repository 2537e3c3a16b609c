"""Files attached to records: up, down and away, by the record or by the document."""

from dataclasses import dataclass

from . import (
    bills,
    contacts,
    credit_notes,
    estimates,
    expenses,
    invoices,
    journals,
    purchase_orders,
    sales_receipts,
    salesorders,
    vendor_credits,
    vendor_payments,
)
from .call import Answer, Call, Refused, Row, Upload, done, missing
from .expense_views import receipt_of
from .ledger import Ledger
from .resource import Handle, Resource, Route

KINDS = ("gif", "png", "jpeg", "jpg", "bmp", "pdf", "xls", "xlsx", "doc", "docx", "xml", "csv", "txt")
LARGEST = 10 * 1024 * 1024


def read_file(call: Call, field: str = "attachment") -> Upload:
    """The file of a multipart body under that name, of a known kind and at most 10 MB."""
    for upload in call.files:
        if upload.field == field:
            break
    else:
        raise missing(field)
    if upload.name.rpartition(".")[2].lower() not in KINDS:
        raise Refused(1007, "This file type is not supported.")
    if len(upload.content) > LARGEST:
        raise Refused(1007, "The size of the file must be less than 10 MB.")
    return upload


def store(ledger: Ledger, record_id: str, upload: Upload, **more: bool) -> Row:
    """Keeps the file; the latest comes first."""
    row: Row = {
        "document_id": ledger.ids.take_beside(record_id),
        "file_name": upload.name,
        "file_type": upload.name.rpartition(".")[2].lower(),
        "file_size": len(upload.content),
        "can_send_in_mail": False,
        "media_type": upload.media_type or "application/octet-stream",
        "content": upload.content,
        **more,
    }
    ledger.attachments.setdefault(record_id, []).insert(0, row)
    return row


def given(row: Row) -> Answer:
    """The file itself."""
    headers = {"content-disposition": f'attachment; filename="{row["file_name"]}"'}
    return Answer(200, headers=headers, content=row["content"], media_type=row["media_type"])


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one resource and what is said about them. `status` is the one of an upload."""

    resource: Resource
    attached: str = "The document has been attached."
    detached: str = "The attachment has been deleted."
    removed: str = "The document has been deleted."
    preferred: str = "success"
    status: int = 200
    reading: str = ""

    def _attach(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        record = self.resource.find(ledger, ids[0])
        row = store(ledger, ids[0], read_file(call), can_send_in_mail=call.flag("can_send_in_mail"))
        ledger.tables[self.resource.table].changed(record)
        shown = {key: row[key] for key in ("document_id", "file_name", "file_type", "file_size")}
        answer = done(self.attached, documents=[shown])
        answer.status = self.status
        return answer

    def _first(self, ledger: Ledger, ids: tuple[str, ...]) -> Row:
        self.resource.find(ledger, ids[0])
        files = ledger.attachments.get(ids[0])
        if not files:
            raise Refused(1002, "Attachment does not exist.", 404)
        return files[0]

    def _download(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        return given(self._first(ledger, ids))

    def _prefer(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        self._first(ledger, ids)["can_send_in_mail"] = call.flag("can_send_in_mail")
        return done(self.preferred)

    def _detach(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        self._first(ledger, ids)
        del ledger.attachments[ids[0]]
        ledger.tables[self.resource.table].changed(self.resource.find(ledger, ids[0]))
        return done(self.detached)

    def _document(self, ledger: Ledger, ids: tuple[str, ...]) -> Row:
        self.resource.find(ledger, ids[0])
        for row in ledger.attachments.get(ids[0], []):
            if row["document_id"] == ids[1]:
                return row
        raise Refused(1002, "Document does not exist.", 404)

    def _get_document(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        return given(self._document(ledger, ids))

    def _prefer_document(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        self._document(ledger, ids)["can_send_in_mail"] = call.flag("can_send_in_mail")
        return done(self.preferred)

    def _delete_document(self, ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        document = self._document(ledger, ids)  # refuses what is not there before the list is reached for
        ledger.attachments[ids[0]].remove(document)
        if not ledger.attachments[ids[0]]:
            del ledger.attachments[ids[0]]
        ledger.tables[self.resource.table].changed(self.resource.find(ledger, ids[0]))
        return done(self.removed)

    def routes(self) -> list[Route]:
        path, area = self.resource.path, self.resource.area

        def one(method: str, end: str, verb: str, handle: Handle) -> Route:
            return Route(method, f"{path}/{{}}/{end}", f"{area}.{verb}", handle)

        found = [
            one("POST", "attachment", "CREATE", self._attach),
            one("GET", "attachment", "READ", self._download),
            one("PUT", "attachment", "UPDATE", self._prefer),
            one("DELETE", "attachment", "DELETE", self._detach),
            one("PUT", "documents/{}", "UPDATE", self._prefer_document),
            one("DELETE", "documents/{}", "DELETE", self._delete_document),
        ]
        scope = self.reading or f"{area}.READ"
        return [*found, Route("GET", f"{path}/{{}}/documents/{{}}", scope, self._get_document)]


FILES = (
    Files(
        invoices.RESOURCE,
        attached="Your file has been successfully attached to the invoice.",
        detached="Your file is no longer attached to the invoice.",
        removed="The document has been deleted successfully.",
        preferred="Invoice information has been updated.",
    ),
    Files(contacts.RESOURCE, attached="success", detached="success", removed="success"),
    Files(estimates.RESOURCE),
    Files(
        salesorders.RESOURCE,
        attached="Your file has been successfully attached to the sales order.",
        detached="Your file is no longer attached to the sales order.",
        preferred="Sales Oder Updated Successfully.",
        status=201,
    ),
    Files(
        journals.RESOURCE,
        attached="Your file has been successfully attached to the journal.",
        status=201,
    ),
    Files(bills.RESOURCE, status=201),
    Files(purchase_orders.RESOURCE, preferred="Purchase Order has been updated.", status=201),
    Files(credit_notes.RESOURCE, preferred="The document has been updated.", reading="invoices.READ"),
    Files(vendor_credits.RESOURCE),
    Files(vendor_payments.RESOURCE),
    Files(sales_receipts.RESOURCE),
    Files(expenses.RESOURCE, attached="The expense attachment has been attached."),
)
"""The specification names some of these paths for some resources; all resources answer all of them."""


def _attach_receipt(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    expense = expenses.RESOURCE.find(ledger, ids[0])
    upload = read_file(call, "receipt")
    kept = [one for one in ledger.attachments.get(ids[0], []) if not one.get("is_receipt")]
    ledger.attachments[ids[0]] = kept
    store(ledger, ids[0], upload, is_receipt=True)
    expense["last_modified_time"] = ledger.now()
    ledger.tables["expenses"].changed(expense)
    return done("The expense receipt has been attached.")


def _receipt(ledger: Ledger, ids: tuple[str, ...]) -> Row:
    found = receipt_of(ledger, expenses.RESOURCE.find(ledger, ids[0]))
    if found is None:
        raise Refused(1002, "Receipt does not exist.", 404)
    return found


def _get_receipt(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return given(_receipt(ledger, ids))


def _delete_receipt(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    ledger.attachments[ids[0]].remove(_receipt(ledger, ids))
    ledger.tables["expenses"].changed(expenses.RESOURCE.find(ledger, ids[0]))
    return done("The attached expense receipt has been deleted.")


_RECEIPT = "/expenses/{}/receipt"
ROUTES = (
    *(route for files in FILES for route in files.routes()),
    Route("POST", _RECEIPT, "expenses.CREATE", _attach_receipt),
    Route("GET", _RECEIPT, "expenses.READ", _get_receipt),
    Route("DELETE", _RECEIPT, "expenses.DELETE", _delete_receipt),
)
