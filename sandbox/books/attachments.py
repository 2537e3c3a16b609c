"""Files attached to invoices. Other documents use the same handlers with another path and message."""

from .call import Answer, Call, Refused, Row, Upload, done, missing
from .invoices import RESOURCE
from .ledger import Ledger
from .resource import Handle, Route

KINDS = ("gif", "png", "jpeg", "jpg", "bmp", "pdf", "xls", "xlsx", "doc", "docx", "xml", "csv", "txt")
LARGEST = 10 * 1024 * 1024


def _file(call: Call) -> Upload:
    for upload in call.files:
        if upload.field == "attachment":
            break
    else:
        raise missing("attachment")
    kind = upload.name.rpartition(".")[2].lower()
    if kind not in KINDS:
        raise Refused(1007, "This file type is not supported.")
    if len(upload.content) > LARGEST:
        raise Refused(1007, "The size of the file must be less than 10 MB.")
    return upload


def _attach(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    invoice = RESOURCE.find(ledger, ids[0])
    upload = _file(call)
    row: Row = {
        "document_id": ledger.ids.take_beside(ids[0]),
        "file_name": upload.name,
        "file_type": upload.name.rpartition(".")[2].lower(),
        "file_size": len(upload.content),
        "can_send_in_mail": call.flag("can_send_in_mail"),
        "media_type": upload.media_type or "application/octet-stream",
        "content": upload.content,
    }
    ledger.attachments.setdefault(ids[0], []).insert(0, row)
    ledger.invoices.changed(invoice)
    shown = {key: row[key] for key in ("document_id", "file_name", "file_type", "file_size")}
    return done("Your file has been successfully attached to the invoice.", documents=[shown])


def _first(ledger: Ledger, ids: tuple[str, ...]) -> Row:
    RESOURCE.find(ledger, ids[0])
    files = ledger.attachments.get(ids[0])
    if not files:
        raise Refused(1002, "Attachment does not exist.", 404)
    return files[0]


def _given(row: Row) -> Answer:
    headers = {"content-disposition": f'attachment; filename="{row["file_name"]}"'}
    return Answer(200, headers=headers, content=row["content"], media_type=row["media_type"])


def _download(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _given(_first(ledger, ids))


def _prefer(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    _first(ledger, ids)["can_send_in_mail"] = call.flag("can_send_in_mail")
    return done("Invoice information has been updated.")


def _detach(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    _first(ledger, ids)
    del ledger.attachments[ids[0]]
    ledger.invoices.changed(RESOURCE.find(ledger, ids[0]))
    return done("Your file is no longer attached to the invoice.")


def _document(ledger: Ledger, ids: tuple[str, ...]) -> Row:
    RESOURCE.find(ledger, ids[0])
    for row in ledger.attachments.get(ids[0], []):
        if row["document_id"] == ids[1]:
            return row
    raise Refused(1002, "Document does not exist.", 404)


def _get_document(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _given(_document(ledger, ids))


def _delete_document(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    ledger.attachments[ids[0]].remove(_document(ledger, ids))
    if not ledger.attachments[ids[0]]:
        del ledger.attachments[ids[0]]
    return done("The document has been deleted successfully.")


def _route(method: str, path: str, scope: str, handle: Handle) -> Route:
    return Route(method, f"/invoices/{{}}/{path}", f"invoices.{scope}", handle)


ROUTES = (
    _route("POST", "attachment", "CREATE", _attach),
    _route("GET", "attachment", "READ", _download),
    _route("PUT", "attachment", "UPDATE", _prefer),
    _route("DELETE", "attachment", "DELETE", _detach),
    _route("GET", "documents/{}", "READ", _get_document),
    _route("DELETE", "documents/{}", "DELETE", _delete_document),
)
