"""`ledgerway keys …`."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy import or_, select

from app.core.auth import Mode
from app.core.errors import Problem
from app.keys.bench import CLI, AsJson, bench, print_json, run
from app.keys.schemas import ApiKeyRequest, key_view
from app.models.api_keys import ApiKey
from app.models.environments import Environment

keys = typer.Typer(no_args_is_help=True, help="API keys.")


class Modes(Enum):
    """The modes an environment has."""

    TEST = "test"
    LIVE = "live"


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
        async with bench() as house:
            owner, made = await house.keys.create_for(environment, chosen, wanted, CLI)
        secret = made.secret.reveal().decode()
        if as_json:
            print_json({"key": secret, "environment": owner.name, **key_view(made.key, chosen).model_dump()})
        else:
            typer.echo(secret)

    run(work())


@keys.command("list")
def list_keys(
    environment: Annotated[str | None, typer.Option(help="Only this environment's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the keys there are, newest first. Secrets are not stored, so none is shown."""

    async def work() -> None:
        async with bench() as house, house.database.read() as session:
            query = select(ApiKey, Environment).join(Environment, Environment.id == ApiKey.environment_id)
            if environment is not None:
                query = query.where(Environment.name == environment)
            rows = (await session.execute(query.order_by(ApiKey.created_at.desc()))).all()
        if as_json:
            print_json(
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

    run(work())


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its id (key_…) or the public part of its text.")],
) -> None:
    """End a key. Servers notice within five seconds."""

    async def work() -> None:
        async with bench() as house:
            kid = key.split("_")[2] if key.startswith("lw_") and key.count("_") > 1 else key
            async with house.database.read() as session:
                row = await session.scalar(select(ApiKey).where(or_(ApiKey.id == key, ApiKey.kid == kid)))
            if row is None:
                raise Problem("not_found", f"there is no API key {key}")
            await house.keys.revoke(row.environment_id, row.id, CLI)
            typer.echo(f"{row.id} is revoked.")

    run(work())


def _listed(given: list[str] | None) -> list[str] | None:
    parts = [part.strip() for text in given or () for part in text.split(",") if part.strip()]
    return parts or None
