"""Contact persons and extra addresses, which live inside their contact."""

from collections.abc import Sequence

from .addresses import empty, merged
from .call import Answer, Call, Refused, Row, done, in_use, missing
from .fields import boolean, one_id, read_all, text
from .ledger import Ledger
from .listing import Listing
from .projection import Columns
from .resource import Route, body_of

REMINDERS_ON = "All reminders associated with this contact have been enabled."
REMINDERS_OFF = "All reminders associated with this contact have been stopped."
PARTS = {
    "salutation": text(25),
    "first_name": text(100),
    "last_name": text(100),
    "email": text(100),
    "phone": text(50),
    "mobile": text(50),
    "designation": text(50),
    "department": text(50),
    "skype": text(50),
    "is_primary_contact": boolean,
}
COLUMNS = Columns(
    stored={
        "contact_person_id": "",
        **dict.fromkeys(PARTS, ""),
        "is_primary_contact": False,
    },
    constants={
        "is_added_in_portal": False,
        "communication_preference": {"is_sms_enabled": False, "is_whatsapp_enabled": False},
        "mobile_country_code": "",
        "photo_url": "",
        "is_portal_invitation_accepted": False,
    },
)


def primary(contact: Row) -> Row:
    """The primary person, or an empty one."""
    return next((person for person in contact["persons"] if person["is_primary_contact"]), {})


def shown(person: Row) -> Row:
    return {
        **COLUMNS.constants,
        **{name: person.get(name, default) for name, default in COLUMNS.stored.items()},
    }


def replaced(ledger: Ledger, contact: Row, entries: Sequence[Row]) -> list[Row]:
    """The persons of a contact after a body with `contact_persons`: the list is the new whole.

    Entries with a known contact_person_id keep what they do not name.
    """
    known = {person["contact_person_id"]: person for person in contact["persons"]}
    found: list[Row] = []
    for entry in entries:
        given = one_id(entry.get("contact_person_id", ""), "contact_person_id")
        if given and given not in known:
            raise Refused(1002, "Contact person does not exist.", 404)
        old = known.get(given) or _blank(ledger, contact)
        found.append({**old, **read_all(ledger, entry, PARTS)})
    return _one_primary(found)


def _blank(ledger: Ledger, contact: Row) -> Row:
    return {
        "contact_person_id": ledger.ids.take_beside(contact["contact_id"]),
        **dict.fromkeys(PARTS, ""),
        "is_primary_contact": False,
    }


def _one_primary(people: list[Row], chosen: Row | None = None) -> list[Row]:
    chosen = chosen or next((person for person in people if person["is_primary_contact"]), None)
    for position, person in enumerate(people):
        person["is_primary_contact"] = person is chosen or (chosen is None and position == 0)
    return people


def _contact(ledger: Ledger, contact_id: str) -> Row:
    return ledger.must("contacts", contact_id, "Contact does not exist.")


def _find(ledger: Ledger, person_id: str) -> tuple[Row, Row]:
    for contact in ledger.contacts.all():
        for person in contact["persons"]:
            if person["contact_person_id"] == person_id:
                return contact, person
    raise Refused(1002, "Contact person does not exist.", 404)


def _touch(ledger: Ledger, contact: Row) -> None:
    contact["last_modified_time"] = ledger.now()
    ledger.contacts.changed(contact)


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact = _contact(ledger, ids[0])
    return LISTING.answer(ledger, call, [{**person, "contact_id": ids[0]} for person in contact["persons"]])


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact, person = _find(ledger, ids[-1])
    if len(ids) == 2 and contact["contact_id"] != ids[0]:
        raise Refused(1002, "Contact person does not exist.", 404)
    return done(contact_person=_with_contact(contact, person))


def _with_contact(contact: Row, person: Row) -> Row:
    return {"contact_id": contact["contact_id"], **shown(person)}


def _create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    body = body_of(call)
    given = one_id(body.get("contact_id", ""), "contact_id")
    if not given:
        raise missing("contact_id")
    if not str(body.get("first_name") or body.get("email") or body.get("last_name") or ""):
        raise missing("first_name")
    contact = _contact(ledger, given)
    person = {**_blank(ledger, contact), **read_all(ledger, body, PARTS)}
    contact["persons"] = _one_primary(
        [*contact["persons"], person], person if person["is_primary_contact"] else None
    )
    _touch(ledger, contact)
    answer = done("The contactperson has been Created", contact_person=_with_contact(contact, person))
    answer.status = 201
    answer.headers["Location"] = f"/api/v3/contacts/contactpersons/{person['contact_person_id']}"
    return answer


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact, person = _find(ledger, ids[0])
    person.update(read_all(ledger, body_of(call), PARTS))
    _one_primary(contact["persons"], person if person["is_primary_contact"] else None)
    _touch(ledger, contact)
    message = "The contactperson details has been updated."
    return done(message, contact_person=_with_contact(contact, person))


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact, person = _find(ledger, ids[0])
    contact["persons"] = _one_primary([each for each in contact["persons"] if each is not person])
    _touch(ledger, contact)
    return done("The contact person has been deleted.")


def _mark_primary(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact, person = _find(ledger, ids[0])
    _one_primary(contact["persons"], person)
    _touch(ledger, contact)
    return done("This contact person has been marked as your primary contact person.")


def _addresses(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact = _contact(ledger, ids[0])
    return done(addresses=[contact["billing_address"], contact["shipping_address"], *contact["addresses"]])


def _add_address(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact = _contact(ledger, ids[0])
    address = merged(empty(ledger, contact["contact_id"]), body_of(call), "address")
    contact["addresses"] = [*contact["addresses"], address]
    _touch(ledger, contact)
    return done("The address has been created.", address_info=address)


def _address(contact: Row, address_id: str) -> Row:
    for address in (contact["billing_address"], contact["shipping_address"], *contact["addresses"]):
        if address["address_id"] == address_id:
            return address
    raise Refused(1002, "Address does not exist.", 404)


def _update_address(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact = _contact(ledger, ids[0])
    address = _address(contact, ids[1])
    address.update(merged(address, body_of(call), "address"))
    _touch(ledger, contact)
    return done("The address has been updated.", address_info=address)


def _delete_address(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    contact = _contact(ledger, ids[0])
    address = _address(contact, ids[1])
    if address in (contact["billing_address"], contact["shipping_address"]):
        raise in_use("The billing and the shipping address of a contact cannot be deleted.")
    contact["addresses"] = [each for each in contact["addresses"] if each is not address]
    _touch(ledger, contact)
    return done("The address has been deleted.")


LISTING = Listing(
    table="contacts",
    row_key="contact_person_id",
    list_key="contact_persons",
    report_name="Contact Persons",
    columns=Columns({"contact_id": "", **COLUMNS.stored}, COLUMNS.constants),
    sorts={"first_name": "first_name", "last_name": "last_name", "email": "email"},
    sort_column="first_name",
)

_ONE = "/contacts/contactpersons/{}"
ROUTES = (
    Route("GET", "/contacts/{}/contactpersons", "contacts.READ", _list),
    Route("GET", "/contacts/{}/contactpersons/{}", "contacts.READ", _get),
    Route("GET", _ONE, "contacts.READ", _get),
    Route("POST", "/contacts/contactpersons", "contacts.CREATE", _create),
    Route("PUT", _ONE, "contacts.UPDATE", _update),
    Route("DELETE", _ONE, "contacts.DELETE", _delete),
    Route("POST", f"{_ONE}/primary", "contacts.CREATE", _mark_primary),
    Route("GET", "/contacts/{}/address", "contacts.READ", _addresses),
    Route("POST", "/contacts/{}/address", "contacts.CREATE", _add_address),
    Route("PUT", "/contacts/{}/address/{}", "contacts.UPDATE", _update_address),
    Route("DELETE", "/contacts/{}/address/{}", "contacts.DELETE", _delete_address),
)
