"""Users: /users.

Creating a user sends an invitation, and nothing here may reach a person by accident: users are not created.
"""

from typing import Any

from connectors.kit.actions import masters
from connectors.kit.codec import BOOL, ENUM, ID, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.mapping import UPDATE, Native, Table, Words, computed, field, names, unmapped
from connectors.kit.operations import Context, Op
from connectors.kit.resource import Resource
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT
from unified_models.users import User

user = names(User)

_STATUS = {word: word for word in ("active", "inactive", "invited", "deleted")}


def _emails(native: Native, ctx: Context) -> Any:
    """Lists tell one address, single records all of them with the one in use marked."""
    found = native.get("email_ids")
    if isinstance(found, list) and found:
        rows = [each for each in found if isinstance(each, dict) and each.get("email")]
        return [
            {"email": each["email"], "type": None, "is_primary": flag(each.get("is_selected")) is True}
            for each in rows
        ]
    email = native.get("email")
    return [{"email": email, "type": None, "is_primary": True}] if email else []


def _put_emails(value: Any, native: Native, ctx: Context) -> None:
    chosen = next((each for each in value if each.get("is_primary")), value[0] if value else None)
    if chosen is not None:
        native["email"] = chosen.get("email")


def _first(native: Native, ctx: Context) -> str | None:
    """Zoho keeps one name; its last word is taken for the family name."""
    return _full(native).rpartition(" ")[0] or _full(native) or None


def _last(native: Native, ctx: Context) -> str | None:
    first, _, last = _full(native).rpartition(" ")
    return last if first else None


def _full(native: Native) -> str:
    return " ".join(str(native.get("name") or "").split())


def _roles(native: Native, ctx: Context) -> Any:
    id, name = native.get("role_id") or None, native.get("user_role") or None
    return [{"id": id, "name": name, "group": None}] if id or name else []


def _put_roles(value: Any, native: Native, ctx: Context) -> None:
    if value and value[0].get("id"):
        native["role_id"] = value[0]["id"]


def _organizations(native: Native, ctx: Context) -> Any:
    return [{"id": ctx.organization_id, "name": ctx.organization_name}]


TABLE = Table(
    User,
    (
        field(user.id, "user_id", ID),
        field(user.created_at, "created_time", INSTANT, detail_only=True),
        unmapped(user.updated_at, "does not tell when a user last changed"),
        unmapped(user.external_id, "keeps no foreign ids of users"),
        unmapped(user.identifiers, "keeps no further ids of users"),
        computed(user.first_name, _first, uses=("name",)),
        computed(user.last_name, _last, uses=("name",)),
        unmapped(user.title, "keeps no positions of users"),
        field(user.name, "name", TEXT, write=UPDATE, sort="name"),
        unmapped(user.username, "signs users in by their email address"),
        computed(user.emails, _emails, uses=("email", "email_ids"), put=_put_emails, write=UPDATE),
        unmapped(user.phones, "keeps no phone numbers of users"),
        field(
            user.status, "status", ENUM(_STATUS), sort="status",
            filters={Op.EQ: Words("filter_by", {word: f"Status.{word.title()}" for word in _STATUS})},
        ),
        unmapped(user.is_email_verified, "does not tell whether an address is confirmed"),
        unmapped(user.is_2fa_enabled, "does not tell about second factors"),
        field(user.is_current, "is_current_user", BOOL),
        computed(user.roles, _roles, uses=("role_id", "user_role"), put=_put_roles, write=UPDATE),
        unmapped(user.groups, "has no groups of users"),
        computed(user.organizations, _organizations),
        unmapped(user.workspaces, "has no workspaces"),
        custom_fields(user.custom_fields, CUSTOM_FIELDS),
        unmapped(user.tracking_categories, "puts reporting tags on transactions, not on users"),
    ),
)  # fmt: skip


RESOURCE = Resource(
    name="users",
    path="/users",
    one="user",
    many="users",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    methods=frozenset({"list", "get", "update", "delete"}),
    actions=masters("/users", idle="inactive"),
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("read", "update", "delete")},
    list_query=(("filter_by", "Status.All"),),
    order="name",
    expansions={"created_at": "users"},
)
