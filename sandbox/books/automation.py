"""Settings → Automation: webhooks, and the workflow rules that fire them.

Documented (zoho.com/books/api/v3/webhooks and …/workflows, the help pages): the paths of create, list, get,
update and delete, the scopes, the names and lengths of the arguments, POST, PUT or DELETE as method, `url`
and of a rule name, type and entity as required, activating and deactivating; 200 rules in an organisation and
10 in a module, one webhook in a rule, and none at all below the Professional plan.

Seen in clients of the service: `rule_type` add, edit, add_edit, delete; `instant_actions` of
`{action_type, action_id}`, alone or inside `sub_rules`; code 107051 for a name that is taken;
`related_rules`, which is "" for a webhook no rule uses, and no header values in the list.

Assumed: that name and entity of a webhook are required too, as on the page of the settings; `body_type` of a
form; the paths .../active and .../inactive; that a secret is never shown; the other codes and all messages.

Conditions are not imitated: a rule that has some is refused, as it would fire too often here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from .call import Answer, Call, Refused, Row, done, in_use, invalid
from .fields import boolean, choice, objects, one_id, text
from .ledger import Ledger
from .listing import Listing
from .modules import MODULES
from .projection import Columns
from .resource import Handle, Messages, Resource, Route

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ACTIONS = ("alert", "fieldupdate", "webhook", "customfunction", "pushnotification")
RULE_TYPES: dict[str, tuple[str, ...]] = {
    "add": ("add",),
    "edit": ("edit",),
    "add_edit": ("add", "edit"),
    "delete": ("delete",),
}
"""What happens to a record, by the type of the rules it triggers."""


def _url(ledger: Ledger, value: Any, name: str) -> str:
    found = text(5000)(ledger, value, name)
    try:
        parts = urlsplit(found)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        raise invalid(name) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(name)
    return found


def _secret(ledger: Ledger, value: Any, name: str) -> str:
    found = text()(ledger, value, name)
    if found and not (12 <= len(found) <= 50 and found.isascii() and found.isalnum()):
        raise invalid(name)
    return found


def _pairs(ledger: Ledger, value: Any, name: str) -> list[Row]:
    read = text()
    pairs = [
        {key: read(ledger, entry.get(key), name) for key in ("param_name", "param_value")}
        for entry in objects(value, name)
    ]
    if not all(pair["param_name"] for pair in pairs):
        raise invalid(name)
    return pairs


def _nothing(ledger: Ledger, value: Any, name: str) -> Any:
    if value not in (None, "", [], {}):
        raise invalid(name)
    return value


def _names(ledger: Ledger, value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise invalid(name)
    return value


def _actions(ledger: Ledger, value: Any, name: str) -> list[Row]:
    found: list[Row] = []
    for entry in objects(value, name):
        kind = choice(ACTIONS)(ledger, entry.get("action_type"), "action_type")
        found.append({"action_type": kind, "action_id": one_id(entry.get("action_id"), "action_id")})
    return found


def _sub_rules(ledger: Ledger, value: Any, name: str) -> list[Row]:
    for entry in objects(value, name):
        for condition in ("rule", "time_based_actions"):
            _nothing(ledger, entry.get(condition), condition)
    return [
        {"index": index, "instant_actions": _actions(ledger, entry.get("instant_actions"), "instant_actions")}
        for index, entry in enumerate(objects(value, name), 1)
    ]


def _related_rules(ledger: Ledger, webhook: Row) -> list[Row] | str:
    return [
        {"workflow_id": rule["workflow_id"], "workflow_name": rule["workflow_name"]}
        for rule in ledger.tables["workflows"].all()
        if webhook["webhook_id"] in webhooks_of(rule)
    ] or ""


def _unused(ledger: Ledger, webhook: Row) -> None:
    if _related_rules(ledger, webhook):
        raise in_use("Webhooks that are associated with workflow rules cannot be deleted.")


def webhooks_of(rule: Row) -> list[str]:
    """Ids of the webhooks a rule fires."""
    lists = (rule["instant_actions"], *(sub["instant_actions"] for sub in rule["sub_rules"]))
    ids = (action["action_id"] for each in lists for action in each if action["action_type"] == "webhook")
    return list(dict.fromkeys(ids))


def _nameless(pairs: str) -> Callable[[Ledger, Row], list[Row]]:
    return lambda ledger, webhook: [{**pair, "param_value": ""} for pair in webhook[pairs]]


PAIRS = ("entity_parameters", "additional_parameters", "query_parameters", "headers", "form_data")
_TEXTS = ("webhook_name", "description", "entity", "method", "url", "body_type", "raw_data")
_WEBHOOK = Columns(
    stored={
        **dict.fromkeys(("webhook_id", *_TEXTS, "placeholder", "created_time", "last_modified_time"), ""),
        **dict.fromkeys(("is_hidden", "is_new_response_format"), False),
        **dict.fromkeys((*PAIRS, "events"), ""),
    },
    made={"related_rules": _related_rules},
)
WEBHOOKS = Resource(
    path="/settings/webhooks",
    table="webhooks",
    item_key="webhook",
    area="settings",
    listing=Listing(
        table="webhooks",
        list_key="webhooks",
        report_name="Webhooks",
        columns=_WEBHOOK.with_more(Columns(made={"headers": _nameless("headers")})),
        sorts={"webhook_name": "webhook_name", "created_time": "created_time"},
        sort_column="webhook_name",
    ),
    detail=_WEBHOOK,
    readers={
        "webhook_name": text(50),
        "description": text(100),
        "entity": choice(MODULES),
        "method": choice(("POST", "PUT", "DELETE")),
        "url": _url,
        "body_type": choice(("", JSON, FORM)),
        "raw_data": text(100_000),
        "secret": _secret,
        "events": _names,
        "placeholder": text(),
        "is_hidden": boolean,
        "is_new_response_format": boolean,
        **dict.fromkeys(PAIRS, _pairs),
    },
    required=("url", "webhook_name", "entity"),
    defaults={"method": "POST", "body_type": "", "raw_data": "", "secret": "", "events": []}
    | {name: [] for name in PAIRS},
    unique={"webhook_name": (107051, 'The webhook "{}" already exists.')},
    messages=Messages(
        unknown="Webhook does not exist.",
        created="The webhook has been created.",
        updated="The webhook has been updated.",
        deleted="The webhook has been deleted.",
    ),
    blocks_delete=_unused,
)


def _admit(ledger: Ledger, rule: Row, body: Row, call: Call, is_new: bool) -> None:
    """Refuses a rule that goes beyond the limits or whose webhook is none of its module."""
    limits, others = ledger.allowances, list(ledger.tables["workflows"].all())
    if is_new and limits.rules is not None and len(others) >= limits.rules:
        raise Refused(107052, f"You can create only {limits.rules} workflow rules in your plan.")
    beside = [
        other
        for other in others
        if other["entity"] == rule["entity"] and other["workflow_id"] != rule["workflow_id"]
    ]
    most = limits.rules_per_module
    if most is not None and len(beside) >= most and (is_new or "entity" in body):
        raise Refused(107052, f"You can create only {most} workflow rules for a module.")
    webhooks = webhooks_of(rule)
    if len(webhooks) > 1:
        raise Refused(107052, "You can associate only one webhook with a workflow rule.")
    for webhook_id in webhooks:
        webhook = WEBHOOKS.find(ledger, webhook_id)
        if webhook["entity"] != rule["entity"]:
            raise invalid("action_id")


def _rewatch(ledger: Ledger, *_: Row | None) -> None:
    """Keeps an eye on the tables active rules are about, and on no others."""
    active = (rule for rule in ledger.tables["workflows"].all() if rule["is_active"])
    ledger.watch({MODULES[rule["entity"]].table for rule in active})


_WORKFLOW = Columns(
    stored={
        **dict.fromkeys(("workflow_id", "workflow_name", "description", "rule_type", "entity"), ""),
        **dict.fromkeys(("created_time", "last_modified_time"), ""),
        "is_active": True,
        "apply_rule_always": True,
        "field_update_comparator": "any",
    }
)
WORKFLOWS = Resource(
    path="/settings/workflows",
    table="workflows",
    item_key="workflow",
    area="settings",
    listing=Listing(
        table="workflows",
        list_key="workflows",
        report_name="Workflows",
        columns=_WORKFLOW,
        sorts={"workflow_name": "workflow_name", "created_time": "created_time"},
        sort_column="created_time",
    ),
    detail=_WORKFLOW.with_more(
        Columns(
            stored={"instant_actions": [], "sub_rules": []},
            constants={"rule": {}, "field_update": [], "time_based_actions": []},
        )
    ),
    readers={
        "workflow_name": text(100),
        "description": text(1000),
        "rule_type": choice(RULE_TYPES),
        "entity": choice(MODULES),
        "apply_rule_always": boolean,
        "field_update_comparator": choice(("and", "or", "any", "except_or", "except_and")),
        "instant_actions": _actions,
        "sub_rules": _sub_rules,
        **dict.fromkeys(("rule", "field_update", "time_based_actions"), _nothing),
    },
    required=("workflow_name", "rule_type", "entity"),
    defaults={"is_active": True, "instant_actions": [], "sub_rules": []},
    messages=Messages(
        unknown="Workflow does not exist.",
        created="The workflow has been created.",
        updated="The workflow has been updated.",
        deleted="The workflow has been deleted.",
    ),
    prepare=_admit,
    stored=_rewatch,
    removed=_rewatch,
)


def _turn(active: bool) -> Handle:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        rule = WORKFLOWS.find(ledger, ids[0])
        rule |= {"is_active": active, "last_modified_time": ledger.now()}
        ledger.tables["workflows"].changed(rule)
        _rewatch(ledger)
        return done(f"The workflow has been marked as {'active' if active else 'inactive'}.")

    return handle


def _guarded(handle: Handle) -> Handle:
    def guarded(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        if (refusal := ledger.allowances.refusal(ledger.profile.plan_name)) is not None:
            raise refusal
        return handle(ledger, call, ids)

    return guarded


ROUTES = tuple(
    replace(route, handle=_guarded(route.handle))
    for route in (
        *WEBHOOKS.routes(),
        *WORKFLOWS.routes(),
        Route("POST", "/settings/workflows/{}/active", "settings.CREATE", _turn(True)),
        Route("POST", "/settings/workflows/{}/inactive", "settings.CREATE", _turn(False)),
    )
)
