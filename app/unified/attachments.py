"""Files of records: their list, one of them, its content, upload and removal, below the record's own address."""

import hashlib
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.core import json
from app.core.errors import Problem
from app.gateway.engine import Gateway
from app.unified.addresses import content_of
from app.unified.calls import Call, admit, checked_id
from app.unified.changes import Change
from app.unified.listing import View
from app.unified.progress import Progress, watched
from app.unified.refusals import translated
from app.unified.render import single
from app.unified.service import Shown
from app.unified.writing import written
from connectors.kit.attachments import Attachments, Upload
from connectors.kit.faults import FieldError
from connectors.kit.operations import Answer

router = APIRouter()

_BASE = "/unified/{model}/{resource}/{id}/attachments"
_ONE = _BASE + "/{attachment}"


async def _files(request: Request, operation: str) -> tuple[Call, Attachments, str, str]:
    """The call, the resource of files, the kind of the record and its id. Problem not_found."""
    model, name = request.path_params["model"], request.path_params["resource"]
    call = await admit(request, model, name, operation)
    files = call.account.connector.resources.get((model, "attachments"))
    type = files.type_of(name) if isinstance(files, Attachments) else None
    if not isinstance(files, Attachments) or type is None:
        raise Problem("not_found", f"No files are attached to {name} here.")
    call.query.finish()
    return call, files, type, checked_id(request.path_params["id"])


async def _list(request: Request) -> Response:
    call, files, type, id = await _files(request, "attachments")
    answers = await _listed(call, files, type, id)
    rows = [_shown(answer, files, call, id) for answer in answers]
    body = {"result": rows, "result_count": len(rows), "provider_calls": call.run.meter.calls}
    return Response(json.encode(body), media_type="application/json")


async def _get(request: Request) -> Response:
    call, files, type, id = await _files(request, "attachments")
    wanted = checked_id(request.path_params["attachment"])
    for answer in await _listed(call, files, type, id):
        if answer.record["id"] == wanted:
            body = _shown(answer, files, call, id)
            return Response(json.encode(body), media_type="application/json")
    raise Problem("not_found", "There is no file with this id.")


async def _content(request: Request) -> Response:
    """The bytes as the provider gives them, offered as a download whatever they are."""
    call, files, type, id = await _files(request, "attachments")
    wanted = checked_id(request.path_params["attachment"])
    with translated():
        reply = await _gateway(call).perform(call.run, files.content(type, id, wanted, call.context()))
    given = reply.headers.get("content-disposition", "")
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": given if given.startswith("attachment;") else "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    media_type = reply.headers.get("content-type", "application/octet-stream")
    return Response(reply.content, headers=headers, media_type=media_type)


async def _attach(request: Request) -> Response:
    call, files, type, id = await _files(request, "attach")
    upload = await _uploaded(request)
    with translated():
        files.checked(upload)
    told = {
        "file_name": upload.name,
        "file_size": len(upload.content),
        "sha256": hashlib.sha256(upload.content).hexdigest(),
    }

    async def work(call: Call, progress: Progress) -> Shown:
        with translated():
            flow = watched(files.attach(type, id, upload, call.context()), progress)
            answer = await _gateway(call).perform(call.run, flow)
        return Shown(_shown(answer, files, call, id), None, "created", id)

    return await written(call, Change("attach", id, told, told, status=201), work)


async def _detach(request: Request) -> Response:
    call, files, type, id = await _files(request, "detach")
    wanted = checked_id(request.path_params["attachment"])

    async def work(call: Call, progress: Progress) -> Shown:
        with translated():
            flow = watched(files.detach(type, id, wanted, call.context()), progress)
            gone = await _gateway(call).perform(call.run, flow)
        return Shown({"id": gone}, None, "deleted", id)

    return await written(call, Change("detach", id, {}, {"attachment": wanted}), work)


# What they share


async def _listed(call: Call, files: Attachments, type: str, id: str) -> list[Answer]:
    with translated():
        answers = await _gateway(call).perform(call.run, files.attached(type, id, call.context()))
    call.run.meter.result_count = len(answers)
    return answers


async def _uploaded(request: Request) -> Upload:
    """The one file of a multipart body. Problem unsupported_media_type, validation_failed."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if media != "multipart/form-data":
        raise Problem("unsupported_media_type", "Send the file as multipart/form-data, in a part named file.")
    async with request.form(max_files=1, max_fields=8) as form:
        for _, part in form.multi_items():
            if isinstance(part, UploadFile):
                return Upload(part.filename or "", await part.read())
    error = FieldError("required", "/file", "The body holds no file.")
    raise Problem("validation_failed", error.detail, errors=[error])


def _shown(answer: Answer, files: Attachments, call: Call, id: str) -> dict[str, Any]:
    body, _ = single(answer, files.model, View())
    body["file_url"] = content_of(call, call.resource.name, id, body["id"])
    return body


def _gateway(call: Call) -> Gateway:
    return call.request.app.state.gateway


for _method, _path, _handler in (
    ("GET", _BASE, _list),
    ("POST", _BASE, _attach),
    ("GET", _ONE, _get),
    ("DELETE", _ONE, _detach),
    ("GET", _ONE + "/content", _content),
):
    router.add_api_route(_path, _handler, methods=[_method], include_in_schema=False)
