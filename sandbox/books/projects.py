"""Projects with their people and tasks."""

from decimal import Decimal
from typing import Any

from .call import Answer, Call, Refused, Row, done, in_use, missing
from .customfields import page_context
from .document_actions import Desk
from .fields import amount, choice, objects, one_id, read_all, ref, text
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ZERO, rounded
from .projection import Columns
from .resource import Messages, Resource, Route, body_of

BILLING = (
    "fixed_cost_for_project", "based_on_project_hours", "based_on_staff_hours", "based_on_task_hours",
)  # fmt: skip
BUDGETS = ("", "total_project_cost", "total_project_hours", "hours_per_task", "hours_per_staff")
UNKNOWN = "Project does not exist."
_TASK = {"task_name": text(100), "description": text(500), "rate": amount(), "budget_hours": text(20)}
_PERSON = {"rate": amount(), "budget_hours": text(20), "cost_rate": amount()}


def _customer(ledger: Ledger, project: Row) -> str:
    return ledger.contacts.rows[project["customer_id"]]["contact_name"]


def _currency(ledger: Ledger, project: Row) -> Row:
    return ledger.currency(project["currency_id"])


BOTH = Columns(
    stored={
        "project_id": "",
        "project_name": "",
        "customer_id": "",
        "description": "",
        "status": "active",
        "billing_type": "",
        "rate": ZERO,
        "created_time": "",
    },
    constants={"total_hours": "00:00", "billable_hours": "00:00"},
    made={
        "customer_name": _customer,
        "currency_code": lambda ledger, one: _currency(ledger, one)["currency_code"],
    },
)
ROW = BOTH.with_more(
    Columns(made={"has_attachment": lambda ledger, one: one["project_id"] in ledger.attachments})
)


def _lines(ledger: Ledger, project: Row) -> list[tuple[Row, Row]]:
    """The lines of issued invoices that name the project."""
    return [
        (invoice, line)
        for invoice in ledger.invoices.linked("customer_id", project["customer_id"])
        if invoice["status"] != "void"
        for line in invoice["line_items"]
        if line.get("project_id") == project["project_id"]
    ]


def _amounts(ledger: Ledger, project: Row) -> Row:
    """Some of these are text with the places of the currency, as the service writes them."""
    billed: Decimal = sum((line["item_total"] for _, line in _lines(ledger, project)), ZERO)
    places = _currency(ledger, project)["price_precision"]
    fixed = project["billing_type"] == BILLING[0]
    left = max(project["rate"] - billed, ZERO) if fixed else ZERO
    return {
        "billed_amount": str(rounded(billed, places)),
        "un_billed_amount": str(rounded(left, 3)),
        "total_amount": str(rounded(project["rate"] if fixed else billed, places)),
        "billable_amount": str(rounded(left, places)),
        "non_billable_amount": str(rounded(ZERO, places)),
        "cost_budget_amount": str(rounded(project.get("cost_budget_amount", ZERO), places)),
        "budget_amount": project.get("budget_amount", ZERO),
        "is_expense_inclusive": 0,
    }


def _person(ledger: Ledger, one: Row) -> Row:
    user: Row = ledger.users.get(one["user_id"]) or {}
    return {
        "user_id": one["user_id"],
        "is_current_user": one["user_id"] == ledger.user["user_id"],
        "user_name": user.get("name", ""),
        "email": user.get("email", ""),
        "user_role": user.get("user_role", "staff"),
        "status": user.get("status", "active"),
        **{name: one.get(name, "") for name in _PERSON},
    }


def _task(ledger: Ledger, project: Row, task: Row) -> Row:
    hours = dict.fromkeys(("total_hours", "billed_hours", "un_billed_hours", "non_billable_hours"), "00:00")
    return {**task, **hours, "status": "active", "is_billable": True, "task_custom_fields": ""}


DETAIL = BOTH.with_more(
    Columns(
        stored={"budget_type": "", "budget_hours": "", "currency_id": "", "tags": []},
        constants={
            **dict.fromkeys(("billed_hours", "un_billed_hours", "non_billable_hours"), "00:00"),
            "is_recurrence_associated": False,
            "recurring_invoices": [],
            "show_in_dashboard": False,
            "custom_fields": [],
        },
        made={
            "tasks": lambda ledger, one: [_task(ledger, one, task) for task in one["tasks"]],
            "users": lambda ledger, one: [_person(ledger, each) for each in one["users"]],
        },
        spread=(_amounts,),
    )
)


def _prepare(ledger: Ledger, project: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        project["project_id"] = ledger.ids.take()
        project["users"], project["tasks"] = [], []
    contact = ledger.contacts.rows[project["customer_id"]]
    if contact["contact_type"] != "customer":
        raise Refused(1002, "Customer does not exist.", 404)
    project["currency_id"] = project.get("currency_id") or contact["currency_id"]
    if "tasks" in body:
        entries = objects(body["tasks"], "tasks")
        project["tasks"] = [_new_task(ledger, project, entry) for entry in entries]
    if "users" in body:
        project["users"] = [_new_person(ledger, entry) for entry in objects(body["users"], "users")]
    lead = one_id(body.get("user_id") or "", "user_id")
    if lead and all(one["user_id"] != lead for one in project["users"]):
        project["users"] = [*project["users"], {"user_id": lead}]


def _new_task(ledger: Ledger, project: Row, entry: Row) -> Row:
    if not entry.get("task_name"):
        raise missing("task_name")
    blank: Row = {"description": "", "rate": ZERO, "budget_hours": "0"}
    key = ledger.ids.take_beside(project["project_id"])
    return {"task_id": key, **blank, **read_all(ledger, entry, _TASK)}


def _new_person(ledger: Ledger, entry: Row) -> Row:
    key = one_id(entry.get("user_id") or "", "user_id")
    ledger.must("users", key, "User does not exist.")
    return {"user_id": key, **read_all(ledger, entry, _PERSON)}


def _deletable(ledger: Ledger, project: Row) -> None:
    key = project["project_id"]
    spent = any(one["project_id"] == key for one in ledger.tables["expenses"].all())
    if spent or _lines(ledger, project):
        raise in_use("Projects that are used in transactions cannot be deleted.")


def _clone(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    source, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    names = (
        "customer_id",
        "billing_type",
        "rate",
        "budget_type",
        "budget_hours",
        "description",
        "currency_id",
    )
    copied = {name: source[name] for name in names if name in source}
    made = RESOURCE.add(ledger, {**copied, **body}, call)
    made["users"] = [dict(one) for one in source["users"]]
    made["tasks"] = [_new_task(ledger, made, task) for task in source["tasks"]]
    answer = RESOURCE.show(ledger, made, "Project has been cloned successfully.")
    answer.status = 201
    return answer


def _people(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    project = RESOURCE.find(ledger, ids[0])
    return done(users=[_person(ledger, one) for one in project["users"]])


def _assign(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    project = RESOURCE.find(ledger, ids[0])
    found = [_new_person(ledger, entry) for entry in objects(body_of(call).get("users"), "users")]
    if not found:
        raise missing("users")
    kept = [one for one in project["users"] if one["user_id"] not in {each["user_id"] for each in found}]
    project["users"] = [*kept, *found]
    ledger.tables["projects"].changed(project)
    answer = done("Users added", users=[_person(ledger, one) for one in found])
    answer.status = 201
    return answer


def _in(project: Row, part: str, name: str, key: str) -> Row:
    for one in project[part]:
        if one[name] == key:
            return one
    raise Refused(1002, f"{'User' if part == 'users' else 'Task'} does not exist.", 404)


def _one_person(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(user=_person(ledger, _in(RESOURCE.find(ledger, ids[0]), "users", "user_id", ids[1])))


def _remove(part: str, name: str, message: str) -> Any:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        project = RESOURCE.find(ledger, ids[0])
        gone = _in(project, part, name, ids[1])
        project[part] = [one for one in project[part] if one is not gone]
        ledger.tables["projects"].changed(project)
        return done(message)

    return handle


def _tasks(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    project = RESOURCE.find(ledger, ids[0])
    shared: Row = {
        name: project[name] for name in ("project_id", "currency_id", "customer_id", "project_name")
    }
    shared["customer_name"] = _customer(ledger, project)
    hours = dict.fromkeys(("billed_hours", "log_time", "un_billed_hours"), "00:00")
    rows = [
        {**shared, "task_id": one["task_id"], "task_name": one["task_name"], **hours}
        for one in project["tasks"]
    ]
    context = {"page": 1, "per_page": 200, "has_more_page": False, "report_name": "Projects"}
    return done(tasks=rows, page_context=context)


def _add_task(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    project = RESOURCE.find(ledger, ids[0])
    task = _new_task(ledger, project, body_of(call))
    project["tasks"] = [*project["tasks"], task]
    ledger.tables["projects"].changed(project)
    answer = done("The project information has been updated.", task=_task(ledger, project, task))
    answer.status = 201
    return answer


def _one_task(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    project = RESOURCE.find(ledger, ids[0])
    return done(task=_task(ledger, project, _in(project, "tasks", "task_id", ids[1])))


def _change_task(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    project = RESOURCE.find(ledger, ids[0])
    task = _in(project, "tasks", "task_id", ids[1])
    task.update(read_all(ledger, body_of(call), _TASK))
    return done("The project task information has been updated.", task=_task(ledger, project, task))


def _invoices(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    names = (
        "invoice_id",
        "invoice_number",
        "reference_number",
        "date",
        "due_date",
        "total",
        "balance",
        "status",
    )
    found = {invoice["invoice_id"]: invoice for invoice, _ in _lines(ledger, RESOURCE.find(ledger, ids[0]))}
    rows = [{name: one[name] for name in names} for one in found.values()]
    context = {"page": 1, "per_page": 200, "has_more_page": False, "report_name": "Invoices"}
    return done(invoices=rows, page_context=context)


RESOURCE = Resource(
    path="/projects",
    table="projects",
    item_key="project",
    area="projects",
    entity="project",
    listing=Listing(
        table="projects",
        list_key="projects",
        report_name="Projects",
        columns=ROW,
        sorts={
            "customer_name": _customer,
            **{name: name for name in ("project_name", "rate", "created_time")},
        },
        sort_column="project_name",
        default_filter="Status.All",
        filters={"customer_id": Filter("exact", "customer_id")},
        filter_by={
            "Active": lambda ledger, one: one["status"] == "active",
            "Inactive": lambda ledger, one: one["status"] == "inactive",
        },
        context=page_context("project"),
        depends=("contacts",),
    ),
    detail=DETAIL,
    readers={
        "project_name": text(100),
        "customer_id": ref("contacts", "Customer does not exist."),
        "currency_id": ref("currencies", "Currency does not exist."),
        "description": text(500),
        "billing_type": choice(BILLING),
        "budget_type": choice(BUDGETS),
        "rate": amount(places=3),
        "budget_hours": text(20),
        "budget_amount": amount(),
        "cost_budget_amount": amount(),
    },
    required=("project_name", "customer_id", "billing_type"),
    defaults={"status": "active", "description": "", "rate": ZERO, "budget_type": ""},
    messages=Messages(
        unknown=UNKNOWN,
        created="The project has been created.",
        updated="The project information has been updated.",
        deleted="The project has been deleted.",
        active="The selected Projects have been marked as active.",
        inactive="The selected projects have been marked as inactive.",
    ),
    unique={"project_name": (1001, 'The project "{}" already exists.')},
    prepare=_prepare,
    blocks_delete=_deletable,
    removed=lambda ledger, project: ledger.drop_history(project["project_id"]),
    has_tags=True,
    upserts=True,
)
DESK = Desk(RESOURCE, "Project", "project_name")
_USER, _TASKS = "/projects/{}/users", "/projects/{}/tasks"
ROUTES = (
    *RESOURCE.routes(),
    *DESK.comments(methods="GET POST DELETE"),
    Route("POST", "/projects/{}/clone", "projects.CREATE", _clone),
    Route("GET", "/projects/{}/invoices", "projects.READ", _invoices),
    Route("GET", _USER, "projects.READ", _people),
    Route("POST", _USER, "projects.CREATE", _assign),
    Route("GET", f"{_USER}/{{}}", "projects.READ", _one_person),
    Route("DELETE", f"{_USER}/{{}}", "projects.DELETE", _remove("users", "user_id", "The staff has been removed")),
    Route("GET", _TASKS, "projects.READ", _tasks),
    Route("POST", _TASKS, "projects.CREATE", _add_task),
    Route("GET", f"{_TASKS}/{{}}", "projects.READ", _one_task),
    Route("PUT", f"{_TASKS}/{{}}", "projects.UPDATE", _change_task),
    Route(
        "DELETE", f"{_TASKS}/{{}}", "projects.DELETE",
        _remove("tasks", "task_id", "The project task has been deleted successfully."),
    ),
)  # fmt: skip
