"""Destinations that cannot be used are refused when they are chosen, with the reason, and leave nothing behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.copies import Copy, connected
from tests.support.product import Product, Sandbox


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("refused")
    (folder / "exports").mkdir()
    product = Product(folder, Sandbox(folder), extra={"LEDGERWAY_EXPORT_FOLDER": str(folder / "exports")})
    with product.running():
        yield product


@pytest.fixture(scope="module")
def refused(product: Product) -> Iterator[httpx.Client]:
    """Calls for an account without jobs."""
    yield from connected(product)


@pytest.fixture
def copy(postgres_cluster: str) -> Iterator[Copy]:
    made = Copy(postgres_cluster)
    yield made
    made.drop()


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "postgresql"}, "url", "needs a URL"),
    ({"type": "postgresql", "url": "mysql://u:p@db.example.com/x"}, "url", "postgresql://"),
    ({"type": "postgresql", "url": "postgresql://db.example.com/x"}, "url", "needs a user"),
    ({"type": "postgresql", "url": "postgresql://u@/x?host=/var/run"}, "url", "one host"),
    ({"type": "postgresql", "url": "postgresql://u@h/x?options=-c"}, "url", "sslmode"),
    ({"type": "postgresql", "url": "postgresql://u:p@10.0.0.8/x"}, "url", "not a public one"),
    ({"type": "postgresql", "url": "postgresql://u:p@169.254.169.254/x"}, "url", "not a public one"),
    ({"type": "postgresql", "url": "postgresql://u:p@[::ffff:10.0.0.8]/x"}, "url", "not a public one"),
    ({"type": "postgresql", "url": "postgresql://u:p@nowhere.invalid/x"}, "url", "leads nowhere"),
    ({"type": "postgresql", "url": "postgresql://u:p@127.0.0.1:1/x"}, "url", "cannot be connected to"),
    ({"type": "postgresql", "url": "postgresql://u:p@8.8.8.8:80/x"}, "url", "port from 1024"),
    ({"type": "postgresql", "url": "postgresql://u:p@8.8.8.8/x?sslmode=disable"}, "url", "verify-full"),
    ({"type": "postgresql", "url": "postgresql://u:p@127.0.0.1/x", "schema": "pg_x"}, "schema", "schema is named"),
    ({"type": "postgresql", "url": "postgresql://u:p@127.0.0.1/x", "path": "x"}, "path", "has no path"),
    ({"type": "files"}, "path", "need a path"),
    ({"type": "files", "path": "../up"}, "path", "relative"),
    ({"type": "files", "path": "/etc"}, "path", "relative"),
    ({"type": "files", "path": "a/../../b"}, "path", "relative"),
    ({"type": "files", "path": ".hidden"}, "path", "relative"),
    ({"type": "files", "path": "s3://somebodys-bucket/x"}, "path", "only below"),
    ({"type": "files", "path": "link/x"}, "path", "cannot be written"),
]  # fmt: skip


@pytest.mark.parametrize(("destination", "member", "reason"), BAD)
def test_what_cannot_be_used_is_refused_with_the_reason(
    refused: httpx.Client,
    product: Product,
    tmp_path: Path,
    destination: dict[str, Any],
    member: str,
    reason: str,
) -> None:
    link = product.folder / "exports" / "link"
    if not link.is_symlink():
        link.symlink_to(tmp_path)
    body = {"integrated_account_id": refused.headers["X-Integrated-Account-Id"], "destination": destination}
    answer = refused.post("/sync-job", json=body)
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"] == f"/destination/{member}" and reason in error["detail"], answer.text
    assert (
        refused.get("/sync-job", params={"integrated_account_id": body["integrated_account_id"]}).json()[
            "result"
        ]
        == []
    )
    assert list(tmp_path.iterdir()) == []


def test_a_user_who_may_not_make_tables_is_refused(refused: httpx.Client, copy: Copy) -> None:
    copy.do(f"REVOKE CREATE ON DATABASE {copy.name} FROM {copy.role}")
    body = {
        "integrated_account_id": refused.headers["X-Integrated-Account-Id"],
        "destination": {"type": "postgresql", "url": copy.url},
    }
    answer = refused.post("/sync-job", json=body)
    assert answer.status_code == 422 and "needs to create tables" in answer.json()["errors"][0]["detail"]
    copy.do(
        "CREATE SCHEMA theirs",
        "CREATE TABLE theirs.items (id int)",
        f"GRANT ALL ON SCHEMA theirs TO {copy.role}",
    )
    body["destination"]["schema"] = "theirs"
    answer = refused.post("/sync-job", json={**body, "resources": ["items"]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/destination/schema"
    assert (
        copy.as_root("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'theirs'")[0][0]
        == 1
    )
