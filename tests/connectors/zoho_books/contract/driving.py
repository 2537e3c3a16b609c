"""Every operation of a resource, run against the specification alone: what was refused, what broke it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from connectors.kit.attachments import Attachments, Upload
from connectors.kit.faults import Conflict, Fault, Rejected
from connectors.kit.filters import filterable
from connectors.kit.http import Flow
from connectors.kit.mapping import Beside, Words
from connectors.kit.operations import Filter, ListQuery, Op, Sort
from connectors.kit.resource import Resource
from connectors.zoho_books import CONNECTOR
from tests.connectors.zoho_books.contract import bodies
from tests.support.scripted import CONTEXT
from tests.support.specification import Specification, Violation
from tests.support.strict import Strict
from unified_models import MODELS

AMENDED = {
    "balance": 1000, "unused_amount": 1000, "amount_applied": 20, "line_item_id": bodies.ID,
    "contact_person_id": bodies.ID, "invoice_payment_id": bodies.ID, "bill_payment_id": bodies.ID,
    "creditnote_invoice_id": bodies.ID, "vendor_credit_bill_id": bodies.ID, "currency_code": "AUD",
    "amount": 25, "email": "ada@example.com", "tag_id": bodies.ID, "location_id": bodies.ID,
    "status": "sent", "line_id": bodies.ID, "transaction_id": bodies.ID, "organization_id": CONTEXT.organization_id,
}  # fmt: skip
"""What answers must tell so that a flow goes its whole way."""

STATUSES = (
    "sent", "draft", "open", "void", "pending_approval", "accepted", "active", "inactive", "uncategorized",
    "categorized", "published", "excluded", "matched", "cancelled", "rejected", "issued",
)  # fmt: skip


@dataclass
class Run:
    """One operation run once. `refusal` is why it was not sent, or what came back instead."""

    label: str
    violations: list[Violation]
    refusal: str | None = None


@dataclass
class Report:
    runs: list[Run] = field(default_factory=list[Run])
    covered: set[str] = field(default_factory=set[str])

    def done(self) -> set[str]:
        return self.covered | {run.label for run in self.runs if run.refusal is None}

    def refused(self) -> dict[str, str]:
        """What never went its way, with the last reason."""
        done = self.done()
        return {run.label: run.refusal for run in self.runs if run.refusal and run.label not in done}


def added(part: Resource) -> dict[str, Any]:
    """What records must have so that actions find something: a file, a settlement, an amount left."""
    means = getattr(part, "means", None)
    paid = {
        "bill_payment_id": bodies.ID,
        "invoice_payment_id": bodies.ID,
        "payment_id": bodies.ID,
        "amount": 20,
    }
    file = {"document_id": bodies.ID, "file_name": "receipt.pdf"}
    found: dict[str, Any] = {"documents": [file], "payments": [paid]}
    if means is not None:
        share = {means.share: bodies.ID, f"{means.target.type}_id": bodies.ID, "amount_applied": 20}
        found |= {means.shares: [share], means.left: 1000}
    return found


def _said(least: dict[str, Any], at: str = "create ") -> Iterator[str]:
    for name, each in least.items():
        yield f"{at}{name}"
        inner = each[0] if isinstance(each, list) and each else each
        if isinstance(inner, dict):
            yield from _said(inner, f"{at}{name}.")


def drive(specification: Specification, key: tuple[str, str], part: Resource) -> Report:
    """Every operation a resource declares, with every filter, sort key, field and word."""
    report, more = Report(), added(part)

    def run(label: str, start: Callable[[], Flow[Any]], **amended: Any) -> str | None:
        provider = Strict(specification, CONNECTOR.judge, {**AMENDED, **amended}, {**more, **amended})
        refusal = None
        try:
            provider.run(start())
        except (Rejected, ValidationError) as error:
            refusal = f"refused: {error.errors if isinstance(error, Rejected) else error.errors()}"
        except Conflict as error:
            refusal = f"conflict: {error}"
        except Fault as fault:
            refusal = f"{fault.kind}: {fault.message}"
        report.runs.append(Run(label, provider.violations, refusal))
        return refusal

    if isinstance(part, Attachments):
        _files(part, run)
        return report
    run("list", lambda: part.list(ListQuery(), CONTEXT))
    for label, query in queries(part):
        run(label, lambda query=query: part.list(query, CONTEXT))
    id = _an_id(specification, part)
    if "get" in part.methods:
        run("get", lambda: part.get(id, CONTEXT))
    if "create" in part.methods:
        report.covered = {label for each in bodies.LEAST[part.path] for label in _said(each)}
        for name, body in bodies.create_bodies(part):
            run(f"create {name}", lambda body=body: part.create(_valid(key, body), CONTEXT))
    if "update" in part.methods:
        for name, body in bodies.update_bodies(part):
            label = f"update {name}"
            run(label, lambda body=body: part.update(id, _valid(key, body), CONTEXT, replace_lines=True))
    if "delete" in part.methods:
        run("delete", lambda: part.delete(id, CONTEXT))
    for name in sorted(part.lists):
        run(name, lambda name=name: part.inside(name, id, CONTEXT))
    if part.pdf is not None:
        run("pdf", lambda: part.pdf(id, CONTEXT) if part.pdf else _never())
    if part.definitions is not None:
        run("custom fields", lambda: part.definitions(CONTEXT) if part.definitions else _never())
    for name, action in part.actions.items():
        for body in bodies.action_bodies(action.fields):
            _act(part, name, id, body, action.fields, run)
    return report


def _never() -> Flow[None]:
    return
    yield


def _act(
    part: Resource, name: str, id: str, body: dict[str, Any], model: type[BaseModel] | None, run: Any
) -> None:
    """An action, from the first status it starts from."""
    valid = model.model_validate(body).model_dump(exclude_unset=True) if model is not None else {}
    for status in STATUSES:
        refusal = run(name, lambda: part.act(name, id, valid, CONTEXT), status=status)
        if refusal is None or not refusal.startswith("conflict"):
            return


def _files(part: Attachments, run: Any) -> None:
    file = Upload("receipt.pdf", b"%PDF-1.4")
    for type in part.parents:
        run(f"list {type}", lambda type=type: part.attached(type, bodies.ID, CONTEXT))
        run(f"attach {type}", lambda type=type: part.attach(type, bodies.ID, file, CONTEXT))
        if type in part.keeping:
            continue
        run(f"get {type}", lambda type=type: part.content(type, bodies.ID, bodies.ID, CONTEXT))
        run(f"remove {type}", lambda type=type: part.detach(type, bodies.ID, bodies.ID, CONTEXT))


def _valid(key: tuple[str, str], body: dict[str, Any]) -> dict[str, Any]:
    return MODELS[key].model_validate(body).model_dump(exclude_unset=True)


def _an_id(specification: Specification, part: Resource) -> str:
    """Of a record the list tells, where that is where records are found."""
    page = Strict(specification, CONNECTOR.judge, AMENDED).run(part.list(ListQuery(), CONTEXT))
    return page.answers[0].record["id"] if page.answers else bodies.ID


def queries(part: Resource) -> Iterator[tuple[str, ListQuery]]:
    """Every filter by every operator and word, every sort key both ways, the search."""
    narrowing = next(
        (Filter(name, op, _words(entry, param)[0])
         for name, entry in filterable(part.table).items()
         for op, param in entry.params.items() if op is Op.EQ and not isinstance(param, Beside)),
        None,
    )  # fmt: skip
    for name, entry in filterable(part.table).items():
        for op, param in entry.params.items():
            for word in _words(entry, param):
                given = (Filter(name, op, (word,) if op is Op.IN else word),)
                beside = (narrowing,) if isinstance(param, Beside) and narrowing else ()
                yield f"filter {name}[{op}]", ListQuery(filters=(*given, *beside))
    for name in part.columns:
        yield f"sort {name}", ListQuery(sort=Sort(name))
        yield f"sort {name}", ListQuery(sort=Sort(name, True))
    if part.search is not None:
        yield "search", ListQuery(search="tea")


def _words(entry: Any, param: Any) -> tuple[str, ...]:
    if isinstance(param, Words):
        return tuple(param.words)
    if entry.codec.words:
        return tuple(dict.fromkeys(entry.codec.words.values()))
    plain = {"date": "2026-06-20", "instant": "2026-06-20T10:00:00Z", "money": "12.5", "rate": "12.5"}
    return ("true", "false") if entry.codec.name == "boolean" else (plain.get(entry.codec.name, bodies.ID),)
