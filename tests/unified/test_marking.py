from types import SimpleNamespace
from typing import Any

import pytest

from app.unified.marking import mark_of, value_of
from app.unified.progress import Progress, progress_of
from connectors.kit.upserting import Mark
from connectors.zoho_books import CONNECTOR


def ring(secret: bytes = b"k" * 32) -> Any:
    return SimpleNamespace(signing=lambda purpose: (secret,))


def test_values_differ_by_write_environment_and_key() -> None:
    same = value_of(ring(), "env_1", "wri_1")
    assert len(same) == 32 and same == value_of(ring(), "env_1", "wri_1")
    others = {value_of(ring(), "env_1", "wri_2"), value_of(ring(), "env_2", "wri_1")}
    assert len({same, *others, value_of(ring(b"l" * 32), "env_1", "wri_1")}) == 4


def test_a_mark_is_kept_with_the_write_whatever_becomes_of_the_keys() -> None:
    mark = Mark(("/customerpayments", "/vendorpayments"), "cf_own", "M1")
    assert progress_of(Progress(mark=mark).kept()).mark == mark
    assert progress_of(Progress().kept()).mark is None


@pytest.mark.parametrize(
    ("resource", "operation", "key", "is_marked"),
    [
        ("invoices", "create", "k", True),
        ("invoices", "create", None, False),
        ("invoices", "update", "k", False),
        ("bills", "create", "k", False),
    ],
)
def test_what_is_marked(resource: str, operation: str, key: str | None, is_marked: bool) -> None:
    call: Any = SimpleNamespace(
        account=SimpleNamespace(connector=CONNECTOR, upserts={"invoices": "cf_own"}),
        resource=SimpleNamespace(name=resource),
        request=SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(keyring=ring()))),
    )
    intent: Any = SimpleNamespace(id="wri_1", environment_id="env_1", idempotency_key=key)
    found = mark_of(call, SimpleNamespace(operation=operation), intent)  # type: ignore[arg-type]
    assert (found is not None) == is_marked
    assert found is None or (found.field, found.paths) == ("cf_own", ("/invoices",))
