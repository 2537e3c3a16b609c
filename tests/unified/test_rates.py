"""An account that is asked for too often: refused by us, before the provider hears of it."""

from typing import Any

import pytest

from app.core.rates import Rate, Rates

pytestmark = pytest.mark.anyio


async def test_what_is_too_much_never_reaches_the_provider(world: Any) -> None:
    world.app.state.rates = Rates(world.app.state.clock, None, Rate(3, 10))
    world.fill(1)
    for path in ("/invoices", "/invoices/1", "/invoices"):
        answer = await world.ask("GET", path)
        assert answer.status_code == 200
    assert answer.headers["ratelimit-policy"] == '"account";q=3;w=10, "minute";q=100;w=60'
    assert answer.headers["ratelimit"] == '"account";r=0;t=10, "minute";r=97;t=41'
    sent = len(world.provider.seen)
    for method in ("GET", "POST"):
        refused = await world.ask(method, "/invoices", **({"json": {}} if method == "POST" else {}))
        told = refused.json()
        assert (refused.status_code, told["code"], told["origin"]) == (429, "rate_limited", "gateway")
        assert (told["executed"], told["retryable"], told["retry_after"]) == ("no", True, 10)
        assert told["type"].endswith("#quota-exceeded") and told["violated-policies"] == ["account"]
        assert refused.headers["retry-after"] == "10"
        assert refused.headers["ratelimit"].startswith('"account";r=0;t=10')
    assert len(world.provider.seen) == sent
    other = "/unified/accounting/invoices?integrated_account_id=acc_2"
    assert (await world.client.get(other)).status_code == 200
    await world.app.state.clock.sleep(10)
    assert (await world.ask("GET", "/invoices")).status_code == 200


async def test_an_account_of_others_is_not_counted(world: Any) -> None:
    world.app.state.rates = Rates(world.app.state.clock, None, Rate(1, 10))
    for _ in range(3):
        answer = await world.client.get("/unified/accounting/invoices?integrated_account_id=acc_9")
        assert answer.status_code == 404 and "ratelimit" not in answer.headers
