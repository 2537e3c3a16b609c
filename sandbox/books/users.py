"""People who work in the organisation."""

from .call import Answer, Call, Row, done, in_use
from .fields import amount, choice, text
from .ledger import Ledger
from .listing import Listing
from .money import ZERO
from .projection import Columns
from .resource import Messages, Resource, Route, body_of

ROLES = {"000000006005": "admin", "000000006006": "staff", "000000006007": "timesheetstaff"}
_SHARED = {
    "user_id": "",
    "role_id": "",
    "name": "",
    "user_role": "staff",
    "status": "active",
}
ROW = Columns(
    stored={**_SHARED, "email": ""},
    constants={
        "photo_url": "",
        "user_type": "zoho",
        "is_customer_segmented": False,
        "is_vendor_segmented": False,
    },
    made={"is_current_user": lambda ledger, user: user["user_id"] == ledger.user["user_id"]},
)
DETAIL = Columns(
    stored={**_SHARED, "cost_rate": ZERO, "created_time": ""},
    constants={"photo_url": "", "user_type": "zoho", "is_employee": True, "custom_fields": ""},
    made={
        "email_ids": lambda ledger, user: [{"email": user["email"], "is_selected": True}],
        "is_current_user": lambda ledger, user: user["user_id"] == ledger.user["user_id"],
    },
)


def _prepare(ledger: Ledger, user: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        user["user_id"] = ledger.ids.take()
        user["role_id"] = user.get("role_id") or ledger.id("000000006006")
    user["user_role"] = ROLES.get(user["role_id"][-12:], user.get("user_role", "staff"))


def _invited(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Creating a user sends an invitation; the answer carries no user."""
    RESOURCE.add(ledger, body_of(call), call)
    return done("Your invitation has been sent.")


def _invite(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    RESOURCE.find(ledger, ids[0])
    return done("Your invitation has been sent.")


def _me(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return RESOURCE.show(ledger, ledger.user)


def _stays(ledger: Ledger, user: Row) -> None:
    admins = [one for one in ledger.users.all() if one["user_role"] == "admin" and one["status"] == "active"]
    if admins == [user]:
        raise in_use("The last administrator of an organization cannot be removed.")


RESOURCE = Resource(
    path="/users",
    table="users",
    item_key="user",
    area="settings",
    listing=Listing(
        table="users",
        list_key="users",
        report_name="Users",
        columns=ROW,
        sorts={name: name for name in ("name", "email", "user_role", "status")},
        sort_column="name",
        default_filter="Status.All",
        filter_by={
            "Active": lambda ledger, user: user["status"] == "active",
            "Inactive": lambda ledger, user: user["status"] == "inactive",
            "Invited": lambda ledger, user: user["status"] == "invited",
            "Deleted": lambda ledger, user: user["status"] == "deleted",
        },
    ),
    detail=DETAIL,
    readers={
        "name": text(100),
        "email": text(100),
        "role_id": text(30),
        "user_role": choice(("admin", "staff", "timesheetstaff")),
        "cost_rate": amount(),
    },
    required=("name", "email"),
    defaults={"status": "invited", "user_role": "staff"},
    messages=Messages(
        unknown="User does not exist.",
        created="Your invitation has been sent.",
        updated="The user information has been updated.",
        deleted="The user has been removed from your organization.",
        active="The user has been marked as active.",
        inactive="The user has been marked as inactive.",
    ),
    unique={"email": (1001, "A user with the email {} already exists in this organization.")},
    prepare=_prepare,
    blocks_delete=_stays,
    extra=(
        Route("POST", "/users", "settings.CREATE", _invited),
        Route("GET", "/users/me", "settings.READ", _me),
        Route("POST", "/users/{}/invite", "settings.CREATE", _invite),
    ),
)
ROUTES = RESOURCE.routes()
