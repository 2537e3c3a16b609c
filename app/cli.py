"""`ledgerway`: every command."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from app.commands.accounts import accounts
from app.commands.docs import docs
from app.commands.doctor import doctor
from app.commands.jobs import jobs
from app.commands.serve import serve
from app.commands.worker import worker
from app.core import reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.schema import SchemaTooNew
from app.core.secrets import KeyringUnusable
from app.core.settings import SettingsError, load_settings
from app.demo.cli import demo
from app.jobs.service import Jobs
from app.keys.audit_cli import audit
from app.keys.cli import keys
from app.keys.ring_cli import ring
from app.main import NotReady

cli = typer.Typer(
    name="ledgerway", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
cli.add_typer(keys, name="keys")
cli.add_typer(ring, name="keyring")
cli.add_typer(accounts, name="accounts")
cli.add_typer(audit, name="audit")
cli.add_typer(jobs, name="jobs")
cli.add_typer(docs, name="docs")
cli.command()(serve)
cli.command()(worker)
cli.command()(doctor)
cli.command()(demo)


@cli.command()
def migrate() -> None:
    """Bring the database up to date. Safe to run from several places at once."""

    async def work() -> None:
        database = Database(load_settings().database_url.get_secret_value())
        port = Jobs(database, Clock())
        try:
            await database.migrate()
            await port.migrate()
        finally:
            await port.close(0)
            await database.close()

    asyncio.run(work())
    typer.echo("The database is up to date.")


@cli.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def sandbox(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="First of nine ports: eight data centres, then admin.")] = 9000,
) -> None:
    """Run the local twin of the provider. Other options go to `python -m sandbox`."""
    command = [sys.executable, "-m", "sandbox", "--port", str(port), *context.args]
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 — our own module; it takes this process's place and signals


def main() -> None:
    """The console script: failures an operator can mend are one line and exit code 1."""
    try:
        with reach.everywhere():
            cli()
    except (SettingsError, KeyringUnusable, NotReady, SchemaTooNew, ValueError) as error:
        typer.echo(f"ledgerway: {error}", err=True)
        raise SystemExit(1) from None
    except Problem as problem:
        typer.echo(f"ledgerway: {problem.detail}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
