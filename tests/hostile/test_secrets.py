"""After a whole life of connections, failures and crashes included, no secret stands in a log, an answer, the
database or a dump of it."""

import base64
import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from sqlalchemy import create_engine, inspect, text

from app.demo.browser import Browser
from sandbox.grants import fingerprint
from tests.flows.conftest import NO_LIMITS, Admin
from tests.support import postgres
from tests.support.product import Product, Sandbox, walk

TOKEN = re.compile(rb"1000\.[0-9a-f]{32}\.[0-9a-f]{32}")
SHAPES = re.compile(
    TOKEN.pattern + rb"|lw_test_\w{12}_\w{20,}|lw[lt]_[\w-]{20,}|[?&](?:code|state|link_token|authtoken)="
)
WORDS = re.compile(rb"[\w.\-]{20,200}")

SHOWN = {
    ("POST", "/link-token"): {"link token"},
    ("POST", "/api-key"): {"made key"},
    ("POST", "/integrated-account/token"): {"account token"},
    ("GET", "/connect-account"): {"link token"},  # the page's form carries it on
    ("POST", "/connect-account"): {"state", "cookie"},  # for the provider and the browser
}
"""The answers that are there to show a secret, and which."""


@dataclass
class Life:
    """What was done with a product: its secrets and what a customer would mind, by name, and what it answered."""

    secrets: dict[str, str] = field(default_factory=dict[str, str])
    books: dict[str, str] = field(default_factory=dict[str, str])
    answers: list[httpx.Response] = field(default_factory=list[httpx.Response])
    logs: bytes = b""

    def hear(self, answer: httpx.Response) -> None:
        answer.read()
        self.answers.append(answer)

    def answered(self) -> list[tuple[str, set[str], bytes]]:
        """Each answer: to what, the secrets it is there to show, and all of its headers and body."""
        found: list[tuple[str, set[str], bytes]] = []
        for answer in self.answers:
            method, path = answer.request.method, answer.request.url.path
            told = b"\n".join([*(b": ".join(pair) for pair in answer.headers.raw), answer.content])
            shown = (
                {"account token"}
                if path.endswith("/oauth/v2/token")
                else SHOWN.get((method, path), set[str]())
            )
            found.append((f"{method} {path}", shown, told))
        return found


class Overheard(Browser):
    """A browser whose every answer from the product is kept."""

    def __init__(self, life: Life, base: str) -> None:
        super().__init__(stop_at="http://127.0.0.1:9/")

        def hear(answer: httpx.Response) -> None:
            if str(answer.url).startswith(base):
                life.hear(answer)

        self._client.event_hooks["response"].append(hear)


@pytest.fixture
def told(database_url: str, tmp_path: Path) -> Iterator[Product]:
    """A product that logs all it can, and how it dies; its provider has no limits."""
    loud = {"LEDGERWAY_LOG_LEVEL": "debug", "PYTHONFAULTHANDLER": "1"}
    sandbox = Sandbox(tmp_path, ("--limits", NO_LIMITS))
    with Product(tmp_path, sandbox, database_url=database_url, extra=loud, fresh=True).running() as running:
        yield running


@pytest.fixture
def admin(told: Product) -> Iterator[Admin]:
    with Admin(base_url=told.sandbox.admin, timeout=30, trust_env=False) as client:
        yield client


def stored(product: Product) -> bytes:
    """Every byte of the database: the file with its journal, or every column of every table and a dump."""
    if product.database_url.startswith("sqlite"):
        file = Path(product.database_url.removeprefix("sqlite:///"))
        return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    script = (
        "import asyncio, asyncpg, sys\n"
        "async def main():\n"
        "    c = await asyncpg.connect(sys.argv[1], server_settings={'ledgerway.environment': '*'})\n"
        "    names = await c.fetch(\"select tablename from pg_tables where schemaname = 'public'\")\n"
        "    for (name,) in names:\n"
        "        for row in await c.fetch(f'select * from \"{name}\"'):\n"
        "            for value in row.values():\n"
        "                sys.stdout.buffer.write(value if isinstance(value, bytes) else str(value).encode())\n"
        "                sys.stdout.buffer.write(b' ')\n"
        "asyncio.run(main())\n"
    )
    url = product.database_url
    rows = subprocess.run([sys.executable, "-c", script, url], capture_output=True, check=True).stdout
    return rows + dump(url)


def dump(url: str) -> bytes:
    """What an operator's backup holds, made as the documentation says."""
    folder = postgres.binaries()
    program = shutil.which("pg_dump", path=str(folder)) or shutil.which("pg_dump")
    if program is None:
        return b""
    environment = {"PGOPTIONS": "-c ledgerway.environment=*"}
    made = subprocess.run(
        [program, "--enable-row-security", f"--dbname={url}"], capture_output=True, env=environment
    )
    assert made.returncode == 0, made.stderr
    assert b"integrated_account.created" in made.stdout, "the dump is whole"
    return made.stdout


def live(product: Product, admin: Admin) -> Life:
    """Everything that handles a secret, well and badly."""
    life = Life({"key": product.key.split("_")[3][:43], "client secret": "sandbox-secret"})
    brought = admin.did("POST", "/grants", user="dana@us.example")
    life.secrets |= {"refresh token": brought["refresh_token"], "access token": brought["access_token"]}
    arrange(
        admin, "unread_body", times=-1, endpoint="accounts", path="revoke"
    )  # a token has to go into the URL
    with product.client() as api:
        api.event_hooks["response"].append(life.hear)
        sign_in(product, life)
        account = bring(api, life, brought["refresh_token"])
        use(api, life, account)
        copy(api, life, account)
        misuse(api, life, account, product.key)
        fail(api, admin, account)
        crash(product, life, admin, account)
        admin.did("DELETE", "/grants", user="dana@us.example")
        api.post("/integrated-account/refresh-credentials", json={"id": account})
        for path in ("log", "write", "audit", "api-key", "integrated-account", "environment-integration",
                     "readyz", "metrics", "openapi.json", f"integrated-account/{account}/quota"):  # fmt: skip
            assert api.get(f"/{path}").is_success, path
    return life


def sign_in(product: Product, life: Life) -> None:
    """Through the pages, once to the end of consent and twice into a refusal, then with a code of nobody's."""
    url = product.link("tells", redirect_uri="http://127.0.0.1:9/back")
    life.secrets["link token"] = parse_qs(urlsplit(url).query)["link_token"][0]
    with Overheard(life, product.bases[0]) as browser:
        page = browser.submit(browser.open(url))
        life.secrets["state"] = page.form.fields["state"]
        browser.submit(page, button=("decision", "accept"))
        life.secrets["cookie"] = next(iter(browser.cookies.values()))
    for user, decision in (("noor@us.example", "accept"), ("dana@us.example", "deny")):
        walk(product.link("fails"), user=user, decision=decision)
    life.secrets["code"] = f"1000.{'a' * 32}.{'b' * 32}"
    query = f"state={life.secrets['state']}&code={life.secrets['code']}"
    life.hear(httpx.get(f"{product.bases[0]}/oauth/callback?{query}"))


def bring(api: httpx.Client, life: Life, refresh_token: str) -> str:
    """Connects by a refresh token of one's own, in vain at first, and stores an OAuth client."""
    wrong = {"refresh_token": f"1000.{'c' * 32}.{'d' * 32}", "location": "us"}
    life.secrets["refused refresh token"] = wrong["refresh_token"]
    body = {"tenant_id": "brings", "integration": "zohobooks", "credentials": wrong}
    for given in (body, body | {"credentials": wrong | {"surprise": 1}}):
        assert api.post("/integrated-account", json=given).is_client_error
    broken = f'{{"credentials": "{wrong["refresh_token"]}", }}'.encode()
    assert api.post("/integrated-account", content=broken).is_client_error
    body["credentials"] = {"refresh_token": refresh_token, "location": "us"}
    account = api.post("/integrated-account", json=body)
    assert account.status_code == 201, account.text
    client = {"integration": "zohobooks", "location": "eu", "client_id": "1000.OWN"}
    life.secrets["own client secret"] = client["client_secret"] = "a-client-secret-of-their-own"
    assert api.post("/environment-integration", json=client).status_code == 201
    life.secrets["made key"] = api.post("/api-key", json={"name": "made"}).json()["key"]
    api.post("/link-token", json={"tenant_id": "tells"})
    return account.json()["id"]


def use(api: httpx.Client, life: Life, account: str) -> None:
    """Reads and writes, by every door."""
    at = {"integrated_account_id": account}
    minted = api.post("/integrated-account/token", json=at).json()["integrated_account_token"]
    life.secrets["account token"] = minted
    life.books["name of a customer"] = "Canary Quince and Daughters"
    once = {"Idempotency-Key": "one-canary"}
    for _ in range(2):
        body = {"name": life.books["name of a customer"]}
        made = api.post("/unified/accounting/contacts", params=at, json=body, headers=once)
        assert made.status_code == 201, made.text
    assert api.get("/proxy/contacts", params=at).is_success
    native = f"/native/zohobooks/{account}/books/v3/contacts"
    assert api.get(native, params={"authtoken": minted}, headers={"Authorization": ""}).is_success


def copy(api: httpx.Client, life: Life, account: str) -> None:
    """Into a database of the customer's, after URLs that lead nowhere; then the database is gone."""
    life.secrets["database password"] = password = "a-password-of-their-database"
    cluster = postgres.start()
    database = postgres.create_database(cluster, "template0") if cluster else ""
    body = {
        "integrated_account_id": account,
        "resources": ["items"],
        "cadence": None,
        "sweep_cadence": None,
    }

    def job(url: str) -> httpx.Response:
        return api.post("/sync-job", json={**body, "destination": {"type": "postgresql", "url": url}})

    for wrong in (
        f"postgresql://ann:{password}@127.0.0.1:1/x",
        f"postgresql://ann:{password}@[x",
        f"ann:{password}",
    ):
        assert job(wrong).status_code == 422
    if not database:
        return
    made = job(database.replace("ledgerway@", f"ledgerway:{password}@"))
    assert made.status_code == 201, made.text
    at = f"/sync-job/{made.json()['id']}"
    until(lambda: api.get(at).json()["destination"]["delivered"])
    postgres.drop_database(database)
    late, at_account = {"name": "Late", "unit_price": 1}, {"integrated_account_id": account}
    assert api.post("/unified/accounting/items", json=late, params=at_account).is_success
    assert api.post("/sync-job-run", json={"sync_job_id": made.json()["id"]}).is_success
    until(lambda: api.get(at).json()["destination"]["state"] == "failing")
    for path in ("/sync-job", "/sync-job-run", "/changes"):
        assert api.get(path, params=at_account).is_success


def misuse(api: httpx.Client, life: Life, account: str, key: str) -> None:
    """Secrets in places where none belongs."""
    native = f"/native/zohobooks/{account}"
    basic = {"Authorization": "Basic " + base64.b64encode(f"x:{key}".encode()).decode()}
    api.post(f"{native}/oauth/v2/token", params={"refresh_token": key}, headers=basic)
    api.get(f"{native}/books/v3/contacts", params={"authtoken": key, "organization_id": "1"})
    api.get("/proxy/contacts", params={"integrated_account_id": account, "authtoken": key})
    for secret in (key, life.secrets["refresh token"], life.secrets["account token"]):
        api.get(f"/integrated-account/{secret}")
        api.get(f"/nowhere/{secret}")
        api.get("/log", params={"next_cursor": secret})
        api.get("/unified/accounting/contacts", params={"integrated_account_id": secret})
        at = {"integrated_account_id": account}
        for wrong in (f"contacts/{secret}", f"contacts/1/{secret}", secret, f"{secret}/1"):
            api.get(f"/unified/accounting/{wrong}", params=at)
            api.post(f"/unified/accounting/{wrong}", params=at)
        for method in ("GET", "DELETE"):
            api.request(method, f"/proxy/{secret}", params=at)
        api.post(f"/{secret}", headers={"Authorization": f"Bearer {secret}x"})
    api.request("BREW", f"/unified/{key}")


def fail(api: httpx.Client, admin: Admin, account: str) -> None:
    """Whatever goes wrong at the provider, with its token endpoint too."""
    at = {"integrated_account_id": account}
    for kind in ("html", "garbage", "reset_after", "commit_then_drop"):
        arrange(admin, kind, method="POST", path="/contacts$")
        answer = api.post("/unified/accounting/contacts", params=at, json={"name": f"Lost by {kind}"})
        assert answer.is_server_error, answer.text
    for kind in ("html", "garbage"):
        arrange(admin, kind, endpoint="token")
        api.post("/integrated-account/refresh-credentials", json={"id": account})
    admin.did("DELETE", "/faults")


def arrange(admin: Admin, kind: str, **matching: str | int) -> None:
    assert admin.post("/faults", json={"kind": kind, **matching}).is_success


def crash(product: Product, life: Life, admin: Admin, account: str) -> None:
    """Aborted with a write in hand: the interpreter tells on stderr where every thread was."""
    arrange(admin, "hang", method="POST", path="/contacts$")
    mark = admin.last()

    def write() -> None:
        with product.client() as api, contextlib.suppress(httpx.HTTPError):
            at = {"integrated_account_id": account}
            api.post("/unified/accounting/contacts", params=at, json={"name": "Cut off"})

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        until(lambda: admin.calls(after=mark, method="POST", path="/contacts$"))
        server = product.server(0)
        server.signal(signal.SIGABRT)
        until(lambda: not server.is_running)
        writing.result(60)
    last = server.log.read_bytes()
    assert b"Fatal Python error: Aborted" in last
    life.logs += last
    product.crash(0)
    admin.did("DELETE", "/faults")


def until(done: Callable[[], object]) -> None:
    for _ in range(600):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to it")


def forms(secret: str) -> set[bytes]:
    """How a text may look in places that write it their own way."""
    raw = secret.encode()
    return {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), quote(secret, safe="").encode()}


def test_no_secret_outlives_its_use(told: Product, admin: Admin) -> None:
    life = live(told, admin)
    told.stop()
    log = life.logs + b"".join(path.read_bytes() for path in told.folder.glob("gateway*.log"))
    rows = stored(told)
    assert b'"event":"request"' in log, "the log is the one looked at"
    assert b"integrated_account.created" in rows, "the database is the one looked at"
    for what, secret in (life.secrets | life.books).items():
        for form in forms(secret):
            assert form not in log, f"the log shows the {what}"
            assert form not in rows, f"the database shows the {what}"
    assert SHAPES.findall(log) == []
    assert TOKEN.findall(rows) == []
    answered = life.answered()
    for where, what, whole in answered:
        for name, secret in life.secrets.items():
            assert name in what or not any(form in whole for form in forms(secret)), (
                f"{where} shows the {name}"
            )
    # tokens and codes nobody here has seen: the provider knows their fingerprints
    known = set(re.findall(r"sha256:[0-9a-f]{16}", json.dumps(admin.calls())))
    assert fingerprint(life.secrets["refresh token"]) in known, "the provider was told secrets"
    revoked = [call["status"] for call in admin.calls(path="revoke") if call["query"]]
    assert 200 in revoked, "one of them in a URL"
    everything = b"\n".join([log, rows, *(whole for _, _, whole in answered)])
    words = {word.decode() for word in set(WORDS.findall(everything))}
    assert [word for word in words if fingerprint(word) in known] == []


def test_the_key_ring_and_the_database_are_their_owners(product: Product) -> None:
    for name in ("keyring.json", "ledgerway.db"):
        assert (product.folder / name).stat().st_mode & 0o077 == 0, name
    engine = create_engine(f"sqlite:///{product.folder / 'ledgerway.db'}")
    tables = inspect(engine).get_table_names()
    with engine.connect() as connection:
        ring = connection.execute(text("select * from keyring_checks")).all()
    engine.dispose()
    assert "grants" in tables and len(ring) == 1
