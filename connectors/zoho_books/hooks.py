"""Zoho's webhooks: which records a body speaks of, and whether Zoho signed it.

A body is the record as its detail call answers it, under its name, or, as a form, its members with what is nested as
JSON text. No event, id or organisation is told. The signature is the one documented for Zoho Billing, which shares
header and secret with Books; whether it is hexadecimal or base64 is not said, so either is taken, also where it names
its algorithm or is fit for URLs.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from connectors.kit.hooks import Delivery, Hooks, Mention
from connectors.kit.http import Pairs
from connectors.zoho_books.hook_entities import BY_NAME, ENTITIES, Entity
from connectors.zoho_books.workflows import ENTITY_HEADER, install, remove

SIGNATURE = "X-Zoho-Webhook-Signature"

_FORM = "application/x-www-form-urlencoded"
_TEXTS = ("JSONString", "jsonstring")
_LONGEST = 64
_OTHERS = ("customer_id", "vendor_id", "organization_id")
_ALGORITHM = "sha256="
_URL_SAFE = str.maketrans("-_", "+/")


def is_signed(delivery: Delivery, secret: str) -> bool:
    """Whether the signature is over what came, with this secret."""
    given = _bytes_of(delivery.headers.get(SIGNATURE.lower(), "").strip())
    return hmac.compare_digest(hmac.digest(secret.encode(), signed(delivery), hashlib.sha256), given)


def signed(delivery: Delivery) -> bytes:
    """What is signed: the pairs of query and form, sorted by key, each key and value; then the body, if no form."""
    form = _form(delivery)
    pairs = sorted((*delivery.query, *(form or ())), key=lambda pair: pair[0])
    text = "".join(key + value for key, value in pairs).encode()
    return text if form is not None else text + delivery.content


def mentions(delivery: Delivery) -> tuple[Mention, ...]:
    """The record of the body: as the header of the hooks we install says, else by its own members, else by its wrapper.

    Members that fit several kinds mention each: that costs one look more. Where several records are named, none of them
    clearly the body's own, nothing is mentioned.
    """
    body = _body(delivery)
    if not isinstance(body, dict):
        return ()
    nested = {name: each for name, value in body.items() if isinstance(each := _nested(value), dict)}
    path = BY_NAME.get(delivery.headers.get(ENTITY_HEADER.lower(), ""))
    if path is not None:
        return (Mention(path, _wrapped(body, nested, ENTITIES[path])),)
    flat = _judged(body)
    if flat:
        return flat
    found: list[Mention] = []
    for name, record in nested.items():
        known = BY_NAME.get(name)
        found += _judged(record) if known is None else (Mention(known, _id(record, ENTITIES[known].key)),)
    return tuple(found)


def instructions(url: str, paths: Sequence[str]) -> tuple[str, ...]:
    """What a person does in the settings pages."""
    modules = "; ".join(ENTITIES[path].module for path in paths)
    return (
        f"In Zoho Books, for each of these modules: {modules}.",
        "Settings > Automation > Workflow Actions > Webhooks > New Webhook: choose the module, method POST, "
        f"URL {url} without any parameter, body Default Payload, and enter the secret.",
        "Settings > Automation > Workflow Rules > New Workflow Rule: the same module, Event Based, "
        "Created or Edited, each time it is edited, without criteria, with this webhook as its immediate action.",
        "A second rule of the module in the same way, when a record is Deleted.",
        "Save, and change a record: the resource shows mode hook once the first signed webhook has arrived.",
    )


def _bytes_of(text: str) -> bytes:
    """A digest written in any of the usual ways; empty when it is none."""
    plain = text[len(_ALGORITHM) :].strip() if text.casefold().startswith(_ALGORITHM) else text
    try:
        if len(plain) == 64:
            return bytes.fromhex(plain)
        return base64.b64decode(plain.translate(_URL_SAFE) + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _form(delivery: Delivery) -> Pairs | None:
    media = delivery.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if media != _FORM:
        return None
    text = delivery.content.decode("utf-8", "replace")
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=1000))
    except ValueError:
        return ()


def _body(delivery: Delivery) -> Any:
    form = _form(delivery)
    if form is None:
        return _parsed(delivery.content)
    fields = dict(form)
    whole = next((fields[name] for name in _TEXTS if name in fields), None)
    return fields if whole is None else _parsed(whole)


def _judged(record: dict[str, Any]) -> tuple[Mention, ...]:
    """What a record under no known name is: what it has id and own member of, else what the only id it has is of."""
    ids = {path: id for path, entity in ENTITIES.items() if (id := _id(record, entity.key)) is not None}
    own = [path for path in ids if record.get(ENTITIES[path].own) not in (None, "")]
    named = [key for key in record if key.endswith("_id") and key not in _OTHERS and _id(record, key)]
    if not own and len(named) == 1:
        own = list(ids)
    return tuple(Mention(path, ids[path]) for path in own)


def _wrapped(body: dict[str, Any], nested: dict[str, dict[str, Any]], entity: Entity) -> str | None:
    """The id of the body's record of that kind, whatever its wrapper is called."""
    known = [nested[name] for name in entity.bodies if name in nested]
    ids = (_id(record, entity.key) for record in (*known, body, *nested.values()))
    return next((id for id in ids if id is not None), None)


def _nested(value: Any) -> Any:
    """A member, also where it is JSON text."""
    return _parsed(value) if isinstance(value, str) and value.startswith("{") else value


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _id(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if text and len(text) <= _LONGEST else None


HOOKS = Hooks(
    paths=frozenset(ENTITIES),
    is_signed=is_signed,
    mentions=mentions,
    install=install,
    remove=remove,
    instructions=instructions,
)
