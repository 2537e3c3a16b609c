"""After a whole life of connections, failures included, no secret stands in a log, an answer or the database."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import create_engine, inspect, text

from app.demo.browser import Browser
from tests.flows.conftest import Admin
from tests.support.product import Product, Sandbox, walk

SHAPES = re.compile(
    rb"1000\.[0-9a-f]{32}\.[0-9a-f]{32}|lw_test_\w{12}_\w{20,}|lw[lt]_[\w-]{20,}|[?&](?:code|state|link_token|authtoken)="
)


@pytest.fixture
def told(database_url: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Product]:
    """A product that logs all it can."""
    started = Product(tmp_path, sandbox, database_url=database_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEDGERWAY_LOG_LEVEL", "debug")
        started.start()
    try:
        yield started
    finally:
        started.stop()


def stored(product: Product) -> bytes:
    """Every byte of the database: the file with its journal, or every column of every table."""
    if product.database_url.startswith("sqlite"):
        file = Path(product.database_url.removeprefix("sqlite:///"))
        return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    script = (
        "import asyncio, asyncpg, sys\n"
        "async def main():\n"
        "    c = await asyncpg.connect(sys.argv[1])\n"
        "    names = await c.fetch(\"select tablename from pg_tables where schemaname = 'public'\")\n"
        "    for (name,) in names:\n"
        "        for row in await c.fetch(f'select * from \"{name}\"'):\n"
        "            for value in row.values():\n"
        "                sys.stdout.buffer.write(value if isinstance(value, bytes) else str(value).encode())\n"
        "asyncio.run(main())\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script, product.database_url], capture_output=True, check=True
    ).stdout


def live(product: Product, admin: Admin) -> dict[str, str]:
    """Everything that handles a secret, well and badly. The secrets, by what they are."""
    secrets = {"key": product.key.split("_")[3][:43], "client secret": "sandbox-secret"}
    brought = admin.did("POST", "/grants", user="dana@us.example")
    secrets |= {"refresh token": brought["refresh_token"], "access token": brought["access_token"]}
    url = product.link("tells", redirect_uri="http://127.0.0.1:9/back")
    secrets["link token"] = parse_qs(urlsplit(url).query)["link_token"][0]
    with Browser(stop_at="http://127.0.0.1:9/") as browser:
        page = browser.submit(browser.open(url))
        secrets["state"] = page.form.fields["state"]
        browser.submit(page, button=("decision", "accept"))
        secrets["cookie"] = next(iter(browser.cookies.values()))
    for user, decision in (("noor@us.example", "accept"), ("dana@us.example", "deny")):
        walk(product.link("fails"), user=user, decision=decision)
    base = product.bases[0]
    httpx.get(f"{base}/oauth/callback?state={secrets['state']}&code={'1000.' + 'a' * 32 + '.' + 'b' * 32}")
    with product.client() as api:
        credentials = {"refresh_token": brought["refresh_token"], "location": "us"}
        body = {"tenant_id": "brings", "integration": "zohobooks", "credentials": credentials}
        account = api.post("/integrated-account", json=body)
        assert account.status_code == 201, account.text
        answers = [account]
        at = {"integrated_account_id": account.json()["id"]}
        minted = api.post("/integrated-account/token", json=at).json()["integrated_account_token"]
        secrets["account token"] = minted
        stored_client = {"integration": "zohobooks", "location": "eu", "client_id": "1000.OWN",
                         "client_secret": "a-client-secret-of-their-own"}  # fmt: skip
        secrets["own client secret"] = stored_client["client_secret"]
        answers.append(api.post("/environment-integration", json=stored_client))
        wrong = {"refresh_token": f"1000.{'c' * 32}.{'d' * 32}", "location": "us"}
        secrets["refused refresh token"] = wrong["refresh_token"]
        answers += [
            api.post("/integrated-account", json=body | {"credentials": wrong}),
            api.post("/integrated-account", json=body | {"credentials": wrong | {"surprise": 1}}),
            api.post(
                "/integrated-account", content=f'{{"credentials": "{wrong["refresh_token"]}", }}'.encode()
            ),
            api.get("/proxy/contacts", params=at),
            api.get(
                f"/native/zohobooks/{at['integrated_account_id']}/books/v3/contacts",
                params={"authtoken": minted},
            ),
        ]
        basic = base64.b64encode(f"x:{product.key}".encode()).decode()
        api.post(f"/native/zohobooks/{at['integrated_account_id']}/oauth/v2/token",
                 params={"refresh_token": product.key}, headers={"Authorization": f"Basic {basic}"})  # fmt: skip
        admin.did("DELETE", "/grants", user="dana@us.example")
        answers += [
            api.post("/integrated-account/refresh-credentials", json={"id": at["integrated_account_id"]}),
            *(api.get(path) for path in ("/log", "/audit", "/api-key", "/integrated-account")),
            *(api.get(path) for path in ("/environment-integration", "/readyz", "/metrics")),
        ]
        for answer in answers:
            for what, secret in secrets.items():
                assert secret not in answer.text, f"{answer.request.url.path} shows the {what}"
    return secrets


def test_no_secret_outlives_its_use(told: Product, admin: Admin) -> None:
    secrets = live(told, admin)
    told.stop()
    log = b"".join(path.read_bytes() for path in told.folder.glob("gateway*.log"))
    assert b'"event":"request"' in log or b'"event": "request"' in log, "the log is the one looked at"
    rows = stored(told)
    assert b"integrated_account.created" in rows, "the database is the one looked at"
    for what, secret in secrets.items():
        assert secret.encode() not in log, f"the log shows the {what}"
        assert secret.encode() not in rows, f"the database shows the {what}"
    assert SHAPES.findall(log) == []
    assert re.findall(rb"1000\.[0-9a-f]{32}\.[0-9a-f]{32}", rows) == []


def test_the_key_ring_and_the_database_are_their_owners(product: Product) -> None:
    for name in ("keyring.json", "ledgerway.db"):
        assert (product.folder / name).stat().st_mode & 0o077 == 0, name
    engine = create_engine(f"sqlite:///{product.folder / 'ledgerway.db'}")
    tables = inspect(engine).get_table_names()
    with engine.connect() as connection:
        ring = connection.execute(text("select * from keyring_checks")).all()
    engine.dispose()
    assert "grants" in tables and len(ring) == 1
