"""Where the content of attached files is, through this gateway."""

from urllib.parse import quote

from app.unified.calls import Call
from connectors.kit.attachments import Attachments
from connectors.kit.operations import Page


def content_of(call: Call, name: str, id: str, attachment: str) -> str:
    """The address of a file attached to record `id` of the resource `name`."""
    public = str(call.request.app.state.settings.public_url or "").rstrip("/")
    path = (
        f"/unified/{call.model}/{name}/{quote(id, safe='')}/attachments/{quote(attachment, safe='')}/content"
    )
    return public + path


def addressed(page: Page, call: Call, files: Attachments) -> Page:
    """A list of files with the address of each."""
    for answer in page.answers:
        record = answer.record
        name = files.parents[record["parent"]["type"]].resource
        record["file_url"] = content_of(call, name, record["parent"]["id"], record["id"])
    return page
