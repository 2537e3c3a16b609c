"""Two rotations of the key ring under load, with processes killed in between: nothing is noticed."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.secrets import keyring
from tests.support.product import Product, Sandbox

LIFTED = '{"minute": null, "day": null, "concurrent": null}'
GENEROUS = {"minute": 1_000_000, "concurrent": 1000, "day": 1_000_000_000}


@pytest.fixture
def product(database_url: str, tmp_path: Path) -> Iterator[Product]:
    sandbox = Sandbox(tmp_path, ("--rows", "3", "--limits", LIFTED))
    product = Product(tmp_path, sandbox, database_url, GENEROUS, processes=3)
    with product.running():
        yield product


class Load:
    """Fifty calls a second from five callers, to every process in turn, until stopped. A refused or broken connection
    is tried on the next one."""

    callers, pause = 5, 0.1

    def __init__(self, product: Product, path: str) -> None:
        self.answers: Counter[str] = Counter()
        self.seconds = 0.0
        self._stop = threading.Event()
        tasks = [(product, path, n) for n in range(self.callers)]
        self._threads = [threading.Thread(target=self._run, args=task) for task in tasks]

    def __enter__(self) -> "Load":
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self._begun

    def _run(self, product: Product, path: str, turn: int) -> None:
        headers = {"Authorization": f"Bearer {product.key}"}
        due = time.monotonic() + self.pause * turn / self.callers
        with httpx.Client(headers=headers, timeout=30, trust_env=False) as client:
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                due, turn = max(due + self.pause, time.monotonic() - self.pause), turn + 1
                try:
                    answer = client.get(product.bases[turn % len(product.bases)] + path)
                except httpx.TransportError:
                    continue
                self.answers["ok" if answer.status_code == 200 else answer.text] += 1


def status(product: Product) -> dict[str, Any]:
    return json.loads(product.command("keyring", "status", "--json"))


def everywhere(product: Product) -> None:
    """Returns when every process holds the ring of the file."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        told = status(product)
        if sum(one["version"] == told["version"] for one in told["processes"]) >= len(product.bases):
            return
        time.sleep(0.3)
    raise AssertionError(f"not every process followed: {told['processes']}")


def expire(admin: httpx.Client) -> None:
    """The provider forgets its tokens, once they are 15 seconds old: one that a process refused sooner, which another
    made and cannot tell whether it worked, is not taken for an expired one."""
    time.sleep(16)
    admin.post("/tokens/expire", json={}).raise_for_status()


@pytest.mark.slow
def test_two_rotations_under_load(product: Product) -> None:
    account = product.connect()[0]["id"]
    path = Path(product.environment()["LEDGERWAY_KEYRING_FILE"])
    cursor_path = f"/unified/accounting/contacts?integrated_account_id={account}&limit=1"
    with product.client() as api, httpx.Client(base_url=product.sandbox.admin, trust_env=False) as admin:
        with Load(product, f"/proxy/settings/currencies?integrated_account_id={account}") as load:
            for turn in range(2):
                old = keyring.read(path).primary
                cursor = api.get(cursor_path).json()["next_cursor"]
                product.command("keyring", "add", f"kek-turn-{turn}")
                everywhere(product)
                product.command("keyring", "promote", f"kek-turn-{turn}")
                expire(admin)  # tokens are sealed and opened anew
                product.crash(turn)
                product.command("keyring", "rewrap", "--batch", "1")
                everywhere(product)
                again = api.get(f"{cursor_path}&next_cursor={cursor}")
                assert again.status_code == 200, again.text
                product.command("keyring", "retire", old)
                everywhere(product)
        assert list(load.answers) == ["ok"], load.answers
        sys.stdout.write(f"{load.answers['ok'] / load.seconds:.0f} calls a second were answered\n")
        assert load.answers["ok"] > 50
        told = status(product)
        assert [key["status"] for key in told["keys"]] == ["disabled", "disabled", "primary"]
        ring = keyring.read(path)
        alone = keyring.Keyring(
            ring.version + 1, ring.primary, {ring.primary: ring.keys[ring.primary]}, "new"
        )
        keyring.write(path, alone, replace=True)
        expire(admin)
        for n in range(len(product.bases)):
            product.crash(n)
            with product.client(base=n) as client:
                answer = client.get(f"/proxy/settings/currencies?integrated_account_id={account}")
            assert answer.status_code == 200, answer.text
