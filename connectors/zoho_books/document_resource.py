"""The resource of a document with lines: what invoices, bills, credits and orders do alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from re import fullmatch
from typing import Any

from connectors.kit.actions import Action
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Json, Reply, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Issue, Record
from connectors.kit.paging import object_of
from connectors.kit.references import Lookup
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import document_writes
from connectors.zoho_books import documents as doc
from connectors.zoho_books.control_totals import peek
from unified_models.actions import Mail

DISCOUNTS = ("discount_amount", "discount_percentage")
"""Whether one fits, on the document or on a line, the document as it stands decides."""

IDS = r"[0-9]{1,24}"


def scopes(area: str) -> dict[str, str]:
    """Zoho's scopes of an area by verb."""
    return {verb: f"ZohoBooks.{area}.{verb.upper()}" for verb in ("create", "read", "update", "delete")}


def numbered(lookup: Lookup) -> Lookup:
    """Found by its number, which is taken once."""
    return replace(lookup, keys={"number": lookup.keys["number"]})


@dataclass(frozen=True, kw_only=True)
class Documents(Resource):
    """Numbers, discounts and addresses need more than their row; totals are checked on complete records."""

    kind: document_writes.Kind

    def prepare(self, draft: Draft) -> Flow[None]:
        yield from document_writes.prepare(draft, self.kind, [])

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        lines = body.get("line_items") or []
        discounts = any(name in part for part in (body, *lines) for name in DISCOUNTS)
        ships = body.get("shipping_amount") is not None
        return discounts or ships or super().needs_current(body, replace_lines=replace_lines)

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        answer = yield from super().create(body, ctx)
        asked, got = body.get("status"), answer.record.get("status")
        if asked == "draft" and self.statuses.get(asked) is None and got not in (None, asked):
            detail = f"sent {asked}, got {got}"
            answer.issues.append(Issue("not_applied", "/status", detail, extra={"sent": asked, "got": got}))
        return answer

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        most = 6 if self.kind.letter else 5
        mails = {name: most for name, action in self.actions.items() if action.reaches_person}
        return {**told, "calls": {**told["calls"], **mails}}

    @property
    def reckons(self) -> bool:
        return True

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if self.actions[action].reaches_person:
            body = yield from self._addressed(id, body, ctx)
            if self.kind.letter:
                body = yield from self._worded(id, body, ctx)
        return (yield from super().act(action, id, body, ctx))

    def _addressed(self, id: str, body: Record, ctx: Context) -> Flow[Record]:
        """The mail to the persons the document is for, or else to its contact, where the caller names none."""
        if body.get("to"):
            return body
        native: Json = yield from self.fetch(id, ctx, f"read whom the {self.noun} is for")
        to, side = _people(native), self.kind.side
        if not to and not native.get("email"):
            contact = yield from peek(f"/contacts/{native.get(f'{side}_id')}", "contact", f"the {side}")
            to = [contact["email"]] if contact is not None and contact.get("email") else []
        return {**body, "to": to} if to else body

    def _worded(self, id: str, body: Record, ctx: Context) -> Flow[Record]:
        """The mail with the words of the company's template where the caller gives none."""
        if body.get("subject") and body.get("body"):
            return body
        try:
            reply = yield Request("GET", f"{self.at(id)}/email", step="read how the mail is worded")
        except Fault as fault:
            if fault.kind not in (Kind.NOT_FOUND, Kind.METHOD):
                raise
            return body  # the mail itself tells what is missing
        told = object_of(reply.body, "data") or object_of(reply.body, self.one) or {}
        words = {name: body.get(name) or told.get(name) for name in ("subject", "body")}
        return {**body, **{name: str(word) for name, word in words.items() if word}}

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        rows.contact_side(record, self.kind.side)
        if detail:
            doc.settle_totals(record, native, issues)


def verb(name: str, path: str, doc: str, *allowed: str, **more: Any) -> Action:
    """An action `path` below the record, possible in the `allowed` statuses."""
    return Action(name=name, doc=doc, path=path, allowed_from=frozenset(allowed), **more)


def verbs(path: str, *actions: Action) -> dict[str, Action]:
    """Actions by name, their paths below one record of the collection at `path`."""
    return {each.name: replace(each, path=f"{path}/{{id}}/{each.path}") for each in actions}


def _people(native: Native) -> list[str]:
    """The addresses of the persons a document is for."""
    for name in ("contact_persons_associated", "contact_persons_details", "contact_person_details"):
        people = native.get(name)
        found = [
            str(each["email"])
            for each in (people if isinstance(people, list) else ())
            if isinstance(each, dict) and each.get("email")
        ]
        if found:
            return found
    return []


def mail(name: str, path: str, doc: str, *allowed: str) -> Action:
    """An action that mails the document to the contact."""
    return verb(name, path, doc, *allowed, fields=Mail, reaches_person=True, body=_letter, reads=True)


def _letter(body: Any, native: Json, ctx: Context) -> Json:
    """Zoho wants addresses; the one on the document stands in when the caller names none."""
    to = body.get("to") or [each for each in (native.get("email"),) if each]
    if not to:
        raise Rejected(FieldError("required", "/to", "the document names no address; say whom to write to"))
    given = {"to_mail_ids": to, "subject": body.get("subject"), "body": body.get("body")}
    return {name: value for name, value in given.items() if value}


def reminder(body: Any, native: Json, ctx: Context) -> Json:
    """Zoho asks whom a reminder is copied to, if to nobody."""
    return {**_letter(body, native, ctx), "cc_mail_ids": []}


def printer(path: str, noun: str) -> Callable[[str, Context], Flow[Reply]]:
    """The PDF of one record of the collection at `path`, as Zoho prints it."""

    def pdf(id: str, ctx: Context) -> Flow[Reply]:
        if not fullmatch(IDS, id):
            raise Fault(Kind.NOT_FOUND, message="no such record", phase="idle")
        accept = (("accept", "pdf"),)
        return (yield Request("GET", f"{path}/{id}", accept, expect="bytes", step=f"print the {noun}"))

    return pdf
