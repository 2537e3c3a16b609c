"""Where we say something else than Zoho's specification, and why. A rule no request needs any more fails."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.specification import Specification, Violation

Recorded = Mapping[str, Sequence[Any]]

SUFFIX = re.compile(
    r"_(startswith|contains|start|end|before|after|less_than|less_equals|greater_than|greater_equals)$"
)
RECORDED = "recorded live; the specification's schema is wrong"


@dataclass(frozen=True)
class Deviation:
    """Patterns of an operation, a place and a complaint."""

    operation: str
    where: str
    why: str
    reason: str

    def covers(self, violation: Violation) -> bool:
        parts = (
            (self.operation, violation.operation),
            (self.where, violation.where),
            (self.why, violation.why),
        )
        return all(re.fullmatch(pattern, text) for pattern, text in parts)


DEVIATIONS = (
    # Lists
    Deviation("GET .*", "query sort_order", "unknown", RECORDED),
    Deviation(
        "GET /settings/preferences/customfields", "path", "unknown",
        "in no specification; clients read there which custom fields there are, and without it we go on",
    ),
    # Requests without a body
    Deviation(
        "GET /organizations.*|POST /salesreceipts/{}/email", "query organization_id", "unknown",
        "Zoho's introduction asks for the organisation in every call",
    ),
    Deviation(
        "(GET|DELETE) /expenses/{}/documents/{}", "path", "unknown",
        "the files forget the counterpart of an upload they have; other records have it by this path",
    ),
    Deviation(
        "POST /contacts/{}/attachment", "file attachment", "unknown",
        "the specification names no field for the file; it is called so everywhere else",
    ),
    # Creates
    Deviation("POST /creditnotes", "/creditnote_number", "required", f"{RECORDED}: Zoho numbers it itself"),
    Deviation(
        "(POST|PUT) /customerpayments(/{})?", "/(invoice_id|amount_applied)", "required",
        f"{RECORDED}: both stand in `invoices`, and an advance has neither",
    ),
    Deviation(
        "POST /creditnotes/{}/invoices", "/(invoice_id|amount_applied)", "required",
        "both stand in `invoices`, which may name several",
    ),
    Deviation(
        "(POST|PUT) /invoices(/{})?", r"/line_items/\*/item_id", "required",
        "a line of an account or of a name alone is taken live",
    ),
    Deviation("(POST|PUT) /purchaseorders(/{})?", r"/line_items/\*/quantity", "no string.*", RECORDED),
    # Changes
    Deviation(
        "PUT /(invoices|creditnotes|purchaseorders|estimates|expenses|customerpayments)/{}", "/[a-z_]+", "required",
        "a change of one field keeps the others, live; their lines, settlements and amounts are not to be repeated: "
        "what was added or taxed meanwhile would be lost",
    ),
    Deviation(
        "PUT /reportingtags/{}", "/(entities|multi_preference_entities)", "required",
        "no answer tells where a tag is used, so repeating it would change it",
    ),
    Deviation(
        "PUT /projects/{}", "/user_id", "required", "is repeated where the record tells who leads the project",
    ),
    # Members
    Deviation(
        "(POST|PUT) /vendorcredits(/{})?",
        r"/(discount|discount_type|is_discount_before_tax|adjustment|adjustment_description)|/line_items/\*/discount",
        "unknown", "recorded bills, of the same build, have them; no vendor credit was recorded",
    ),
    Deviation(
        "(POST|PUT) /projects(/{})?", "/custom_fields", "unknown",
        "the specification finds projects by a custom field, so they have them",
    ),
    Deviation(
        "PUT /salesorders/{}/address/shipping", "/phone", "unknown",
        "the same file gives it to billing, and other documents have it on both",
    ),
    Deviation(
        "(POST|PUT) .*", r"/discount|/line_items/\*/discount", "no number: '.*%'",
        'Zoho prints and takes a percentage as "10%"',
    ),
    Deviation(
        "(POST|PUT) .*", r"(/line_items/\*/item_|/)custom_fields/\*(/(customfield_id|api_name))?",
        "unknown|no string.*",
        "the files name the key five ways; clients write customfield_id or api_name everywhere",
    ),
)  # fmt: skip


def follows(specification: Specification, violation: Violation) -> bool:
    """Filters: a variant, by the suffixes Zoho documents, of a parameter the specification names."""
    name = SUFFIX.sub("", violation.where.removeprefix("query "))
    told = (each.names for one in specification.operations.get(violation.operation, ()) for each in one.query)
    return (
        violation.why == "unknown"
        and f"query {name}" != violation.where
        and any(name in names for names in told)
    )


def told(specification: Specification, recorded: Recorded, violation: Violation) -> bool:
    """Members of a body: Zoho's own record has it there, published or recorded, and it reads back; only the schema
    of the request forgets it."""
    method, path = violation.operation.split(" ")
    if violation.why != "unknown" or not violation.where.startswith("/") or method not in ("POST", "PUT"):
        return False
    collection, _, address = path.partition("/{}/address/")
    collection = collection.removesuffix("/{}")
    where = f"/{address}_address{violation.where}" if address else violation.where
    published = (
        each
        for name in (f"POST {collection}", f"GET {collection}/{{}}", f"PUT {collection}/{{}}")
        for each in specification.operations.get(name, ())
    )
    return any(each.tells(where) for each in published) or any(
        _has(record, where.split("/")[1:]) for record in recorded.get(collection, ())
    )


def rule(
    specification: Specification, recorded: Recorded, violation: Violation
) -> Violation | Deviation | None:
    """What allows a violation, if anything does."""
    if follows(specification, violation) or told(specification, recorded, violation):
        return violation
    return next((each for each in DEVIATIONS if each.covers(violation)), None)


def recordings(specs: Path) -> Recorded:
    """Recorded single records, and those of webhooks, by the path of their collection."""
    found: dict[str, list[Any]] = {}
    for file in (specs / "zoho-books-recordings").glob("*.[gcw]*.1.json"):
        told = json.loads(file.read_text())
        path = told.get("request", {}).get("path", f"/{file.name.split('.')[0]}").removeprefix("/books/v3")
        body = told.get("response", {}).get("body") or told["request"].get("json")
        if isinstance(body, dict):
            found.setdefault(f"/{path.split('/')[1]}", []).extend(body.values())
    return found


def _has(record: Any, path: Sequence[str]) -> bool:
    if not path:
        return True
    if path[0] == "*":
        return isinstance(record, list) and any(_has(each, path[1:]) for each in record)
    return isinstance(record, dict) and path[0] in record and _has(record[path[0]], path[1:])
