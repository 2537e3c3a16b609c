"""The connect flow, step by step: start → callback → (choose) → done. Pages and redirects are `api`'s."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts.clients import OAuthClients
from app.accounts.service import Account, Accounts
from app.connect import store
from app.connect.adopt import Adopted, Adoption, GrantGone, Stored, Superseded
from app.connect.regions import check_domain, region
from app.connect.stops import Stopped
from app.core import failpoints, reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.secrets import Context, Secret, Vault
from app.core.settings import Settings
from app.gateway.engine import Gateway
from app.keys.audit import Actor, record
from app.models.link_tokens import LinkToken, OAuthState
from connectors.kit.auth import DataCenter, Refusal, Token
from connectors.kit.connector import Connector, Organization
from connectors.kit.faults import Fault

_log = get_logger("ledgerway.connect")

STATE_LIFE = timedelta(minutes=10)
MOST_STARTS = 10

_MINUTE = timedelta(minutes=1)

_REFUSED = {
    Refusal.PERMANENT: "code_rejected",
    Refusal.CONFIG: "client_rejected",
    Refusal.THROTTLE: "provider_pauses",
    Refusal.TRANSIENT: "provider_unavailable",
}


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and the cookie that binds it to the link."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Done:
    """What the link led to. `account_ids` is empty while the customer still has to choose."""

    link: LinkToken
    account_ids: tuple[str, ...] = ()


class Connect:
    """One connect flow after another. Every method raises Stopped with the page to show instead."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        vault: Vault,
        accounts: Accounts,
        clients: OAuthClients,
        gateway: Gateway,
        adoption: Adoption,
        connectors: tuple[Connector, ...],
        keys: Callable[[], Sequence[bytes]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._vault = vault
        self._accounts = accounts
        self._clients = clients
        self._gateway = gateway
        self._adoption = adoption
        self._connectors = connectors
        self._keys = keys

    # what every page needs

    def csrf(self, *parts: str) -> str:
        """A form token bound to `parts` (the link, and the cookie once there is one)."""
        return _csrf(self._keys()[0], parts)

    def check_csrf(self, given: str, *parts: str) -> None:
        if not any(hmac.compare_digest(given.encode(), _csrf(key, parts).encode()) for key in self._keys()):
            raise Stopped("csrf_failed")

    def connector(self, name: str | None) -> Connector:
        """The integration a link is for; the only one there is when it names none."""
        for connector in self._connectors:
            if name is None or name == connector.slug or name in connector.aliases:
                return connector
        raise Stopped("integration_unknown")

    @property
    def redirect_uri(self) -> str:
        return f"{self._settings.public_url}/oauth/callback"

    async def link(self, token: str) -> LinkToken:
        """The link of a raw token, if it can still be used."""
        with reach.everywhere():
            async with self._database.read() as session:
                link = await store.link_by_token(session, token)
        return self._usable(link)

    async def link_of_browser(self, cookie: str | None) -> LinkToken:
        """The link this browser started, if it can still be used."""
        with reach.everywhere():
            async with self._database.read() as session:
                link = await store.link_by_cookie(session, cookie) if cookie else None
        if link is None:
            raise Stopped("oauth_state_invalid")
        return self._usable(link)

    def _usable(self, link: LinkToken | None) -> LinkToken:
        """The link if it can still be used. Its environment is reached from here on."""
        if link is None:
            raise Stopped("link_token_unknown")
        reach.within(link.environment_id)
        if link.state == "consumed":
            raise Stopped("link_token_used", link.id)
        if link.expires_at <= self._clock.now():
            raise Stopped("link_token_expired", link.id)
        return link

    async def asked_by(self, link: LinkToken) -> str:
        async with self._database.read() as session:
            return await store.environment_name(session, link.environment_id)

    # start

    async def start(self, link: LinkToken) -> Started:
        """Bind the link to this browser and build the redirect to the provider."""
        connector = self.connector(link.integration)
        location = await self._first_location(link, connector)
        center = self._adoption.data_center(connector, location)
        client = await self._clients.find(link.environment_id, connector, location)
        if client is None:
            raise Stopped("client_missing", link.id, label=connector.label)
        now = self._clock.now()
        recent = [at for at in link.recent_starts if datetime.fromisoformat(at) > now - _MINUTE]
        if len(recent) >= (most := connector.auth.starts_a_minute):
            raise Stopped("too_fast", link.id, label=connector.label, most=str(most))
        cookie, state, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        scopes = self.provider_scopes(connector, link.scopes)
        blob = await self._vault.seal(_verifier_context(link.environment_id), verifier)
        async with self._database.write() as session:
            if not await store.start(session, link.id, cookie, MOST_STARTS, recent, now):
                raise Stopped("too_many_starts", link.id)
            abandoned = await self._adoption.retire(session, link.grant_id) if link.grant_id else []
            await store.drop_stale_states(session, now)
            session.add(
                OAuthState(
                    state_hash=store.digest(state),
                    environment_id=link.environment_id,
                    link_id=link.id,
                    integration=connector.slug,
                    location=location,
                    cookie_hash=store.digest(cookie),
                    verifier_blob=blob,
                    redirect_uri=self.redirect_uri,
                    scopes=list(scopes),
                    expires_at=now + STATE_LIFE,
                    created_at=now,
                )
            )
        await self._adoption.revoke(abandoned)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        url = connector.auth.authorize_url(center, client.id, self.redirect_uri, scopes, state, challenge)
        return Started(url, cookie)

    async def _first_location(self, link: LinkToken, connector: Connector) -> str:
        """A reconnection goes straight to its data centre, everything else to the first of the table."""
        if (account := await self.reconnected(link)) is not None:
            return account.location
        return next(iter(self._accounts.data_centers(connector)))

    @staticmethod
    def provider_scopes(connector: Connector, asked: list[str] | None) -> tuple[str, ...]:
        """The provider's scopes for the unified ones asked for; its default set for none."""
        table = connector.auth.scopes
        wanted = [name for name in asked or () if name in table] or ["*"]
        return tuple(dict.fromkeys(scope for name in wanted for scope in table[name]))

    # callback

    async def callback(self, query: Mapping[str, str], cookie: str | None) -> Done:
        """The browser is back from the provider: trade the code for tokens, verify, and adopt or offer a choice."""
        with reach.everywhere():
            async with self._database.write() as session:
                state = await store.take_state(session, query.get("state", ""))
                link = await store.link_by_id(session, state.link_id) if state is not None else None
                if link is not None and "code" in query:
                    # Should this process die before it stores what the code is traded for, this entry, with no
                    # account's after it, tells that the provider holds a grant nobody else knows of.
                    actor, now = Actor("link_token", link.id), self._clock.now()
                    await record(
                        session, now, link.environment_id, actor, "link_token.code_received", link.id
                    )
        if state is None or not hmac.compare_digest(store.digest(cookie or ""), state.cookie_hash):
            raise Stopped("oauth_state_invalid")
        link = self._usable(link)
        if state.expires_at <= self._clock.now():
            raise Stopped("oauth_state_invalid", link.id)
        try:
            return await self._finish_sign_in(link, state, query)
        except Stopped as stopped:
            stopped.link_id = link.id
            async with self._database.write() as session:
                await store.fail(session, link, state.cookie_hash, stopped.code)
            raise

    async def _finish_sign_in(self, link: LinkToken, state: OAuthState, query: Mapping[str, str]) -> Done:
        connector = self.connector(state.integration)
        label = {"label": connector.label}
        if query.get("error") or "code" not in query:
            raise Stopped(
                "consent_denied" if query.get("error") == "access_denied" else "code_rejected", **label
            )
        centers = self._accounts.data_centers(connector)
        center = region(query, state.location, centers, connector.auth.data_centers)
        token, refresh_token = await self._exchange(connector, center, link, state, query["code"])
        failpoints.hit("oauth.after_exchange")
        try:
            return await self._keep(link, state, connector, center, token, refresh_token)
        except Exception:  # nobody will use what was granted
            unused = Superseded(
                link.environment_id, connector, center.location, Secret(refresh_token.encode())
            )
            await self._adoption.revoke([unused])
            raise

    async def _keep(
        self,
        link: LinkToken,
        state: OAuthState,
        connector: Connector,
        center: DataCenter,
        token: Token,
        refresh_token: str,
    ) -> Done:
        """Verify what was granted, and store it together with what becomes of the link."""
        label = {"label": connector.label}
        check_domain(token.api_domain, center, connector.auth.data_centers)
        try:
            reached = await self._adoption.reached(connector, center.location, token.access_token)
        except Fault:
            raise Stopped("provider_unavailable", **label) from None
        if not reached:
            raise Stopped("no_organization", **label)
        reconnect = await self.reconnected(link)
        offered = reached
        if reconnect is not None:
            offered = tuple(one for one in reached if one.id == reconnect.organization.id)
            if not offered or center.location != reconnect.location:
                raise Stopped("organization_mismatch", organization=reconnect.organization.name, **label)

        verified = await self._adoption.proven(connector, center.location, token, refresh_token, reached)

        async def work(session: AsyncSession) -> tuple[Stored, Adopted | None]:
            stored = await self._adoption.store_grant(
                session, link.environment_id, connector, center.location, verified, replacing=True
            )
            grant_id = stored.grant.id
            if len(offered) == 1:
                return stored, await self._adopt(
                    session, link, state.cookie_hash, "started", grant_id, offered, reconnect, reached
                )
            choices = [asdict(one) for one in offered]
            if not await store.offer_choice(session, link, state.cookie_hash, grant_id, choices):
                raise Stopped("link_token_used", link.id)
            return stored, None

        stored, adopted = await self._adoption.settled(work)
        self._accounts.forget(*stored.healed)
        await self._adoption.revoke(stored.superseded)
        return await self._done(link, adopted) if adopted is not None else Done(link)

    async def _exchange(
        self, connector: Connector, center: DataCenter, link: LinkToken, state: OAuthState, code: str
    ) -> tuple[Token, str]:
        label = {"label": connector.label}
        client = await self._clients.find(link.environment_id, connector, center.location)
        if client is None:
            raise Stopped("client_missing", **label)
        context = _verifier_context(link.environment_id)
        verifier = (await self._vault.open(state.verifier_blob, context)).reveal().decode()
        form = connector.auth.exchange(center, client, state.redirect_uri, code, verifier)
        try:
            answer = connector.auth.read(*await self._gateway.exchange(form))
        except Fault:
            raise Stopped("provider_unavailable", **label) from None
        if not isinstance(answer, Token):
            if answer.refusal is Refusal.CONFIG:
                await self._adoption.alarm(link.environment_id, connector, center.location, answer.error)
            raise Stopped(_REFUSED[answer.refusal], **label)
        _log.info("grant_issued", link=link.id, integration=connector.slug, location=center.location)
        if not answer.refresh_token:
            raise Stopped("oauth_no_refresh_token", **label)
        return answer, answer.refresh_token

    async def reconnected(self, link: LinkToken) -> Account | None:
        """The account a link renews, if it is for one. Stopped account_gone when it was deleted."""
        if link.account_id is None:
            return None
        try:
            return await self._accounts.load(link.environment_id, link.account_id)
        except Problem as problem:
            if problem.code != "not_found":
                raise
            raise Stopped("account_gone", link.id) from None

    # choose

    async def choose(self, link: LinkToken, chosen: list[str]) -> Done:
        """Adopt the organisations the customer ticked."""
        offered = [Organization(**one) for one in link.organizations]
        picked = tuple(one for one in offered if one.id in chosen)
        grant_id, cookie_hash = link.grant_id, link.cookie_hash
        if link.state != "choosing" or grant_id is None or cookie_hash is None:
            raise Stopped("oauth_state_invalid", link.id)
        if not picked or len(picked) != len(set(chosen)) or (link.companies == "one" and len(picked) > 1):
            raise Stopped("nothing_chosen", link.id)

        async def work(session: AsyncSession) -> Adopted:
            return await self._adopt(session, link, cookie_hash, "choosing", grant_id, picked)

        try:
            return await self._done(link, await self._adoption.settled(work))
        except GrantGone:  # the choice waited too long
            raise Stopped("oauth_state_invalid", link.id) from None

    async def _adopt(
        self,
        session: AsyncSession,
        link: LinkToken,
        cookie_hash: bytes,
        state: str,
        grant_id: str,
        organizations: tuple[Organization, ...],
        reconnect: Account | None = None,
        reachable: tuple[Organization, ...] = (),
    ) -> Adopted:
        """Use the link up and make its accounts, both or neither. Stopped when another request was first."""
        if not await store.consume(session, link, cookie_hash, state, grant_id, self._clock.now()):
            raise Stopped("link_token_used", link.id)
        adopted = await self._adoption.adopt(
            session,
            grant_id,
            organizations,
            tenant_id=reconnect.tenant_id if reconnect else link.tenant_id,
            context=link.context,
            actor=Actor("link_token", link.id),
            reachable=reachable if reconnect else (),
        )
        if reconnect is not None and adopted.ids != [reconnect.id]:
            raise Stopped("account_gone", link.id)
        await store.made(session, link.id, adopted.ids)
        return adopted

    async def _done(self, link: LinkToken, adopted: Adopted) -> Done:
        self._accounts.forget(*adopted.ids, *adopted.moved)
        await self._adoption.revoke(adopted.superseded)
        return Done(link, tuple(adopted.ids))


def _verifier_context(environment_id: str) -> Context:
    return Context(
        environment_id, f"environment:{environment_id}", "oauth.pkce_verifier", "oauth_states.verifier_blob"
    )


def _csrf(key: bytes, parts: tuple[str, ...]) -> str:
    message = "\x00".join(parts).encode()
    return hmac.new(key, b"csrf\x00" + message, hashlib.sha256).hexdigest()
