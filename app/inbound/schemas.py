"""What callers see of an account's inbound hooks."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.inbound.service import Arranged


class InboundResource(BaseModel):
    """How we hear of one resource that a sync job covers. Polling goes on in every mode.

    mode    hook: the provider tells, and has been seen to; hook_unverified: it was asked to;
            manual: it does not let itself be asked, see `manual`; polling: nothing is arranged, or it cannot tell
    reason  what the provider said when it refused
    """

    resource: str
    side: str | None
    mode: str = Field(description="hook | hook_unverified | manual | polling")
    reason: str | None
    verified_at: datetime | None
    last_delivery_at: datetime | None


class Manual(BaseModel):
    """What a person does at the provider. `secret` is shown once."""

    url: str
    secret: str | None
    steps: list[str]


class InboundView(BaseModel):
    """`received` counts correctly signed hooks: of these `repeated` came before within a day, byte for byte, and were
    followed all the same; `ignored` named nothing that a sync job covers."""

    integrated_account_id: str
    is_installed: bool
    received: int
    repeated: int
    ignored: int
    last_delivery_at: datetime | None
    resources: list[InboundResource]
    manual: Manual | None = Field(None, description="Only where something is to be done by hand, after POST.")


def inbound_view(account_id: str, arranged: Arranged) -> InboundView:
    endpoint = arranged.endpoint
    return InboundView(
        integrated_account_id=account_id,
        is_installed=endpoint is not None,
        received=endpoint.received if endpoint else 0,
        repeated=endpoint.repeated if endpoint else 0,
        ignored=endpoint.ignored if endpoint else 0,
        last_delivery_at=endpoint.last_delivery_at if endpoint else None,
        resources=_resources(arranged),
        manual=Manual(url=arranged.url, secret=arranged.secret, steps=list(arranged.steps))
        if arranged.steps
        else None,
    )


def _resources(arranged: Arranged) -> list[InboundResource]:
    found: list[InboundResource] = []
    for unit, mode in arranged.modes:
        hook = arranged.hooks.get(unit.name)
        found.append(
            InboundResource(
                resource=unit.resource,
                side=unit.side,
                mode=mode,
                reason=hook.refused if hook else None,
                verified_at=hook.verified_at if hook else None,
                last_delivery_at=hook.last_delivery_at if hook else None,
            )
        )
    return found
