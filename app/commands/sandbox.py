"""`ledgerway sandbox`."""

import os
import sys
from typing import Annotated

import typer

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""What it does not know itself, the twin's own command line does."""


def sandbox(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="First of nine ports: eight data centres, then admin.")] = 9000,
) -> None:
    """Run the local twin of the provider. Other options go to `python -m sandbox`."""
    command = [sys.executable, "-m", "sandbox", "--port", str(port), *context.args]
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 — our own module; it takes this process's place and signals
