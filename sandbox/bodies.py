"""Request bodies in all the shapes the provider takes, as one `Call` for the ledger."""

from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from .books import Call, Upload
from .wire import FORM, Received

MULTIPART = "multipart/form-data"

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


async def decode(call: Received, path: str, user: Mapping[str, str]) -> Call:
    """The call as the ledger sees it. A body that cannot be read makes it `malformed`, never an error."""
    text, files, is_form = call.body, tuple[Upload, ...](), False
    if call.media_type == MULTIPART:
        parts = await _multipart(call)
        if parts is None:
            return _call(call, path, user, malformed=True)
        form, files = parts
        text, is_form = form.get("JSONString", "").encode(), True
    elif call.media_type == FORM:
        text, is_form = call.parameters.get("JSONString", "").encode(), bool(call.body)
    if not text.strip():
        text = dict(call.query).get("JSONString", "").encode()
    if not text.strip():
        return _call(call, path, user, files=files, malformed=is_form and not files)
    try:
        body = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _call(call, path, user, files=files, malformed=True)
    return _call(call, path, user, body=body, files=files)


def _call(
    call: Received,
    path: str,
    user: Mapping[str, str],
    *,
    body: Any = None,
    files: tuple[Upload, ...] = (),
    malformed: bool = False,
) -> Call:
    query = tuple((name, value) for name, value in call.query if name != "JSONString")
    return Call(call.method, path, query, call.headers, body, files, malformed, user)


async def _multipart(call: Received) -> tuple[dict[str, str], tuple[Upload, ...]] | None:
    async def once() -> AsyncGenerator[bytes]:
        yield call.body

    try:
        form = await MultiPartParser(Headers(call.headers), once()).parse()
    except (MultiPartException, KeyError):
        return None
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    files: list[Upload] = []
    for name, part in form.multi_items():
        if isinstance(part, UploadFile):
            media_type = part.content_type or "application/octet-stream"
            files.append(Upload(name, part.filename or name, media_type, await part.read()))
    return texts, tuple(files)
