"""`ledgerway demo [--once]`."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.demo import story
from app.demo.browser import WalkFailed
from app.demo.processes import NotStarted, Server, free_ports, ledgerway
from app.demo.transcript import StepFailed, Transcript
from connectors.kit.registry import load

LOCATIONS = ("us", "eu", "in", "au", "jp", "ca", "cn", "sa")
"""The order of the sandbox's data centres on its consecutive ports; its admin API follows them."""

TENANT = "acme-customer-42"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit when the transcript is told.")] = False,
    folder: Annotated[
        Path, typer.Option(help="Where the demo keeps its database and logs; emptied first.")
    ] = Path(".demo"),
) -> None:
    """Start a sandbox provider and the gateway, connect an organisation, read, write and forward."""
    console = Console()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    servers: list[Server] = []
    try:
        key, base, sandbox = _start(console, folder.resolve(), servers)
        _tell(console, base, key)
    except (NotStarted, StepFailed, WalkFailed) as failure:
        console.print(f"\n[bold red]The demo stopped:[/] {failure}", soft_wrap=True, highlight=False)
        console.print(f"Logs are in {folder.resolve()}")
        raise typer.Exit(1) from failure
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    else:
        if not once:
            _stay(console, base, sandbox, key, servers)
    finally:
        for server in reversed(servers):
            server.stop()


def _start(console: Console, folder: Path, servers: list[Server]) -> tuple[str, str, int]:
    connector = load()[0]
    port = free_ports(len(LOCATIONS) + 2)
    sandbox, gateway = port, port + len(LOCATIONS) + 1
    base = f"http://127.0.0.1:{gateway}"
    prefix = f"LEDGERWAY_{connector.settings_prefix}"
    origins = {
        location: dict.fromkeys(("accounts", "api"), f"http://127.0.0.1:{sandbox + offset}")
        for offset, location in enumerate(LOCATIONS)
    }
    environment = {
        "LEDGERWAY_DATABASE_URL": f"sqlite:///{folder / 'ledgerway.db'}",
        "LEDGERWAY_KEYRING_FILE": str(folder / "keyring.json"),
        "LEDGERWAY_PUBLIC_URL": base,
        "LEDGERWAY_MODE": "development",
        f"{prefix}_CLIENT_ID": "1000.SANDBOX",
        f"{prefix}_CLIENT_SECRET": "sandbox-secret",
        f"{prefix}_DATA_CENTERS": json.dumps(origins),
    }
    console.print(
        f"Starting the {connector.label} sandbox on port {sandbox} and Ledgerway on port {gateway} …"
    )
    servers.append(Server("sandbox", [sys.executable, "-m", "sandbox", "--port", str(sandbox)], folder, {}))
    servers[-1].wait(f"http://127.0.0.1:{sandbox + len(LOCATIONS)}/")
    servers.append(Server("gateway", ledgerway("serve", "--port", str(gateway)), folder, environment))
    servers[-1].wait(f"{base}/readyz")
    made = subprocess.run(  # noqa: S603 — our own command line
        ledgerway("keys", "create", "--environment", "demo", "--mode", "test"),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NotStarted(f"no API key could be made: {made.stderr or made.stdout}")
    return made.stdout.strip(), base, sandbox


def _tell(console: Console, base: str, key: str) -> None:
    tell = Transcript(console, base, key)
    try:
        account = story.connect(tell, TENANT, load()[0].slug)
        story.list_whole(
            tell, account, "invoices", ("number", "contact", "status", "issue_date", "total_amount")
        )
        story.list_whole(tell, account, "contacts", ("name", "type", "status", "currency"))
        settled = story.write(tell, account)
        story.forward(tell, account, settled)
    finally:
        tell.close()
    console.print("\n[bold green]Every step did what it should.[/]")


def _stay(console: Console, base: str, sandbox: int, key: str, servers: list[Server]) -> None:
    console.print(
        f"\nLedgerway      {base}   (docs: {base}/docs)\n"
        f"Sandbox        http://127.0.0.1:{sandbox} … {sandbox + len(LOCATIONS) - 1}, "
        f"admin http://127.0.0.1:{sandbox + len(LOCATIONS)}\n"
        f"API key        export LEDGERWAY_KEY={key}\n"
        "Stop with Ctrl-C.",
        highlight=False,
    )
    while all(server.is_running for server in servers):
        time.sleep(0.5)
    console.print("[bold red]A server stopped by itself; see its log.[/]")
    raise typer.Exit(1)
