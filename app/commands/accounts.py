"""`ledgerway accounts …`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from fastapi import FastAPI
from sqlalchemy import select

from app import main
from app.accounts.service import Account
from app.core.auth import Principal
from app.core.errors import Problem
from app.core.settings import load_settings
from app.keys.bench import CLI
from app.models.integrated_accounts import IntegratedAccount
from app.unified.proving import TIMES, Trial
from app.unified.upserts import enable

accounts = typer.Typer(no_args_is_help=True, help="Connected accounts.")
AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its id.")]


@accounts.callback()
def _group() -> None:
    """Connected accounts."""


@accounts.command("enable-upsert")
def enable_upsert(
    account_id: AccountId,
    resource: Annotated[
        list[str] | None,
        typer.Option(help="A resource whose creates are marked; may be repeated. All by default."),
    ] = None,
) -> None:
    """Have creates carry a mark in a unique custom field, so that none is made twice. Says what is missing."""

    async def work() -> None:
        async with borrowed(account_id) as (app, account):
            view = await enable(app, account, resource, CLI, "cli", "cli")
            for each in view.checked:
                told = "unique" if each.uniqueness == "unique" else "whether it is unique is not told"
                typer.echo(f"{each.resource}: {each.field} ({told})")
            typer.echo(f"Prove it: ledgerway doctor --live-upsert {account_id}")

    asyncio.run(work())


async def live_upsert(account_id: str) -> bool:
    """Try it on the real organisation and say what came of it; whether every resource kept its promise."""
    async with borrowed(account_id) as (app, account):
        proofs = await Trial(app, account).run()
    for proof in proofs:
        if proof.records is None:
            typer.echo(f"warn {proof.resource}: not proven, nothing here can be made and removed again")
            continue
        verdict = "ok  " if proof.records == 1 and not proof.left else "fail"
        rest = f", left behind: {', '.join(proof.left)}" if proof.left else ""
        typer.echo(
            f"{verdict} {proof.resource}: {TIMES} upserts of one value at once, {proof.answered} answered, "
            f"{proof.records} record{'s' if proof.records != 1 else ''}{rest}"
        )
    return all(proof.records in (None, 1) and not proof.left for proof in proofs)


@asynccontextmanager
async def borrowed(account_id: str) -> AsyncGenerator[tuple[FastAPI, Account]]:
    """An application without background work, and one account ready to be called. Problem not_found."""
    async with main.opened(load_settings()) as app:
        async with app.state.database.read() as session:
            row = await session.scalar(select(IntegratedAccount).where(IntegratedAccount.id == account_id))
        if row is None:
            raise Problem("not_found", "There is no such integrated account.")
        principal = Principal(row.environment_id, "", "live", "cli", frozenset())
        yield app, await app.state.accounts.usable(principal, account_id)
