"""`ledgerway audit …`."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.json import instant
from app.keys import audit as chain
from app.keys import store
from app.keys.audit_check import Verdict, verify
from app.keys.audit_seals import HEAD, Seals, Signed, read_signed, signed
from app.keys.bench import CLOCK, AsJson, Bench, bench, print_json, run
from app.keys.schemas import audit_view
from app.keys.wrappers import open_wrapper
from app.models.audit_log import AuditEntry

audit = typer.Typer(no_args_is_help=True, help="The audit log.")


@audit.command("verify")
def verify_audit(
    heads: Annotated[
        list[Path] | None,
        typer.Option(help="What `audit export` printed once; may be repeated.", exists=True, dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every chain and check its signatures; exit 1 when an entry was changed or is missing.

    Signed heads kept elsewhere (--heads) show a chain that was cut off or made anew with all its signatures.
    """
    exported = [one for path in heads or () for one in _read(path)]

    async def work() -> None:
        verdicts: dict[str, Verdict] = {}
        async with _seals() as (house, seals):
            key = await seals.public_key()
            async with house.database.read() as session:
                names = {row.id: f"{row.name} ({row.mode})" for row in await store.environments(session)}
                found = await chain.chains(session)
            for environment_id in sorted({*found, *(one.environment_id for one in exported)}):
                async with house.database.read() as session:
                    verdicts[environment_id] = await verify(session, environment_id, key, exported)
        if as_json:
            print_json(verdicts)
        else:
            for environment_id, verdict in verdicts.items():
                typer.echo(f"{names.get(environment_id, environment_id)}: {_told(verdict)}")
        if any(verdict.broken_at is not None for verdict in verdicts.values()):
            raise typer.Exit(1)

    run(work())


@audit.command("list")
def list_audit(
    environment: Annotated[
        str | None,
        typer.Option(help=f"Only of environments of this name, or {chain.SYSTEM}: of what belongs to none."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many of the newest entries.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest entries, oldest of them first; also of the chain `system`, which no API key reads."""

    async def work() -> None:
        async with bench() as house, house.database.read() as session:
            known = {
                row.id: (row.name, f"{row.name} ({row.mode})") for row in await store.environments(session)
            }
            found: list[AuditEntry] = []
            for environment_id in await chain.chains(session):
                names = (environment_id, *known.get(environment_id, ()))
                if environment is None or environment in names:
                    found += await chain.page(session, environment_id, limit)
        newest = sorted(found, key=lambda entry: (entry.created_at, entry.seq))[-limit:]
        if as_json:
            print_json(
                [{"environment_id": one.environment_id, **audit_view(one).model_dump()} for one in newest]
            )
            return
        for entry in newest:
            where = known.get(entry.environment_id, ("", entry.environment_id))[1]
            who = f"{entry.actor.get('type')} {entry.actor.get('id')}"
            said = f"{entry.action} {entry.target} {entry.outcome} by {who}"
            typer.echo(f"{instant(entry.created_at)} {where} {entry.seq} {said}")

    run(work())


@audit.command("export")
def export_audit() -> None:
    """Sign where every chain ends now, and print that with the public key, as JSON.

    Keep it where the database's administrators cannot write.
    """

    async def work() -> None:
        async with _seals() as (house, seals):
            await seals.sign_heads()
            key = await seals.public_key()
            assert key is not None
            ends: list[dict[str, Any]] = []
            async with house.database.read() as session:
                for environment_id in await chain.chains(session):
                    of_chain = [one for one in await signed(session, environment_id) if one.kind == HEAD]
                    ends += [one.told() for one in of_chain[-1:]]
        print_json({"public_key": _text(key), "heads": ends})

    run(work())


@asynccontextmanager
async def _seals() -> AsyncGenerator[tuple[Bench, Seals]]:
    async with bench() as house:
        wrapper, close = open_wrapper(house.settings, house.keyring)
        try:
            yield house, Seals(house.database, wrapper, CLOCK)
        finally:
            await close()


def _read(path: Path) -> list[Signed]:
    try:
        return [read_signed(one) for one in json.loads(path.read_bytes())["heads"]]
    except (ValueError, KeyError, TypeError):
        raise typer.BadParameter(f"{path} is not what `ledgerway audit export` prints") from None


def _told(verdict: Verdict) -> str:
    if verdict.broken_at is not None:
        return f"{verdict.checked} entries, broken at {verdict.broken_at}: {verdict.reason}"
    return f"{verdict.checked} entries, intact, signed up to {verdict.signed}"


def _text(key: Ed25519PublicKey) -> str:
    return key.public_bytes_raw().hex()
