"""`ledgerway`: every command."""

import gc
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import typer

from app.core import reach
from app.core.errors import Problem
from app.core.process import NotReady
from app.core.schema import SchemaTooNew
from app.core.secrets import KeyringUnusable
from app.core.settings import SettingsError

COMMANDS: Mapping[str, str] = {
    "serve": "app.commands.serve:serve",
    "worker": "app.commands.worker:worker",
    "migrate": "app.commands.migrate:migrate",
    "doctor": "app.commands.doctor:doctor",
    "demo": "app.demo.cli:demo",
    "sandbox": "app.commands.sandbox:sandbox",
    "keys": "app.keys.cli:keys",
    "keyring": "app.keys.ring_cli:ring",
    "accounts": "app.commands.accounts:accounts",
    "audit": "app.keys.audit_cli:audit",
    "jobs": "app.commands.jobs:jobs",
    "docs": "app.commands.docs:docs",
}
"""Where each is: a function, or a group of commands."""


def cli(names: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """The command line. Only the modules of the commands named are loaded: the server alone takes a second."""
    found = typer.Typer(
        name="ledgerway",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=__doc__,
    )
    found.callback()(lambda: None)  # one command is still named
    gc.disable()  # what is loaded stays: looking through it again and again takes a sixth of the time
    for name in names:
        place, _, attribute = COMMANDS[name].partition(":")
        module = import_module(place)
        command: Any = getattr(module, attribute)
        if isinstance(command, typer.Typer):
            found.add_typer(command, name=name)
        else:
            settings = getattr(module, "PASSED_ON", None)
            found.command(name, context_settings=settings)(command)
    gc.enable()
    return found


def main() -> None:
    """The console script: failures an operator can mend are one line and exit code 1."""
    named = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        with reach.everywhere():
            cli(named or COMMANDS)()
    except (SettingsError, KeyringUnusable, NotReady, SchemaTooNew, ValueError) as error:
        typer.echo(f"ledgerway: {error}", err=True)
        raise SystemExit(1) from None
    except Problem as problem:
        typer.echo(f"ledgerway: {problem.detail}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
