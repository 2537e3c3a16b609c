"""What each test really did through the unified API: every operation that was answered 2xx, by test."""

import os
from collections import defaultdict

import httpx

from connectors.kit.resource import LISTS

Operation = tuple[str, str]
"""The resource ("invoices") and what was done with it ("list", "void", "pdf")."""

PERFORMED: dict[str, set[Operation]] = defaultdict(set)
"""By node id, as far as this process ran."""

_COLLECTION = {"GET": "list", "POST": "create"}
_RECORD = {"GET": "get", "PATCH": "update", "DELETE": "delete"}
_FILES = {"GET": "attachments", "POST": "attach"}
_FILE = {"GET": "attachment", "DELETE": "detach"}


def witness(response: httpx.Response) -> None:
    """Notes what a test's own calls achieved; what its fixtures did backs nothing."""
    node, _, phase = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")
    if phase != "(call)" or not response.is_success or response.request.url.params.get("preview"):
        return
    did = operation_of(response.request.method, response.request.url.path)
    if did is not None:
        PERFORMED[node].add(did)


def operation_of(method: str, path: str) -> Operation | None:
    """The operation an address of the unified API stands for; None for any other address."""
    parts = [part for part in path.split("/") if part]
    if len(parts) < 3 or parts[0] != "unified":
        return None
    name, below = parts[2], parts[3:]
    match below:
        case []:
            operation = _COLLECTION.get(method)
        case ["meta" | "custom-fields" as word]:
            operation = word if method == "GET" else None
        case [id]:
            operation = id if name == "reports" or id == "me" else _RECORD.get(method)
        case [_, "attachments"]:
            operation = _FILES.get(method)
        case [_, "attachments", _]:
            operation = _FILE.get(method)
        case [_, "attachments", _, "content"]:
            operation = "content"
        case [_, word] if word == "pdf" or word in LISTS:
            operation = word if method == "GET" else None
        case [_, action]:
            operation = action if method == "POST" else None
        case [_, word, _]:
            operation = f"{_RECORD.get(method)} {word}"
        case _:
            operation = None
    return (name, operation) if operation else None
