"""Accounts without a browser: an imported grant, another company of a known one, and an account's end."""

from collections.abc import Awaitable, Callable

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials
from app.accounts.happenings import tell
from app.accounts.service import Account, Accounts
from app.connect.adopt import Adopted, Adoption, GrantGone, Superseded
from app.connect.regions import check_domain
from app.connect.schemas import ImportRequest
from app.connect.stops import Stopped
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import FieldError, Problem
from app.gateway.engine import Gateway, Lane, Run
from app.keys.audit import Actor, record
from app.models.field_mappings import FieldMapping
from app.models.integrated_accounts import IntegratedAccount
from app.webhooks.catalogue import Happening
from connectors.kit.auth import Refusal, Token
from connectors.kit.connector import Connector, Organization
from connectors.kit.faults import Fault

_TIMEOUT = 30.0

_REFUSED = {
    Refusal.PERMANENT: ("credentials_rejected", "The provider does not accept this refresh token here."),
    Refusal.CONFIG: (
        "credentials_rejected",
        "The provider refuses the OAuth client of this integration: its operator has to correct id or secret.",
    ),
    Refusal.THROTTLE: ("token_refresh_unavailable", "The provider issues no tokens for this grant just now."),
    Refusal.TRANSIENT: ("token_refresh_unavailable", "The provider is not answering."),
}


class Importing:
    """Verifies with the provider first, stores afterwards; nothing is half-stored."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        clients: OAuthClients,
        gateway: Gateway,
        adoption: Adoption,
        credentials: Credentials,
    ) -> None:
        self._credentials = credentials
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._clients = clients
        self._gateway = gateway
        self._adoption = adoption
        self.farewells: list[Callable[[Account], Awaitable[None]]] = []
        """What is done with an account while it can still be called, before its end."""

    async def grant(
        self, environment_id: str, connector: Connector, body: ImportRequest, actor: Actor
    ) -> Account:
        """An account on a grant that was made elsewhere."""
        assert body.credentials is not None
        location = body.credentials.location
        centers = self._accounts.data_centers(connector)
        if location not in centers:
            raise _refused(
                "enum_value", "/credentials/location", "There is no such data centre.", tuple(centers)
            )
        refresh_token = body.credentials.refresh_token.get_secret_value()
        client = await self._clients.client(environment_id, connector, location)
        form = connector.auth.refresh(centers[location], client, refresh_token)
        try:
            answer = connector.auth.read(*await self._gateway.exchange(form))
        except Fault:
            raise Problem("token_refresh_unavailable", "The provider is not answering.") from None
        if not isinstance(answer, Token):
            if answer.refusal is Refusal.CONFIG:
                await self._adoption.alarm(environment_id, connector, location, answer.error)
            code, detail = _REFUSED[answer.refusal]
            raise Problem(code, detail, origin="provider", provider={"code": answer.error})
        try:
            check_domain(answer.api_domain, centers[location], connector.auth.data_centers)
        except Stopped:
            raise Problem("region_mismatch", "The token is for another data centre.") from None
        try:
            reached = await self._adoption.reached(connector, location, answer.access_token)
        except Fault as fault:
            raise Problem("upstream_error", "The provider did not list the organisations.") from fault
        organization = _pick(reached, body.organization_id)

        verified = await self._adoption.proven(connector, location, answer, refresh_token, reached)

        async def work(session: AsyncSession) -> Adopted:
            stored = await self._adoption.store_grant(session, environment_id, connector, location, verified)
            return await self._adopt(session, stored.grant.id, organization, body, actor)

        return await self._settled(environment_id, work)

    async def another(self, known: Account, body: ImportRequest, actor: Actor) -> Account:
        """Another company that a known account's grant reaches."""
        run = Run(
            account=known,
            lane=Lane.INTERACTIVE,
            deadline=self._clock.monotonic() + _TIMEOUT,
            request_id="",
            key_id=actor.id,
            resource="organizations",
            operation="list",
        )
        reached = await self._gateway.perform(run, known.connector.organizations())
        organization = _pick(reached, body.organization_id)

        async def work(session: AsyncSession) -> Adopted:
            return await self._adopt(session, known.grant_id, organization, body, actor)

        return await self._settled(known.environment_id, work)

    async def _adopt(
        self,
        session: AsyncSession,
        grant_id: str,
        organization: Organization,
        body: ImportRequest,
        actor: Actor,
    ) -> Adopted:
        return await self._adoption.adopt(
            session, grant_id, (organization,), tenant_id=body.tenant_id, context=body.context, actor=actor
        )

    async def _settled(
        self, environment_id: str, work: Callable[[AsyncSession], Awaitable[Adopted]]
    ) -> Account:
        try:
            adopted = await self._adoption.settled(work)
        except GrantGone:
            raise Problem(
                "connection_state_conflict", "The grant ended just now; import it again.", retryable=True
            ) from None
        account_id = adopted.ids[0]
        self._accounts.forget(account_id)
        await self._adoption.revoke(adopted.superseded)
        account = await self._accounts.load(environment_id, account_id)
        # the others of a grant that works again
        await self._accounts.set_grant_status(account.grant_id, "active")
        return account

    async def end(self, account: Account, actor: Actor) -> None:
        """Delete the account and what was sealed for it; retire its grant when nobody else uses it.

        Problem not_found when another request was first.
        """

        async def work(session: AsyncSession) -> list[Superseded]:
            query = delete(IntegratedAccount).where(IntegratedAccount.id == account.id)
            gone = (
                await session.execute(
                    query.returning(IntegratedAccount).execution_options(synchronize_session=False)
                )
            ).scalar_one_or_none()
            if gone is None:
                raise Problem("not_found", "There is no such integrated account.")
            await session.execute(delete(FieldMapping).where(FieldMapping.account_id == account.id))
            superseded = await self._adoption.retire(session, gone.grant_id)
            await self._credentials.vault.shred(session, account.environment_id, f"account:{account.id}")
            await record(
                session,
                self._clock.now(),
                account.environment_id,
                actor,
                "integrated_account.deleted",
                account.id,
                detail={"tenant_id": account.tenant_id, "organization_id": account.organization.id},
            )
            await tell(session, self._clock.now(), gone, Happening.ACCOUNT_DELETED)
            return superseded

        for farewell in self.farewells:
            await farewell(account)
        superseded = await self._adoption.settled(work)
        self._accounts.forget(account.id)
        await self._adoption.revoke(superseded)


def _pick(reached: tuple[Organization, ...], wanted: str | None) -> Organization:
    """The organisation asked for, or the only one there is."""
    if not reached:
        raise Problem("organization_not_found", "The user behind this grant belongs to no organisation.")
    if wanted is None and len(reached) == 1:
        return reached[0]
    ids = tuple(one.id for one in reached)
    if wanted is None:
        raise _refused(
            "required", "/organization_id", "The grant reaches several organisations; choose one.", ids
        )
    for one in reached:
        if one.id == wanted:
            return one
    raise _refused(
        "reference_not_found", "/organization_id", "The grant does not reach this organisation.", ids
    )


def _refused(code: str, pointer: str, detail: str, allowed: tuple[str, ...]) -> Problem:
    return Problem("validation_failed", detail, errors=[FieldError(code, pointer, detail, allowed)])
