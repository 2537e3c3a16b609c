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
from app.unified.upserts import disable, enable
from connectors.kit.upserting import Standing

accounts = typer.Typer(no_args_is_help=True, help="Connected accounts.")
AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its id.")]
Resources = Annotated[
    list[str] | None, typer.Option("--resource", help="One of them; may be repeated. All by default.")
]
_STANDING: dict[Standing, str] = {
    "unique": "the field is unique",
    "untold": "whether the field is unique is not told",
    "missing": "the field is missing",
    "shared": "the field is not unique",
}


@accounts.callback()
def _group() -> None:
    """Connected accounts."""


@accounts.command("enable-upsert")
def enable_upsert(account_id: AccountId, resource: Resources = None) -> None:
    """Have creates carry a mark in a unique custom field, so that none is made twice. Says what is missing."""

    async def work() -> None:
        async with borrowed(account_id) as (app, account):
            view = await enable(app, account, resource, CLI, "cli", "cli")
        for each in view.checked:
            typer.echo(
                f"{'on ' if each.fits else 'off'}  {each.resource}: {_STANDING[each.found]}, in {each.module}"
            )
        steps = {each.what_to_do for each in view.checked if each.what_to_do}
        typer.echo("\n".join(["", *sorted(steps), f"Prove it: ledgerway doctor --live-upsert {account_id}"]))

    asyncio.run(work())


@accounts.command("disable-upsert")
def disable_upsert(account_id: AccountId, resource: Resources = None) -> None:
    """Mark nothing any more. Writes under way keep the mark they have."""

    async def work() -> None:
        async with borrowed(account_id) as (app, account):
            view = await disable(app, account, resource, CLI, "cli")
        typer.echo(f"Still marked: {', '.join(view.upserts) or 'nothing'}")

    asyncio.run(work())


async def live_upsert(account_id: str) -> bool:
    """Try it on the real organisation, saying what is done and what came of it; whether all of it holds."""
    async with borrowed(account_id) as (app, account):
        trial = Trial(app, account)
        where = ", ".join(module.label for _, module in trial.modules)
        typer.echo(
            f"{account.organization.name} ({account.organization.id}): {TIMES} upserts of one value at once in each "
            f"of: {where or 'nothing'}. What this makes, a customer and a vendor for it included, it deletes again; "
            f"numbers taken from sequences stay taken. About {trial.calls} calls."
        )
        proofs = await trial.run()
    for proof in proofs:
        told = f"{proof.answered} answered, {proof.records} record{'s' if proof.records != 1 else ''}"
        told += f", left behind: {', '.join(proof.left)}" if proof.left else ""
        told = f"not tried: {proof.failed}" if proof.failed else told
        typer.echo(f"{'ok  ' if proof.holds else 'fail'} {proof.resource}: {told}, in {proof.module}")
    return all(proof.holds for proof in proofs)


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
