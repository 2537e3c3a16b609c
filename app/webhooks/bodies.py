"""What a delivery says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core import json
from app.core.json import instant

LARGEST = 20 * 1024
_LEFT_OUT = ("record", "previous")


def body_of(
    *,
    id: str,
    event: str,
    payload: Mapping[str, Any],
    environment_id: str,
    webhook_id: str,
    created_at: datetime,
    sequence: int,
    thin: bool = False,
) -> bytes:
    """The bytes that are signed and sent. Past 20 KB, and when `thin` is wanted, a record is only named:
    `is_thin` says so, and the record can be read from the API."""

    def written(payload: Mapping[str, Any]) -> bytes:
        return json.encode(
            {
                "id": id,
                "event": event,
                "payload": payload,
                "environment_id": environment_id,
                "webhook_id": webhook_id,
                "created_at": instant(created_at),
                "sequence": sequence,
            }
        )

    body = b"" if thin else written(payload)
    if body and len(body) <= LARGEST:
        return body
    named = {name: value for name, value in payload.items() if name not in _LEFT_OUT}
    return written({**named, "is_thin": True} if len(named) < len(payload) else payload)
