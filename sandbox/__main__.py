"""`python -m sandbox`: run the sandbox until interrupted."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import uvloop

from .options import CLIENT_ID, CLIENT_SECRET, Options
from .running import Sandbox, serving


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM. Prints one line of JSON when ready."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A local twin of Zoho: OAuth and Books.")
    parser.add_argument("--port", type=int, default=9000, help="first of nine ports; 0 finds free ones")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", choices=("furnished", "empty"), default="furnished")
    parser.add_argument("--rows", type=int, help="invoices in a furnished organisation")
    parser.add_argument("--limits", type=json.loads, default={}, help='JSON, such as {"minute": null}')
    chosen = parser.parse_args(arguments)
    if not isinstance(chosen.limits, dict):
        parser.error("--limits is a JSON object")
    try:
        options = Options(chosen.host, chosen.port, chosen.seed, chosen.rows, chosen.limits)
        uvloop.run(_until_stopped(options))
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_stopped(options: Options) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    async with serving(options) as sandbox:
        print(json.dumps(_ready(sandbox)), flush=True)
        await stopped.wait()


def _ready(sandbox: Sandbox) -> dict[str, object]:
    world = sandbox.world
    return {
        "ready": True,
        "admin": sandbox.admin_url,
        "data_centers": sandbox.data_centers,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "users": [
            {"email": user.email, "location": user.location, "organizations": user.organizations}
            for user in world.users.values()
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
