from typing import Any

import pytest

from app.unified.proving import Proof


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ({"records": 1}, True),
        ({"records": 2}, False),
        ({"records": 0}, False),
        ({"records": 1, "left": ("7",)}, False),
        ({"records": 1, "failed": "refused"}, False),
    ],
)
def test_a_promise_holds_when_one_record_was_made_and_is_gone(told: dict[str, Any], holds: bool) -> None:
    assert Proof("invoices", "Invoices", 20, **told).holds is holds
