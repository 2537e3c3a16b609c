"""What a delivery says."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.webhooks.bodies import LARGEST, body_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(payload: dict[str, Any], thin: bool = False) -> tuple[bytes, dict[str, Any]]:
    body = body_of(
        id="evt_1", event="record:updated", payload=payload, environment_id="env_1", webhook_id="whk_1",
        created_at=AT, sequence=7, thin=thin,
    )  # fmt: skip
    return body, json.loads(body)


def record(size: int) -> dict[str, Any]:
    return {"id": "1", "changed_fields": ["a"], "previous": {"a": 1}, "record": {"a": "x" * size}}


def test_all_members_and_no_space() -> None:
    body, told = said(record(1))
    assert told == {
        "id": "evt_1", "event": "record:updated", "payload": record(1), "environment_id": "env_1",
        "webhook_id": "whk_1", "created_at": told["created_at"], "sequence": 7,
    }  # fmt: skip
    assert datetime.fromisoformat(told["created_at"]) == AT
    assert body == json.dumps(told, separators=(",", ":")).encode()


def test_thin_names_the_record() -> None:
    thin = {"id": "1", "changed_fields": ["a"], "is_thin": True}
    assert said(record(1), thin=True)[1]["payload"] == thin
    body, told = said(record(LARGEST))
    assert told["payload"] == thin and len(body) < LARGEST


@pytest.mark.parametrize("past", [0, 1])
def test_twenty_kilobytes_are_the_limit(past: int) -> None:
    room = LARGEST - len(said(record(0))[0])
    assert ("is_thin" in said(record(room + past))[1]["payload"]) is bool(past)


def test_what_is_no_record_has_nothing_to_leave_out() -> None:
    payload = {"status": "needs_reauth"}
    assert said(payload, thin=True)[1]["payload"] == payload
