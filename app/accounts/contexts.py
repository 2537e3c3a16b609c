"""What the flows of a connector may know of the account they run for."""

from datetime import datetime

from app.accounts.service import Account
from connectors.kit.http import Pairs
from connectors.kit.operations import Context


def context_of(account: Account, now: datetime, remote_query: Pairs = ()) -> Context:
    """The account and the moment, as flows know them."""
    organization = account.organization
    return Context(
        organization_id=organization.id,
        now=now,
        time_zone=organization.time_zone or "UTC",
        currency=organization.currency,
        web=account.data_center.web,
        remote_query=remote_query,
        organization_name=organization.name,
    )
