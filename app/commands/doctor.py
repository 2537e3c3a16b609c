"""`ledgerway doctor`: what is wrong with this machine's setup, in words."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer
from sqlalchemy import text

from app.commands.accounts import live_upsert as prove
from app.core.clock import Clock
from app.core.connectors import connector_settings
from app.core.database import Database
from app.core.dialects import reason
from app.core.secrets import Keyring, load
from app.core.settings import PREFIX, Settings, load_settings
from app.keys.data_keys import check_ring
from app.keys.wrappers import open_wrapper
from connectors.kit.registry import load as load_connectors

Finding: TypeAlias = tuple[Literal["ok", "warn", "fail"], str]


def doctor(
    live_upsert: Annotated[
        str | None,
        typer.Option(
            metavar="ACCOUNT",
            help="Instead, prove on this account's real organisation that many upserts of one value make one record. "
            "What it makes it removes again.",
        ),
    ] = None,
) -> None:
    """Check settings, key ring and database; exit 1 when something would keep the server from working."""
    if live_upsert is not None:
        if not asyncio.run(prove(live_upsert)):
            raise typer.Exit(1)
        return
    findings = asyncio.run(examine())
    for verdict, told in findings:
        colour = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}[verdict]
        typer.echo(f"{typer.style(f'{verdict:<5}', fg=colour)}{told}")
    if any(verdict == "fail" for verdict, _ in findings):
        raise typer.Exit(1)


async def examine() -> list[Finding]:
    """Every finding, the worst included; raises nothing."""
    try:
        settings = load_settings()
    except Exception as error:
        return [("fail", str(error))]
    findings: list[Finding] = [("ok", f"mode {settings.mode}, public URL {settings.public_url}")]
    if not settings.development and not settings.secure:
        findings.append(("warn", f"{PREFIX}PUBLIC_URL is not https: browsers and providers will refuse it"))
    for connector in load_connectors():
        findings += _connector(settings, connector.settings_prefix)
    keyring = _ring(settings, findings)
    database: Database | None = None
    try:
        database = Database(settings.database_url.get_secret_value())
        await _storage(database, keyring, settings, findings)
    except Exception as error:
        findings.append(("fail", f"database: {reason(error)}"))
    finally:
        if database is not None:
            await database.close()
    return findings


def _connector(settings: Settings, prefix: str) -> list[Finding]:
    try:
        own = connector_settings(settings, prefix)
    except Exception as error:
        return [("fail", str(error))]
    if own.client_id is None:
        return [
            (
                "warn",
                f"{PREFIX}{prefix}_CLIENT_ID is not set: only environments with their own client connect",
            )
        ]
    if own.client_secret is None and not own.client_secrets:
        return [("fail", f"{PREFIX}{prefix}_CLIENT_SECRET is not set")]
    return [("ok", f"{PREFIX}{prefix}_…: client, {len(own.data_centers or {})} data centres of its own")]


def _ring(settings: Settings, findings: list[Finding]) -> Keyring | None:
    try:
        ring = load(settings.keyring_file)
    except Exception as error:
        findings.append(("fail", f"key ring: {error}"))
        return None
    findings.append(("ok", f"key ring from {ring.source}, primary {ring.primary}"))
    return ring


async def _storage(
    database: Database, keyring: Keyring | None, settings: Settings, findings: list[Finding]
) -> None:
    async def step(name: str, work: Callable[[], Awaitable[Finding]]) -> None:
        try:
            findings.append(await work())
        except Exception as error:
            findings.append(("fail", f"{name}: {reason(error)}"))

    async def schema() -> Finding:
        state = await database.schema_state()
        return ("ok" if state == "current" else "fail", f"schema is {state}" + _HELP.get(state, ""))

    async def intact() -> Finding:
        async with database.read() as session:
            found = str((await session.execute(text("PRAGMA integrity_check"))).scalar_one())
        return ("ok" if found == "ok" else "fail", f"integrity check: {found}")

    async def walls() -> Finding:
        async with database.read() as session:
            role = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            passes = (await session.execute(text(role))).scalar_one()
        if passes:
            return (
                "warn",
                "the database role passes row-level security: connect as one that is no superuser",
            )
        return ("ok", "row-level security holds for the database role")

    async def ring() -> Finding:
        wrong = await check_ring(database, keyring, Clock()) if keyring else []
        return ("fail" if wrong else "ok", "; ".join(wrong) or "key ring fits the database")

    await step("schema", schema)
    if database.dialect == "sqlite":
        await step("integrity", intact)
        if _side_by_side(settings, database):
            told = "the key ring lies beside the database: no backup should hold both"
            findings.append(("warn", told))
    else:
        await step("row-level security", walls)
    await step("key ring", ring)
    if keyring is not None and settings.vault_address is not None:
        await step("key service", lambda: _key_service(settings, keyring))


async def _key_service(settings: Settings, keyring: Keyring) -> Finding:
    wrapper, close = open_wrapper(settings, keyring)
    try:
        await wrapper.health()
        return ("ok", f"key service wraps with {await wrapper.current()}")
    finally:
        await close()


def _side_by_side(settings: Settings, database: Database) -> bool:
    return settings.keyring_file.resolve().parent == Path(str(database.url.database)).resolve().parent


_HELP = {
    "empty": ": run `ledgerway migrate`",
    "behind": ": run `ledgerway migrate`",
    "newer": ": this release is older than the database",
}
