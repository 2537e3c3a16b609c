"""`ledgerway keys …`, `keyring …` and `audit …`."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from sqlalchemy import or_, select

from app.core import json
from app.core.auth import Mode
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.secrets import Keyring, KeyringUnusable, keyring, load, load_or_create
from app.core.settings import Settings, SettingsError, load_settings
from app.keys import audit as chain
from app.keys import store
from app.keys.audit import Actor
from app.keys.data_keys import check_ring, keys_in_use
from app.keys.schemas import ApiKeyRequest, key_view
from app.keys.service import Keys
from app.models.api_keys import ApiKey
from app.models.environments import Environment

T = TypeVar("T")

keys = typer.Typer(no_args_is_help=True, help="API keys.")
ring = typer.Typer(no_args_is_help=True, help="The key ring that seals stored secrets.")
audit = typer.Typer(no_args_is_help=True)

_CLI = Actor("cli", "ledgerway")
_CLOCK = Clock()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Modes(Enum):
    """The modes an environment has."""

    TEST = "test"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class _Bench:
    settings: Settings
    database: Database
    keyring: Keyring

    @property
    def keys(self) -> Keys:
        return Keys(self.database, self.keyring, _CLOCK)


@keys.command("create")
def create_key(
    environment: Annotated[str, typer.Option(help="Name of the environment; it is made if there is none.")],
    mode: Annotated[Modes, typer.Option(help="Whether the environment is for tests or for real books.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option(help="What the key may do; repeat or separate by commas. All by default."),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(help="Integrated account it is limited to; may be repeated.")
    ] = None,
    tenant: Annotated[
        list[str] | None, typer.Option(help="Tenant it is limited to; may be repeated.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="CIDR it may be used from; may be repeated.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(help="When it ends (UTC).")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key. Without --json the key is all that is printed; it is shown only now."""
    asked = {
        "name": name,
        "scopes": _listed(scopes),
        "integrated_account_ids": _listed(account),
        "tenant_ids": tenant or None,
        "networks": _listed(network),
        "expires_at": f"{expires.isoformat()}Z" if expires is not None else None,
    }
    try:
        wanted = ApiKeyRequest.model_validate(asked)
    except ValidationError as error:
        raise typer.BadParameter(
            "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        ) from None
    chosen: Mode = "live" if mode is Modes.LIVE else "test"

    async def work() -> None:
        async with _bench() as bench:
            owner, made = await bench.keys.create_for(environment, chosen, wanted, _CLI)
        secret = made.secret.reveal().decode()
        if as_json:
            _print({"key": secret, "environment": owner.name, **key_view(made.key, chosen).model_dump()})
        else:
            typer.echo(secret)

    _run(work())


@keys.command("list")
def list_keys(
    environment: Annotated[str | None, typer.Option(help="Only this environment's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the keys there are, newest first. Secrets are not stored, so none is shown."""

    async def work() -> None:
        async with _bench() as bench, bench.database.read() as session:
            query = select(ApiKey, Environment).join(Environment, Environment.id == ApiKey.environment_id)
            if environment is not None:
                query = query.where(Environment.name == environment)
            rows = (await session.execute(query.order_by(ApiKey.created_at.desc()))).all()
        if as_json:
            _print(
                [{"environment": owner.name, **key_view(key, owner.mode).model_dump()} for key, owner in rows]
            )
            return
        for key, owner in rows:
            state = (
                "revoked"
                if key.revoked_at
                else f"used {key.last_used_at:%Y-%m-%d %H:%M}"
                if key.last_used_at
                else "unused"
            )
            typer.echo(
                f"{key.id}  lw_{owner.mode}_{key.kid}_…{key.last4}  {owner.name}  {','.join(key.scopes)}  {state}"
                + (f"  {key.name}" if key.name else "")
            )

    _run(work())


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its id (key_…) or the public part of its text.")],
) -> None:
    """End a key. Servers notice within five seconds."""

    async def work() -> None:
        async with _bench() as bench:
            kid = key.split("_")[2] if key.startswith("lw_") and key.count("_") > 1 else key
            async with bench.database.read() as session:
                row = await session.scalar(select(ApiKey).where(or_(ApiKey.id == key, ApiKey.kid == kid)))
            if row is None:
                raise Problem("not_found", f"there is no API key {key}")
            await bench.keys.revoke(row.environment_id, row.id, _CLI)
            typer.echo(f"{row.id} is revoked.")

    _run(work())


@ring.command("init")
def init_ring(
    file: Annotated[Path | None, typer.Option(help="Where; LEDGERWAY_KEYRING_FILE by default.")] = None,
) -> None:
    """Write a new random key ring that only this user may read. One that exists is never replaced."""
    path = file or load_settings().keyring_file
    made = keyring.create(path, _CLOCK.now())
    typer.echo(f"Key ring with {made.primary} written to {path}. Back it up apart from the database.")


@ring.command("status")
def ring_status(as_json: AsJson = False) -> None:
    """Show the keys of the ring, what they are used for, and whether they fit the database."""

    async def work() -> None:
        settings = load_settings()
        found = load(settings.keyring_file)
        database = Database(settings.database_url.get_secret_value())
        wrong, uses = list[str](), dict[str, int]()
        try:
            stored = await database.schema_state()
            if stored == "current":
                uses, wrong = await keys_in_use(database), await check_ring(database, found, _CLOCK)
        finally:
            await database.close()
        listed = [
            {"id": key.id, "status": key.status, "created": key.created, "data_keys": uses.get(key.id, 0)}
            for key in found.keys.values()
        ]
        if as_json:
            _print(
                {
                    "source": found.source,
                    "version": found.version,
                    "database": stored,
                    "keys": listed,
                    "problems": wrong,
                }
            )
        else:
            typer.echo(f"{found.source}, version {found.version}; database schema: {stored}")
            for key in listed:
                typer.echo(f"  {key['id']}  {key['status']}  made {key['created']}  wraps {key['data_keys']}")
            for problem in wrong:
                typer.echo(f"  wrong: {problem}", err=True)
        if wrong:
            raise typer.Exit(1)

    _run(work())


@audit.callback()
def audit_group() -> None:
    """The audit log."""


@audit.command("verify")
def verify_audit(as_json: AsJson = False) -> None:
    """Recompute every chain of the audit log; exit 1 when an entry was changed or is missing."""

    async def work() -> None:
        verdicts: dict[str, chain.Verdict] = {}
        async with _bench() as bench, bench.database.read() as session:
            names = {row.id: f"{row.name} ({row.mode})" for row in await store.environments(session)}
            for environment_id in await chain.chains(session):
                verdicts[environment_id] = await chain.verify(session, environment_id, _CLOCK.now())
        if as_json:
            _print(verdicts)
        else:
            for environment_id, verdict in verdicts.items():
                told = (
                    "intact"
                    if verdict.broken_at is None
                    else f"broken at {verdict.broken_at}: {verdict.reason}"
                )
                typer.echo(f"{names.get(environment_id, environment_id)}: {verdict.checked} entries, {told}")
        if any(verdict.broken_at is not None for verdict in verdicts.values()):
            raise typer.Exit(1)

    _run(work())


@asynccontextmanager
async def _bench() -> AsyncGenerator[_Bench]:
    """What the commands work with. Development makes what is missing; production says how."""
    settings = load_settings()
    path, development = settings.keyring_file, settings.development
    found = load_or_create(path, _CLOCK.now()) if development else load(path)
    database = Database(settings.database_url.get_secret_value())
    try:
        state = await database.schema_state()
        if state in ("empty", "behind"):
            if not development:
                raise SettingsError("the database is not up to date: run `ledgerway migrate`")
            await database.migrate()
        if wrong := await check_ring(database, found, _CLOCK):
            raise KeyringUnusable("; ".join(wrong))
        yield _Bench(settings, database, found)
    finally:
        await database.close()


def _listed(given: list[str] | None) -> list[str] | None:
    parts = [part.strip() for text in given or () for part in text.split(",") if part.strip()]
    return parts or None


def _print(value: Any) -> None:
    typer.echo(json.encode(value).decode())


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
