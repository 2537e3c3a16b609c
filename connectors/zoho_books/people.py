"""The persons of a contact. Its own name, mail and telephones are those of the primary person."""

from typing import Any

from connectors.kit.codec import BOOL, ID, TEXT, CodecError, flag
from connectors.kit.flows import Draft
from connectors.kit.mapping import ALWAYS, UPDATE, Native, Table, computed, field, names
from connectors.kit.operations import Context
from connectors.kit.writing import again
from unified_models.contacts import ContactPerson

person = names(ContactPerson)


def emails(native: Native, ctx: Context) -> list[dict[str, Any]]:
    address = native.get("email")
    return [{"email": address, "type": "primary"}] if address else []


def phones(native: Native, ctx: Context) -> list[dict[str, Any]]:
    found = (("work", native.get("phone")), ("mobile", native.get("mobile")))
    return [{"number": number, "extension": None, "type": kind} for kind, number in found if number]


def put_emails(values: list[Any], native: Native, ctx: Context) -> None:
    if len(values) > 1:
        raise CodecError(
            "keeps one address per person; the others belong to contact_persons", "unsupported_field"
        )
    native["email"] = values[0]["email"] if values else ""


def put_phones(values: list[Any], native: Native, ctx: Context) -> None:
    """A telephone and a mobile; the list is complete, so what it lacks is cleared."""
    places = {"phone": "", "mobile": ""}
    for value in values:
        place = "mobile" if value.get("type") == "mobile" else "phone"
        if places[place]:
            raise CodecError("keeps one telephone and one mobile number per person", "unsupported_field")
        if value.get("extension"):
            raise CodecError("keeps no extension apart from the number", "unsupported_field")
        places[place] = value["number"]
    native.update(places)


PERSON = Table(
    ContactPerson,
    (
        field(person.id, "contact_person_id", ID, write=UPDATE),
        field(person.first_name, "first_name", TEXT, write=ALWAYS),
        field(person.last_name, "last_name", TEXT, write=ALWAYS),
        field(person.title, "salutation", TEXT, write=ALWAYS),
        computed(person.emails, emails, uses=("email",), put=put_emails, write=ALWAYS),
        computed(person.phones, phones, uses=("phone", "mobile"), put=put_phones, write=ALWAYS),
        field(person.is_primary, "is_primary_contact", BOOL, write=ALWAYS),
        field(person.role, "designation", TEXT, write=ALWAYS),
    ),
    kept=("department", "skype", "communication_preference"),
)

PRIMARY = "primary"
"""Where a body gathers what belongs to the primary person until `fold_primary` puts it there."""


def primary_emails(values: list[Any], native: Native, ctx: Context) -> None:
    put_emails(values, native.setdefault(PRIMARY, {}), ctx)


def primary_phones(values: list[Any], native: Native, ctx: Context) -> None:
    put_phones(values, native.setdefault(PRIMARY, {}), ctx)


def fold_primary(draft: Draft) -> None:
    """Writes the contact's own name, mail and telephones where Zoho keeps them: in its primary person."""
    told = draft.native.pop(PRIMARY, None)
    if told is None:
        return
    persons: list[Native] = draft.native.get("contact_persons") or [
        again(PERSON, each) for each in (draft.current or {}).get("contact_persons") or []
    ]
    primary = next((each for each in persons if flag(each.get("is_primary_contact"))), None)
    if primary is None:
        persons.insert(0, {**told, "is_primary_contact": True})
    else:
        primary.update(told)
    draft.native["contact_persons"] = persons
