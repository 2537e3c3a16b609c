"""Categorizing an imported transaction: as an expense, as payments of documents, or as itself."""

from decimal import Decimal

from connectors.kit.codec import CodecError
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow
from connectors.kit.mapping import Native, When
from connectors.kit.operations import Context, Record
from connectors.kit.resolving import resolve, settled
from connectors.kit.resource import Resource
from connectors.kit.writing import Write, write
from connectors.zoho_books.bank_rows import BETWEEN, amount_of, is_outflow
from connectors.zoho_books.bank_writes import purpose, side_of, sides
from connectors.zoho_books.codecs import METHOD
from connectors.zoho_books.settlement import BILLS, INVOICES, Target, check_sum, targets

_APART = frozenset({"allocations", "payment_method", "account"})


def spelled(resource: Resource, line: Native, body: Record, ctx: Context) -> Flow[tuple[str, Native]]:
    """The last word of Zoho's path ("" for the plain one) and the native body. Raises Rejected."""
    out = is_outflow(line)
    given = {name: value for name, value in body.items() if name not in _APART}
    if (other := body.get("account") or body.get("account_from")) is not None:
        given["account_from"] = other
    given = yield from settled(resource.table, given, None)
    ids = yield from resolve(resource.table, given)
    task = Write(When.ALWAYS, ctx, None, ids)
    native: Native = write(resource.table, given, task)
    if task.errors:
        raise Rejected(*task.errors)
    kind, amount = str(native["transaction_type"]), amount_of(line)
    _check_way(body["transaction_type"], kind, out)
    native = {**_bank(line), **native}
    native["amount"] = amount
    if body.get("allocations") or (
        body["transaction_type"] in ("spend", "receive") and not given.get("line_items")
    ):
        return (yield from _payment(native, line, body, out, amount))
    source, lines = native.pop("from_account_id", None), native.pop("line_items", None) or []
    own = str(line.get("account_id") or "")
    if kind == "expense":
        return "expenses", (yield from _expense(native, own, lines, body, amount))
    told = sides(kind, own, source, lines, given, is_new=True, out=out)
    if kind in BETWEEN and out:
        told = {"from_account_id": own, "to_account_id": str(source)}
    return "", {**native, **told, **purpose(lines, body.get("line_items") or [], amount)}


def _bank(line: Native) -> Native:
    """What the bank said, where the caller says nothing else."""
    told = {name: line.get(name) for name in ("date", "reference_number", "description")}
    return {name: value for name, value in told.items() if value not in (None, "")}


def _check_way(word: str, kind: str, out: bool) -> None:
    if kind in BETWEEN or (kind == "expense") is out:
        return
    way, fits = (
        ("out", ("spend", "transfer", "credit_card")) if out else ("in", ("receive", "deposit", "refund"))
    )
    detail = f"the money went {way}: it is no {word}"
    raise Rejected(FieldError("enum_value", "/transaction_type", detail, fits))


def _expense(native: Native, own: str, lines: list[Native], body: Record, amount: Decimal) -> Flow[Native]:
    """One line is the expense itself; more are its lines, and come to the whole."""
    given = body.get("line_items") or []
    lacking = [place for place, each in enumerate(lines) if not each.get("account_id")]
    if lacking:
        raise Rejected(
            *(FieldError("required", f"/line_items/{each}/account", "is required") for each in lacking)
        )
    told: Native = {
        name: value for name, value in native.items() if name not in ("transaction_type", "customer_id")
    }
    told["paid_through_account_id"] = own
    if native.get("customer_id"):
        contact = {"id": native["customer_id"], **({"type": t} if (t := _type(body)) else {})}
        side = yield from side_of(contact, "vendor")
        told["customer_id" if side == "customer" else "vendor_id"] = native["customer_id"]
    if len(lines) == 1:
        return {**told, "account_id": lines[0]["account_id"], **purpose(lines, given, amount)}
    for each in lines:
        total = each.pop("line_total", None)
        each["amount"] = each.get("amount") if total is None else total
    priceless = [place for place, each in enumerate(lines) if each["amount"] is None]
    if priceless:
        raise Rejected(
            *(FieldError("required", f"/line_items/{each}/unit_price", "is required") for each in priceless)
        )
    total = sum((each["amount"] for each in lines), Decimal(0))
    if total != amount:
        detail = f"the lines come to {total:f}, the transaction to {amount:f}"
        raise Rejected(FieldError("total_mismatch", "/line_items", detail))
    return {**told, "account_id": lines[0]["account_id"], "line_items": lines, "is_inclusive_tax": True}


def _type(body: Record) -> str | None:
    return (body.get("contact") or {}).get("type")


def _payment(
    native: Native, line: Native, body: Record, out: bool, amount: Decimal
) -> Flow[tuple[str, Native]]:
    """A payment received or made of these documents; what they do not take is an advance."""
    target: Target = BILLS if out else INVOICES
    given = body.get("allocations") or []
    if body.get("line_items"):
        detail = "give the documents that were paid, or what it was for, not both"
        raise Rejected(FieldError("unsupported_field", "/line_items", detail))
    check_sum(given, amount, f"the allocations are more than the {amount:f} that moved", (target.type,))
    found = yield from targets(given, target)
    party = f"{target.party}_id"
    owners = {str(each.get(party) or "") for each in found} - {""}
    owner = native.get("customer_id") or (owners.pop() if len(owners) == 1 else None)
    if owner is None:
        detail = (
            f"the {target.type}s belong to several contacts"
            if owners
            else "is required: who paid, or was paid"
        )
        raise Rejected(FieldError("required", "/contact", detail))
    try:
        mode = METHOD.write(body.get("payment_method") or "bank_transfer")
    except CodecError as error:
        raise Rejected(FieldError(error.code, "/payment_method", str(error), error.allowed)) from None
    kept = ("date", "reference_number", "description", "exchange_rate", "amount")
    account = "paid_through_account_id" if out else "account_id"
    told: Native = {
        **{name: native[name] for name in kept if name in native},
        party: owner,
        "payment_mode": mode,
        **({account: line["account_id"]} if line.get("account_id") else {}),
        f"{target.type}s": [_share(each, target) for each in given],
    }
    return ("vendorpayments" if out else "customerpayments"), told


def _share(given: Record, target: Target) -> Native:
    told = {f"{target.type}_id": str(given["id"]), "amount_applied": given["amount"]}
    if given.get("withheld_tax_amount") is not None:
        told["tax_amount_withheld"] = given["withheld_tax_amount"]
    return told
