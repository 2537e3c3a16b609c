"""How received payments settle invoices: what is checked before, and the actions that change it later."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from connectors.kit.codec import DATE, ENUM, MONEY, CodecError
from connectors.kit.faults import Conflict, Fault, FieldError, Kind, Rejected
from connectors.kit.flows import Draft, step_failed
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Issue, Record
from connectors.kit.paging import merged_query
from connectors.kit.resolving import Wanted, find
from connectors.kit.resource import Resource
from connectors.zoho_books.lookups import ACCOUNTS

REFUND_MODES = ENUM(
    {
        "cash": "cash",
        "check": "check",
        "creditcard": "card",
        "banktransfer": "bank_transfer",
        "autotransaction": "online",
        "others": "other",
    }
)

_DEAD = {"draft": "draft", "void": "voided", "pending_approval": "submitted", "rejected": "rejected"}
"""Statuses of an invoice no payment can be put on → ours."""


def check_create(draft: Draft) -> Flow[None]:
    """Everything that must hold before money is recorded; fills in the customer an invoice tells.

    Raises Rejected (over_allocated, currency_mismatch, required …) and Conflict (invalid_transition).
    """
    body, given = draft.body, draft.body.get("allocations") or []
    total = body["total_amount"]
    _check_sum(given, total, f"the allocations are more than the payment of {total:f}")
    targets = yield from _targets(given, draft.ctx)
    if draft.native.get("customer_id") in (None, ""):
        owners = {str(each.get("customer_id") or "") for each in targets} - {""}
        if len(owners) != 1:
            detail = (
                "the invoices belong to several customers" if owners else "is required without allocations"
            )
            raise Rejected(FieldError("required", "/contact", detail))
        draft.native["customer_id"] = owners.pop()
    currencies = {str(each.get("currency_code") or "") for each in targets} - {""}
    wanted = body.get("currency")
    if not targets and (wanted is not None or not (body.get("payment_for") or _is_customer(body))):
        path = f"/contacts/{draft.native['customer_id']}"
        contact = (yield Request("GET", path, step="read the contact")).body.get("contact") or {}
        if contact.get("contact_type") == "vendor":
            detail = "the contact is a vendor, and payments made are not offered yet"
            raise Rejected(FieldError("enum_value", "/payment_for", detail, ("invoice",)))
        currencies = {str(contact.get("currency_code") or "")} - {""}
    if wanted is not None and currencies and currencies != {wanted}:
        detail = f"the customer pays in {', '.join(sorted(currencies))}"
        raise Rejected(FieldError("currency_mismatch", "/currency", detail, tuple(sorted(currencies))))


def _is_customer(body: Record) -> bool:
    return (body.get("contact") or {}).get("type") == "customer"


def _check_sum(given: Sequence[Record], most: Decimal, detail: str) -> None:
    errors = [
        FieldError("required", f"/allocations/{place}/{name}", "is required")
        for place, each in enumerate(given)
        for name in ("id", "amount")
        if each.get(name) is None
    ]
    wrong = [
        FieldError(
            "enum_value", f"/allocations/{place}/type", "payments received settle invoices", ("invoice",)
        )
        for place, each in enumerate(given)
        if each.get("type", "invoice") != "invoice"
    ]
    if errors or wrong:
        raise Rejected(*errors, *wrong)
    if sum((each["amount"] for each in given), Decimal(0)) > most:
        raise Rejected(FieldError("over_allocated", "/allocations", detail))


def _targets(given: Sequence[Record], ctx: Context) -> Flow[list[Native]]:
    """The invoices to be settled, each read once: live, and owing at least what is put on it."""
    read: dict[str, Native] = {}
    owed: dict[str, Decimal] = {}
    errors: list[FieldError] = []
    for place, each in enumerate(given):
        at, id = f"/allocations/{place}", str(each["id"])
        if id not in read:
            try:
                read[id] = yield from _invoice(id)
            except Fault as fault:
                if fault.kind is not Kind.NOT_FOUND:
                    raise
                errors.append(FieldError("reference_not_found", f"{at}/id", f"there is no invoice {id}"))
                continue
            status = str(read[id].get("status"))
            if status in _DEAD:
                detail = f"invoice {id} is {_DEAD[status]} and cannot be settled"
                raise Conflict(
                    "invalid_transition",
                    detail,
                    **{"from": _DEAD[status], "allowed": ["authorised", "partially_paid"]},
                )
            owed[id] = MONEY.read(read[id].get("balance") or 0) or Decimal(0)
        if each["amount"] > owed[id]:
            detail = f"{each['amount']:f} is more than the {owed[id]:f} invoice {id} still owes"
            errors.append(FieldError("over_allocated", f"{at}/amount", detail))
        owed[id] -= each["amount"]
    if errors:
        raise Rejected(*errors)
    return list(read.values())


def _invoice(id: str) -> Flow[Native]:
    if not id.isascii() or not id.isdecimal():
        raise Fault(Kind.NOT_FOUND, message="no such invoice", phase="idle")
    reply = yield Request("GET", f"/invoices/{id}", step=f"read invoice {id}")
    found = reply.body.get("invoice") if isinstance(reply.body, dict) else None
    if not isinstance(found, dict):
        raise Fault(Kind.GARBLED, reply.status, message="the answer has no invoice")
    return found


def apply(resource: Resource, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """One call per invoice: each adds, none takes away. A later one failing leaves the earlier settled."""
    given = body["allocations"]
    now = yield from resource.fetch(id, ctx, "read the payment as it stands")
    left = MONEY.read(now.get("unused_amount") or 0) or Decimal(0)
    _check_sum(given, left, f"the payment has {left:f} unapplied")
    yield from _targets(given, ctx)
    issues: list[Issue] = []
    number = 0
    try:
        for each in given:
            number += 1
            sent = {"payment_id": id, "amount_applied": each["amount"]}
            if each.get("withheld_tax_amount") is not None:
                sent["tax_amount_withheld"] = each["withheld_tax_amount"]
            yield Request(
                "POST", f"/invoices/{each['id']}/credits", merged_query((), ctx), {"invoice_payments": [sent]},
                step=f"settle invoice {each['id']}",
            )  # fmt: skip
    except Fault as fault:
        if number == 1:
            raise
        issues.append(step_failed(number, f"settle invoice {given[number - 1]['id']}", fault))
    answer = yield from resource.get(id, ctx)
    answer.outcome = "partial" if issues else "updated"
    answer.issues += issues
    return answer


def unapply(resource: Resource, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """The payment is written with the settlements that stay; the money moved stays recorded."""
    now = yield from resource.fetch(id, ctx, "read the payment as it stands")
    present = [each for each in now.get("invoices") or () if isinstance(each, dict)]
    known = {str(each.get("invoice_payment_id")) for each in present}
    errors = [
        FieldError("reference_not_found", f"/allocation_ids/{place}", f"the payment has no settlement {each}")
        for place, each in enumerate(body["allocation_ids"])
        if each not in known
    ]
    if errors:
        raise Rejected(*errors)
    gone = set(body["allocation_ids"])
    kept = [
        {name: each[name] for name in _KEPT if each.get(name) not in (None, "")}
        for each in present
        if str(each.get("invoice_payment_id")) not in gone
    ]
    sent = {name: now.get(name) for name in ("customer_id", "payment_mode", "amount", "date")}
    yield Request(
        "PUT",
        resource.at(id),
        merged_query((), ctx),
        {**sent, "invoices": kept},
        step="take settlements back",
    )
    answer = yield from resource.get(id, ctx)
    answer.outcome = "updated"
    return answer


_KEPT = ("invoice_payment_id", "invoice_id", "amount_applied", "tax_amount_withheld")


def refund(resource: Resource, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """Money that goes back to the customer, out of what is unapplied."""
    account = body["account"].get("id")
    if account is None:
        key = next(key for key in ("code", "name") if body["account"].get(key) is not None)
        account = yield from find(Wanted("/account", ACCOUNTS, key, body["account"][key]))
    if isinstance(account, FieldError):
        raise Rejected(account)
    sent: Native = {
        "date": DATE.write(body.get("transaction_date") or ctx.today),
        "amount": body["total_amount"],
        "from_account_id": account,
        "refund_mode": _mode(body.get("payment_method") or "other"),
        "reference_number": body.get("reference"),
        "description": body.get("memo"),
    }
    sent = {name: value for name, value in sent.items() if value is not None}
    path = f"{resource.at(id)}/refunds"
    yield Request("POST", path, merged_query((), ctx), sent, step="record the refund")
    answer = yield from resource.get(id, ctx)
    answer.outcome = "updated"
    return answer


def _mode(method: str) -> str:
    try:
        return REFUND_MODES.write(method)
    except CodecError as error:
        raise Rejected(FieldError(error.code, "/payment_method", str(error), error.allowed)) from None


ACTS: Mapping[str, Callable[[Resource, str, Record, Context], Flow[Answer]]] = {
    "apply": apply,
    "unapply": unapply,
    "refund": refund,
}
