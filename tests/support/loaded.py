"""What a gateway loads before it serves; imported once by the process that all of a run's gateways are forked from."""

import dbos  # noqa: F401

from app import cli
from connectors.kit.registry import load

cli.cli()
load()
