"""What can be done to any document besides writing it: status, mail, comments, addresses, paper."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import pdf
from .addresses import merged
from .call import Answer, Call, Refused, Row, done, missing
from .fields import text
from .ledger import TEMPLATE, Ledger
from .money import formatted
from .persons import primary
from .resource import Resource, Route, body_of, id_list

Change = Callable[[Ledger, Row], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Makes the routes of one resource. `noun` is what messages call a record; `party` who it is for."""

    resource: Resource
    noun: str
    number: str
    party: str = "customer_id"

    @property
    def _path(self) -> str:
        return self.resource.path

    def _route(self, method: str, path: str, verb: str, handle: Callable[..., Answer]) -> Route:
        return Route(method, f"{self._path}/{path}", f"{self.resource.area}.{verb}", handle)

    def refuse(self, record: Row, message: str) -> Refused:
        """A change of status that cannot be; the message may name the number as {}."""
        return Refused(1007, message.format(record[self.number]))

    def touch(self, ledger: Ledger, record: Row, said: str = "") -> None:
        record["last_modified_time"] = ledger.now()
        record["last_modified_by_id"] = ledger.user["user_id"]
        table = ledger.tables[self.resource.table]
        table.changed(record)
        if said:
            ledger.comment(record[table.key], said)

    def action(self, path: str, change: Change, message: str) -> Route:
        """POST /…/{id}/<path> that changes one record."""

        def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            record = self.resource.find(ledger, ids[0])
            change(ledger, record)
            self.touch(ledger, record, message)
            return done(message)

        return self._route("POST", f"{{}}/{path}", "CREATE", handle)

    def bulk(self, path: str, parameter: str, change: Change, message: str) -> Route:
        """The same on several, all or nothing."""

        def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            found = [self.resource.find(ledger, each) for each in id_list(call, parameter)]
            for record in found:
                change(ledger, dict(record))
            for record in found:
                change(ledger, record)
                self.touch(ledger, record, message)
            return done(message)

        return self._route("POST", path, "CREATE", handle)

    def mail(self, sent: Change, message: str, *, wrapped: bool = False) -> tuple[Route, Route]:
        """POST and GET /…/{id}/email; `sent` marks the record, `wrapped` puts the letter under `data`."""

        def post(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            record = self.resource.find(ledger, ids[0])
            if call.malformed:
                body_of(call)
            body: Row = call.body if isinstance(call.body, dict) else {}
            given = body.get("to_mail_ids")
            own = primary(ledger.contacts.rows[record[self.party]]).get("email", "")
            if not (given if isinstance(given, list) else []) and not own:
                raise missing("to_mail_ids")
            first = not record.get("is_emailed", False)
            sent(ledger, record)
            record["is_emailed"] = True
            self.touch(ledger, record, message)
            return done(message, is_first_email=first)

        def get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            letter = self._letter(ledger, self.resource.find(ledger, ids[0]))
            return done(data=letter) if wrapped else done(**letter)

        return (
            self._route("POST", "{}/email", "CREATE", post),
            self._route("GET", "{}/email", "READ", get),
        )

    def _letter(self, ledger: Ledger, record: Row) -> Row:
        contact = ledger.contacts.rows[record[self.party]]
        keys = ("contact_person_id", "first_name", "last_name", "salutation", "email", "phone", "mobile")
        number = record[self.number]
        return {
            "subject": f"{self.noun} {number} from {ledger.profile.name}",
            "body": f"Dear customer,<br><br>{self.noun} {number} is attached.<br>",
            "customer_id": record[self.party],
            "file_name": f"{number}.pdf",
            "error_list": [],
            "emailtemplates": [
                {"selected": True, "name": "Default", "email_template_id": ledger.id("000000000067")}
            ],
            "from_emails": [
                {"user_name": ledger.user["name"], "email": ledger.user["email"], "selected": True}
            ],
            "to_contacts": [
                {**{key: one.get(key, "") for key in keys}, "selected": one["is_primary_contact"]}
                for one in contact["persons"]
            ],
        }

    def comments(
        self, *, created: str = "Comments added.", methods: str = "GET POST PUT DELETE"
    ) -> list[Route]:
        """The comments of a record, history and people's alike."""
        key, kind = self._key, self.resource.item_key

        def shown(comment: Row, ids: tuple[str, ...]) -> Row:
            return {key: ids[0], "transaction_id": ids[0], "transaction_type": kind, **comment}

        def find(ledger: Ledger, ids: tuple[str, ...]) -> Row:
            self.resource.find(ledger, ids[0])
            for comment in ledger.comments.get(ids[0], []):
                if comment["comment_id"] == ids[1]:
                    return comment
            raise Refused(1002, "Comment does not exist.", 404)

        def listed(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            self.resource.find(ledger, ids[0])
            return done(comments=[shown(each, ids) for each in ledger.comments.get(ids[0], [])])

        def add(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            self.resource.find(ledger, ids[0])
            said = text(2000)(ledger, body_of(call).get("description"), "description")
            if not said:
                raise missing("description")
            comment = ledger.comment(ids[0], said, comment_type="internal", operation_type="Added")
            return done(created, comment=shown(comment, ids))

        def change(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            comment = find(ledger, ids)
            comment["description"] = text(2000)(ledger, body_of(call).get("description"), "description")
            return done("Comment has been updated successfully.", comment=shown(comment, ids))

        def drop(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            ledger.comments[ids[0]].remove(find(ledger, ids))
            return done("The comment has been deleted.")

        routes = [
            self._route("GET", "{}/comments", "READ", listed),
            self._route("POST", "{}/comments", "CREATE", add),
            self._route("PUT", "{}/comments/{}", "UPDATE", change),
            self._route("DELETE", "{}/comments/{}", "DELETE", drop),
        ]
        return [route for route in routes if route.method in methods.split()]

    @property
    def _key(self) -> str:
        return f"{self.resource.item_key}_id"

    def addresses(self, *kinds: str, message: str = "{} address updated") -> list[Route]:
        """PUT of the "billing" and "shipping" address; all of both when none is named."""

        def one(kind: str) -> Route:
            def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
                record = self.resource.find(ledger, ids[0])
                record[f"{kind}_address"] = merged(record[f"{kind}_address"], body_of(call), "address")
                self.touch(ledger, record)
                return done(message.format(kind.capitalize()))

            return self._route("PUT", f"{{}}/address/{kind}", "UPDATE", handle)

        return [one(kind) for kind in kinds or ("billing", "shipping")]

    def templates(self, message: str) -> list[Route]:
        def listed(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            name = {"template_name": "Standard Template", "template_type": "standard"}
            return done(templates=[{"template_id": ledger.id(TEMPLATE), **name}])

        def choose(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            record = self.resource.find(ledger, ids[0])
            if ids[1] != ledger.id(TEMPLATE):
                raise Refused(1002, "Template does not exist.", 404)
            self.touch(ledger, record)
            return done(message)

        return [
            self._route("GET", "templates", "READ", listed),
            self._route("PUT", "{}/templates/{}", "UPDATE", choose),
        ]

    def paper(self, parameter: str) -> list[Route]:
        """GET of one record as JSON, PDF or web page, and of several as one PDF."""

        def get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            record = self.resource.find(ledger, ids[0])
            if call.get("accept") == "pdf" or call.flag("print"):
                return self.printed(ledger, [record])
            if call.get("accept") == "html":
                body = "<br>\n".join(self.sheet(ledger, record))
                content = f"<!doctype html><html><body>{body}</body></html>".encode()
                return Answer(200, content=content, media_type="text/html;charset=UTF-8")
            return self.resource.show(ledger, record)

        def several(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
            return self.printed(
                ledger, [self.resource.find(ledger, each) for each in id_list(call, parameter)]
            )

        one = self._route("GET", "{}", "READ", get)
        if not parameter:
            return [one]
        return [one, self._route("GET", "pdf", "READ", several), self._route("GET", "print", "READ", several)]

    def printed(self, ledger: Ledger, records: Sequence[Row]) -> Answer:
        title = ", ".join(record[self.number] for record in records)
        content = pdf.document([self.sheet(ledger, record) for record in records], title)
        headers = {"content-disposition": f'attachment; filename="{title}.pdf"'}
        return Answer(200, headers=headers, content=content, media_type="application/pdf")

    def sheet(self, ledger: Ledger, record: Row) -> list[str]:
        """What stands on paper, a text per line."""
        look = ledger.look(record["currency_id"])
        found = [
            ledger.profile.name,
            f"{self.noun} {record[self.number]}",
            f"Date {record['date']}",
            ledger.contacts.rows[record[self.party]]["contact_name"],
        ]
        found += [
            f"{line['name'] or line['description']}   {line['quantity']} x {line['rate']}"
            for line in record["line_items"]
        ]
        return [*found, f"Total {formatted(record['total'], look)}"]
