"""The organisations a grant reaches."""

from typing import Any

from connectors.kit.codec import flag
from connectors.kit.connector import Organization
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Request
from connectors.zoho_books.budget import plan_word


def organizations() -> Flow[tuple[Organization, ...]]:
    """One call. A user who belongs to no organisation has none, which is no fault here."""
    try:
        reply = yield Request("GET", "/organizations", step="list the organisations")
    except Fault as fault:
        if fault.kind is Kind.ORGANIZATION:
            return ()
        raise
    rows = reply.body.get("organizations") if isinstance(reply.body, dict) else None
    if not isinstance(rows, list):
        raise Fault(Kind.GARBLED, status=reply.status, message="the answer lists no organisations")
    found = (organization(row) for row in rows if isinstance(row, dict))
    return tuple(each for each in found if each is not None)


def consenter() -> Flow[str | None]:
    """The address the user signs in with: ids of users differ from organisation to organisation."""
    reply = yield Request("GET", "/users/me", step="read who consented")
    user = reply.body.get("user") if isinstance(reply.body, dict) else None
    if not isinstance(user, dict):
        return None
    rows = [row for row in user.get("email_ids") or () if isinstance(row, dict)]
    chosen = next((row for row in rows if flag(row.get("is_selected"))), rows[0] if rows else {})
    email = _text(user, "email") or _text(chosen, "email")
    return email.casefold() if email else None


def organization(row: dict[str, Any]) -> Organization | None:
    """One row, None for rows without an id and for organisations that are switched off."""
    id = _text(row, "organization_id")
    settings = row.get("org_settings")
    inner: dict[str, Any] = settings if isinstance(settings, dict) else {}
    if not id or flag(row.get("is_org_active", inner.get("is_org_active"))) is False:
        return None
    return Organization(
        id=id,
        name=_text(row, "name") or id,
        plan=plan_word(_text(row, "plan_name") or _text(row, "plan")),
        currency=_text(row, "currency_code"),
        time_zone=_text(row, "time_zone"),
        country_code=_text(row, "country_code"),
        is_default=flag(row.get("is_default_org")) is True,
        extra={
            name: row[name]
            for name in ("language_code", "plan_name", "portal_name", "user_role")
            if row.get(name)
        },
    )


def _text(row: dict[str, Any], name: str) -> str | None:
    """A text or a number as text; blank is None."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None
