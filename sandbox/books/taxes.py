"""Taxes and the groups of them, which share one list."""

from decimal import Decimal
from typing import Any

from .arithmetic import Tax, effective
from .call import Answer, Call, Row, done, in_use, invalid, missing
from .fields import amount, boolean, choice, one_id, text
from .ledger import TAX_PAYABLE, Ledger
from .listing import Listing
from .money import HUNDRED, ZERO, rounded
from .projection import Columns, blank
from .resource import Messages, Resource, Route, body_of

UNKNOWN = "Tax does not exist."
_SHARED = Columns(
    stored={
        "tax_id": "",
        "tax_name": "",
        "tax_percentage": ZERO,
        "tax_type": "tax",
        "tax_specific_type": "",
        "is_default_tax": False,
        "last_modified_time": "",
    },
    constants={
        **blank("tax_specification", "diff_rate_reason", "start_date", "end_date"),
        "is_editable": True,
        "is_inactive": False,
        "status": "Active",
    },
)
_AUTHORITY = {"tax_authority_id": "", "tax_authority_name": "", "is_value_added": False, "tax_factor": "rate"}


def _row(ledger: Ledger, tax: Row) -> Row:
    """Inactive ones say so; groups have neither authority nor account."""
    active = tax.get("status", "active") == "active"
    found: Row = {"is_inactive": not active, "status": "Active" if active else "Inactive"}
    if tax["tax_type"] != "tax_group":
        found.update({name: tax.get(name, default) for name, default in _AUTHORITY.items()})
        found["tax_account_id"] = ledger.id(TAX_PAYABLE)
        found["output_tax_account_name"] = ledger.account_name(ledger.id(TAX_PAYABLE))
    return found


ROW = Columns(_SHARED.stored, _SHARED.constants, spread=(_row,))
_DETAIL = ROW.with_more(
    Columns(
        stored={"country": "", "country_code": ""},
        constants=blank("tds_payable_account_id", "purchase_tax_expense_account_id"),
    )
)


def components(ledger: Ledger, tax_id: str) -> tuple[Tax, ...]:
    """The simple taxes a tax or a group stands for."""
    row = ledger.taxes.get(tax_id)
    if row is None:
        return ()
    members = row["taxes"] if row["tax_type"] == "tax_group" else (tax_id,)
    return tuple(_tax(ledger.taxes.rows[member]) for member in members)


def _tax(row: Row) -> Tax:
    return Tax(row["tax_id"], row["tax_name"], row["tax_percentage"], row["tax_type"] == "compound_tax")


def label(name: str, percentage: Decimal) -> str:
    """As documents name a tax: "VAT (7.5%)"."""
    return f"{name} ({percentage.normalize():f}%)"


def refresh_groups(ledger: Ledger, tax: Row) -> None:
    """Groups that hold a changed tax change with it."""
    for row in ledger.taxes.all():
        if row["tax_type"] == "tax_group" and tax["tax_id"] in row["taxes"]:
            row["tax_percentage"] = _combined(ledger, row["taxes"])


def _combined(ledger: Ledger, members: list[str]) -> Decimal:
    return rounded(effective([_tax(ledger.taxes.rows[member]) for member in members]) * HUNDRED, 4)


def _prepare(ledger: Ledger, tax: Row, body: Row, call: Call, is_new: bool) -> None:
    if not ZERO <= tax["tax_percentage"] <= HUNDRED:
        raise invalid("tax_percentage")
    if tax["tax_type"] == "tax_group":
        raise invalid("tax_id")


def is_used(ledger: Ledger, tax_id: str) -> bool:
    if any(item.get("tax_id") == tax_id for item in ledger.items.all()):
        return True
    return any(
        tax_id == line.get("tax_id")
        for table in ledger.tables.values()
        for document in table.all()
        for line in document.get("line_items", ())
    )


def _deletable(ledger: Ledger, tax: Row) -> None:
    grouped = any(tax["tax_id"] in row.get("taxes", ()) for row in ledger.taxes.all())
    if grouped or is_used(ledger, tax["tax_id"]):
        raise in_use("The tax cannot be deleted as it is associated with other records.")


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    answer = RESOURCE.update(ledger, call, ids)
    refresh_groups(ledger, ledger.taxes.rows[ids[0]])
    return answer


def _group(ledger: Ledger, tax_id: str) -> Row:
    row = ledger.must("taxes", tax_id, "Tax group does not exist.")
    if row["tax_type"] != "tax_group":
        return ledger.must("taxes", "", "Tax group does not exist.")
    return row


def _shown_group(ledger: Ledger, row: Row) -> Row:
    members = [ledger.taxes.rows[member] for member in row["taxes"]]
    keys = ("tax_id", "tax_name", "tax_percentage", "tax_type")
    return {
        "tax_group_id": row["tax_id"],
        "tax_group_name": row["tax_name"],
        "tax_group_percentage": row["tax_percentage"],
        "taxes": [
            {
                **{key: member[key] for key in keys},
                "tax_factor": "rate",
                "tax_authority_id": "",
                "tax_authority_name": "",
            }
            for member in members
        ],
    }


def _members(ledger: Ledger, value: Any) -> list[str]:
    """The comma list of tax ids of a group; a JSON list is taken too."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts:
        raise invalid("taxes")
    found: list[str] = []
    for part in parts:
        each = part.get("tax_id") if isinstance(part, dict) else part
        row = ledger.must("taxes", one_id(each.strip() if isinstance(each, str) else each, "taxes"), UNKNOWN)
        if row["tax_type"] == "tax_group" or row["tax_id"] in found:
            raise invalid("taxes")
        found.append(row["tax_id"])
    return found


def _get_group(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(tax_group=_shown_group(ledger, _group(ledger, ids[0])))


def _create_group(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    body = body_of(call)
    name = text(100)(ledger, body.get("tax_group_name"), "tax_group_name")
    if not name:
        raise missing("tax_group_name")
    row = add_group(ledger, name, _members(ledger, body.get("taxes")))
    answer = done(tax_group=_shown_group(ledger, row))
    answer.status = 201
    answer.headers["Location"] = f"/api/v3/settings/taxgroups/{row['tax_id']}"
    return answer


def add_group(ledger: Ledger, name: str, members: list[str]) -> Row:
    now = ledger.now()
    return ledger.taxes.put(
        {
            "tax_id": ledger.ids.take(),
            "tax_name": name,
            "tax_type": "tax_group",
            "tax_percentage": _combined(ledger, members),
            "taxes": members,
            "status": "active",
            "created_time": now,
            "last_modified_time": now,
        }
    )


def _update_group(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    row, body = _group(ledger, ids[0]), body_of(call)
    members = _members(ledger, body["taxes"]) if "taxes" in body else row["taxes"]
    if "tax_group_name" in body:
        row["tax_name"] = text(100)(ledger, body["tax_group_name"], "tax_group_name") or row["tax_name"]
    row["taxes"], row["tax_percentage"] = members, _combined(ledger, members)
    row["last_modified_time"] = ledger.now()
    ledger.taxes.changed(row)
    return done(tax_group=_shown_group(ledger, row))


def _delete_group(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    row = _group(ledger, ids[0])
    if is_used(ledger, row["tax_id"]):
        raise in_use("The tax group cannot be deleted as it is associated with other records.")
    ledger.taxes.remove(row)
    return done("The tax group has been deleted.")


RESOURCE = Resource(
    path="/settings/taxes",
    table="taxes",
    item_key="tax",
    area="settings",
    listing=Listing(
        table="taxes",
        list_key="taxes",
        report_name="Taxes",
        columns=ROW,
        sorts={"tax_name": "tax_name", "tax_percentage": "tax_percentage"},
        sort_column="tax_name",
        default_filter="Taxes.Active",
        filter_by={
            "Active": lambda ledger, tax: tax.get("status", "active") == "active",
            "Inactive": lambda ledger, tax: tax.get("status", "active") != "active",
        },
        context=lambda ledger: {"as_of_date": ledger.today(), "to_date": ledger.today()},
    ),
    detail=_DETAIL,
    readers={
        "tax_name": text(100),
        "tax_percentage": amount(places=4),
        "tax_type": choice(("tax", "compound_tax")),
        "tax_specific_type": text(50),
        "tax_authority_name": text(100),
        "country_code": text(5),
        "is_value_added": boolean,
    },
    required=("tax_name", "tax_percentage"),
    defaults={"tax_type": "tax", "status": "active"},
    messages=Messages(
        unknown=UNKNOWN,
        created="The tax has been added.",
        updated="Tax information has been saved.",
        deleted="The record has been deleted.",
    ),
    unique={"tax_name": (1001, 'The tax "{}" already exists.')},
    prepare=_prepare,
    blocks_delete=_deletable,
    extra=(Route("PUT", "/settings/taxes/{}", "settings.UPDATE", _update),),
)
ROUTES = (
    *RESOURCE.routes(),
    Route("POST", "/settings/taxgroups", "settings.CREATE", _create_group),
    Route("GET", "/settings/taxgroups/{}", "settings.READ", _get_group),
    Route("PUT", "/settings/taxgroups/{}", "settings.UPDATE", _update_group),
    Route("DELETE", "/settings/taxgroups/{}", "settings.DELETE", _delete_group),
)
