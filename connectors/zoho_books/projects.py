"""Projects: /projects. List rows lack the budget; hours are told as "12:30", amounts as text."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.kit.actions import masters
from connectors.kit.codec import ENUM, ID, QUANTITY, TEXT, CodecError, decimal_of
from connectors.kit.custom_fields import custom_fields
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import ALWAYS, Native, Table, When, Words, field, names, ref, unmapped
from connectors.kit.operations import Context, Issue, Op, Record
from connectors.kit.reading import get_path
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import filtering
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT, MASTER_STATUS, MONEY_TEXT, spelled
from connectors.zoho_books.document_resource import IDS, scopes
from connectors.zoho_books.field_names import check_custom_fields, definitions
from connectors.zoho_books.lookups import CUSTOMERS, PROJECTS
from unified_models.projects import Project

project = names(Project)

BILLING = ENUM(
    {
        "fixed_cost_for_project": "fixed",
        "based_on_project_hours": "project_hours",
        "based_on_staff_hours": "staff_hours",
        "based_on_task_hours": "task_hours",
    }
)
BUDGET = ENUM(
    {
        "total_project_cost": "total_cost",
        "total_project_hours": "total_hours",
        "hours_per_task": "hours_per_task",
        "hours_per_staff": "hours_per_staff",
    }
)

DEFAULT_BILLING = "based_on_task_hours"
"""Zoho wants to be told; this one asks for nothing more, not even a rate."""

MINUTES = Decimal(60)


def _hours(value: Any) -> Decimal | None:
    """Hours as a number, or as hours and minutes."""
    if not isinstance(value, str) or ":" not in value:
        return QUANTITY.read(value)
    hours, _, minutes = value.partition(":")
    if not hours.isdecimal() or not minutes.isdecimal():
        raise CodecError(f"{value!r} are no hours")
    return decimal_of(hours) + (decimal_of(minutes) / MINUTES).quantize(Decimal("0.000001"))


HOURS = replace(QUANTITY, read=_hours, write=spelled)

TABLE = Table(
    Project,
    (
        field(project.id, "project_id", ID),
        field(project.created_at, "created_time", INSTANT, sort="created_time"),
        unmapped(project.updated_at, "does not tell when a project changed"),
        field(project.name, "project_name", TEXT, write=ALWAYS, sort="project_name"),
        ref(
            project.contact, "customer_id", name="customer_name", to=CUSTOMERS, write=ALWAYS, sort="customer_name",
            below={"id": filtering.only("customer_id")},
        ),
        unmapped(project.code, "has no code of a project"),
        field(project.description, "description", TEXT, write=ALWAYS),
        field(project.billing_type, "billing_type", BILLING, write=ALWAYS),
        field(project.budget_type, "budget_type", BUDGET, write=ALWAYS, detail_only=True),
        field(project.budget_amount, "budget_amount", MONEY_TEXT, write=ALWAYS, detail_only=True),
        field(project.budget_hours, "budget_hours", HOURS, write=ALWAYS, detail_only=True),
        unmapped(project.start_date, "does not tell when a project began"),
        field(
            project.status, "status", MASTER_STATUS,
            filters={Op.EQ: Words("filter_by", {"active": "Status.Active", "archived": "Status.Inactive"})},
        ),
        field(project.remote_status, "status", TEXT),
        custom_fields(project.custom_fields, CUSTOM_FIELDS),
        unmapped(project.tracking_categories, "puts reporting tags on transactions, not on projects"),
    ),
)  # fmt: skip


class Projects(Resource):
    """Zoho wants to be told who leads a project in every write."""

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        return True

    def prepare(self, draft: Draft) -> Flow[None]:
        native = draft.native
        yield from check_custom_fields(draft.body, "project")
        if draft.when is not When.CREATE:
            _keep(native, draft.current or {})
            return
        if not native.get("billing_type"):
            native["billing_type"] = DEFAULT_BILLING
            detail = "no billing type given: task_hours"
            draft.issues.append(Issue("defaulted", "/billing_type", detail, native_path="billing_type"))
        if "user_id" not in (draft.body.get("remote_data") or {}):
            step = "read who leads the project"
            reply = yield Request("GET", "/users/me", step=step, fresh_for=3600)
            native["user_id"] = get_path(reply.body, "user.user_id")

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "create": 2, "update": 2}}

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        rows.contact_side(record, "customer")


def _keep(native: Native, current: Native) -> None:
    people = current.get("users")
    leads = [each.get("user_id") for each in (people if isinstance(people, list) else ())]
    if leads and leads[0]:
        native.setdefault("user_id", str(leads[0]))


RESOURCE = Projects(
    name="projects",
    path="/projects",
    one="project",
    many="projects",
    table=TABLE,
    ids=IDS,
    actions=masters("/projects"),
    own=PROJECTS,
    scopes=scopes("projects"),
    list_query=(("filter_by", "Status.All"),),
    order="created_time",
    repeats=("project_name", "customer_id", "billing_type"),
    page_link="/app/{organization}#/timesheet/projects/{id}",
    expansions={"budget_amount": "projects", "contact": "contacts"},
    definitions=definitions("project"),
)
