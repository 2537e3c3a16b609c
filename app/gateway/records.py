"""Records as everybody outside sees them."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from app.core.json import encode
from connectors.kit.operations import Answer

_NOT_IN_ETAG = ("etag", "is_partial", "remote_data")


@lru_cache(1024)
def _order(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name in model.model_fields if name not in _NOT_IN_ETAG)


def record_of(answer: Answer, model: type[BaseModel]) -> dict[str, Any]:
    """The record as shown: the model's order, `etag` where the record is complete, then `remote_data`."""
    source = answer.record
    shown = {name: source[name] for name in _order(answer.model or model) if name in source}
    partial = bool(source.get("is_partial"))
    if not partial:
        shown["etag"] = etag_of(shown)
    for name, whole in answer.expanded.items():
        shown[name] = {**(shown.get(name) or {}), **whole} if isinstance(whole, Mapping) else whole
    shown["is_partial"] = partial
    shown["remote_data"] = answer.native
    return shown


def etag_of(shown: Mapping[str, Any]) -> str:
    """A fingerprint of a complete record's unified fields, without quotes."""
    digest = hashlib.sha256(encode(shown)).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
