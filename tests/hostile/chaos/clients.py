"""Callers that do not give up: the same Idempotency-Key at any process that lives, until the answer is final."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.hostile.chaos.fleet import PROCESSES, Firm, Fleet

PATIENCE = 75.0
_AGAIN = frozenset({408, 425, 429, 502, 503, 504})


@dataclass
class Wish:
    """One invoice somebody wants, or one read when it has no `key`; `record_id` and `told` are what they heard,
    `odd` the errors that are no problem documents."""

    firm: Firm
    key: str = ""
    record_id: str | None = None
    told: str = "nothing"
    heard: set[str] = field(default_factory=set[str])
    odd: set[str] = field(default_factory=set[str])

    @property
    def is_answered(self) -> bool:
        return self.told == "done"

    def request(self) -> dict[str, Any]:
        asked = {"X-Integrated-Account-Id": self.firm.account_id}
        if not self.key:
            return {"method": "GET", "url": "/unified/accounting/currencies", "headers": asked}
        body: dict[str, Any] = {
            "contact": self.firm.contact_id,
            "reference": self.key,
            "status": "authorised" if self.key.endswith(("0", "5")) else "draft",
            "line_items": [{"name": "Tea", "unit_price": "2.50", "quantity": 4}],
        }
        headers = asked | {"Idempotency-Key": self.key}
        return {"method": "POST", "url": "/unified/accounting/invoices", "json": body, "headers": headers}


async def insist(fleet: Fleet, wish: Wish, first: int, *, hang: float = 30.0, after: float = 0.0) -> None:
    """Ask until it is settled, beginning `after` so many seconds with the `first` process; after `hang` seconds of
    silence, the next one. `heard` are the errors that were answered."""
    await asyncio.sleep(after)
    request = wish.request()
    path = request.pop("url")
    end, turn = time.monotonic() + PATIENCE, first
    while time.monotonic() < end:
        try:
            answer = await fleet.api.request(
                url=fleet.product.bases[turn % PROCESSES] + path, timeout=hang, **request
            )
        except httpx.TransportError as error:
            wish.told = type(error).__name__
        else:
            if answer.is_success:
                wish.told, wish.record_id = "done", answer.json().get("id")
                return
            is_problem = answer.headers.get("content-type") == "application/problem+json"
            problem = answer.json() if is_problem else {"code": answer.text[:60], "retryable": True}
            wish.told = f"{answer.status_code} {problem['code']}"
            if not is_problem:
                wish.odd.add(wish.told)
            wish.heard.add(wish.told)
            if answer.status_code not in _AGAIN and not problem["retryable"]:
                return
        turn += 1
        await asyncio.sleep(0.7 + 0.5 * (turn % 3))
