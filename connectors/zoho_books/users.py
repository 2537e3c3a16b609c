"""Users: /users. Creating one invites that person by mail. `me` is the user who connected the company."""

from collections.abc import Sequence
from typing import Any

from connectors.kit.actions import Action, masters
from connectors.kit.codec import BOOL, ENUM, ID, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import Fault, FieldError, Kind
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Json, Reply, Request
from connectors.kit.mapping import ALWAYS, Native, Table, Words, computed, field, names, unmapped
from connectors.kit.operations import Answer, Context, ListQuery, Op, Record
from connectors.kit.paging import merged_query, one_of
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
        field(user.name, "name", TEXT, write=ALWAYS, sort="name"),
        unmapped(user.username, "signs users in by their email address"),
        computed(user.emails, _emails, uses=("email", "email_ids"), put=_put_emails, write=ALWAYS),
        unmapped(user.phones, "keeps no phone numbers of users"),
        field(
            user.status, "status", ENUM(_STATUS), sort="status",
            filters={Op.EQ: Words("filter_by", {word: f"Status.{word.title()}" for word in _STATUS})},
        ),
        unmapped(user.is_email_verified, "does not tell whether an address is confirmed"),
        unmapped(user.is_2fa_enabled, "does not tell about second factors"),
        field(user.is_current, "is_current_user", BOOL),
        computed(user.roles, _roles, uses=("role_id", "user_role"), put=_put_roles, write=ALWAYS),
        unmapped(user.groups, "has no groups of users"),
        computed(user.organizations, _organizations),
        unmapped(user.workspaces, "has no workspaces"),
        custom_fields(user.custom_fields, CUSTOM_FIELDS),
        unmapped(user.tracking_categories, "puts reporting tags on transactions, not on users"),
    ),
)  # fmt: skip


ME = "me"


class Users(Resource):
    """People who are invited, and one who is asking.

    A single record may tell the address, which every change repeats, in a list only.
    """

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        found = yield from super().fetch(id, ctx, step)
        if not found.get("email") and (told := _emails(found, ctx)):
            _put_emails(told, found, ctx)
        return found

    def lacking(self, body: Record) -> Sequence[FieldError]:
        wanted = (name for name in ("name", "emails") if not body.get(name))
        return tuple(FieldError("required", f"/{name}", "an invitation needs it") for name in wanted)

    def get(self, id: str, ctx: Context) -> Flow[Answer]:
        if id != ME:
            return (yield from super().get(id, ctx))
        reply = yield Request("GET", f"{self.path}/{ME}", merged_query((), ctx), step="read who is asking")
        return self.read({"is_current_user": True, **self.unwrap(reply)}, ctx)

    def made(self, reply: Reply, draft: Draft) -> Flow[Json]:
        """Zoho says no more than that the invitation was sent; the list then has the user."""
        found = one_of(reply.body, self.one, self.id_key)
        if found is not None:
            return found
        email, query = str(draft.native["email"]).casefold(), ListQuery(limit=200)
        while True:
            page = yield from self.list(query, draft.ctx)
            for answer in page.answers:
                if str((answer.native or {}).get("email")).casefold() == email:
                    return answer.native
            if page.next is None:
                raise Fault(Kind.GARBLED, reply.status, message="the list lacks the user", raw=reply.body)
            query = ListQuery(limit=200, position=page.next)


RESOURCE = Users(
    name="users",
    path="/users",
    one="user",
    many="users",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=masters("/users", idle="inactive")
    | {
        "invite": Action(
            name="invite", doc="Mails the invitation again.", path="/users/{id}/invite",
            reaches_person=True, allowed_from=frozenset({"invited"}),
        ),
    },
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("read", "create", "update", "delete")},
    list_query=(("filter_by", "Status.All"),),
    order="name",
    repeats=("name", "email"),
    expansions={"created_at": "users"},
)  # fmt: skip
