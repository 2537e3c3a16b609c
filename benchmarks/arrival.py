"""`python -m benchmarks.arrival [--minutes 4]`: from a change in the provider's books to its signed webhook.

Changes are made at random moments in the books themselves; the sync polls every minute. Deletions are noticed by
complete passes, of another account, every minute too; a third account's provider tells by hooks of its own, and its
sync polls once a day. Measured is from the change to the delivery at the receiver.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from benchmarks.receiver import Receiver, receiver
from benchmarks.site import UNLIMITED, Company, Site, good, site

CADENCE = 60
_EVERY = {"interval_seconds": CADENCE}
_DAILY = {"interval_seconds": 86_400}
_SPARE = 5.0
_ROWS = 40

Cause = Callable[[Site, Company, str], None]
"""Something that happens to a contact, in the provider's own pages."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Seconds on the way. `allowed` is how many there may be, `late` how many took longer."""

    what: str
    count: int
    median: float
    most: float
    allowed: float
    late: int


def _renamed(at: Site, company: Company, contact: str) -> None:
    at.act(company, "PUT", f"/contacts/{contact}", contact_name=f"Renamed {time.time_ns()}")


def _deleted(at: Site, company: Company, contact: str) -> None:
    at.act(company, "DELETE", f"/contacts/{contact}")


WAYS: tuple[tuple[str, str, dict[str, Any], Cause, float], ...] = (
    (f"a change, polled every {CADENCE} s", "updated", {"cadence": _EVERY}, _renamed, CADENCE + _SPARE),
    (
        f"a deletion, swept every {CADENCE} s",
        "deleted",
        {"sweep_cadence": _EVERY},
        _deleted,
        CADENCE + _SPARE,
    ),
    ("a change, by hook", "updated", {"cadence": _DAILY}, _renamed, _SPARE),
    ("a deletion, by hook", "deleted", {"cadence": _DAILY}, _deleted, _SPARE),
)
"""What is measured: its name, the word for it in events, how the job is told to look, what happens, and how many
seconds it may take."""


def measure(folder: Path, seconds: float) -> list[Arrivals]:
    with receiver() as here, site(folder, UNLIMITED) as at:
        body = {"target_url": f"{here.origin}/", "event_types": ["record:updated", "record:deleted"]}
        secret = good(at.api.post("/webhook", json=body))["secret"]
        parts: list[tuple[Company, list[str], dict[str, float]]] = []
        for _, _, how, _, _ in WAYS:
            company = at.company()
            made = [at.act(company, "POST", "/contacts", contact_name=f"Contact {n}") for n in range(_ROWS)]
            job = at.sync(company, resources=["contacts"], **how)["id"]
            while at.last_run(job)["state"] != "completed":
                time.sleep(0.5)
            if how.get("cadence") is _DAILY:
                good(at.api.post(f"/integrated-account/{company.account}/inbound"))
            parts.append((company, [each["contact"]["contact_id"] for each in made], {}))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for (_, _, _, cause, _), (company, left, caused) in zip(WAYS, parts, strict=True):
                if left:
                    contact = left.pop()
                    caused[contact] = time.time()
                    cause(at, company, contact)
            time.sleep(random.uniform(0.5, 1.5) * seconds / _ROWS)
        wanted = sum(len(caused) for _, _, caused in parts)
        end = time.monotonic() + 3 * CADENCE
        while len(here.arrived) < wanted and time.monotonic() < end:
            time.sleep(0.5)
        came = _came(here, secret)
    return [
        _judged(what, caused, {id: when for (word, id), when in came.items() if word == change}, allowed)
        for (what, change, _, _, allowed), (_, _, caused) in zip(WAYS, parts, strict=True)
    ]


def _came(here: Receiver, secret: str) -> dict[tuple[str, str], float]:
    """When each was first told, by what happened and to whom; each signature is verified."""
    verifier = Webhook(secret)
    first: dict[tuple[str, str], float] = {}
    for each in here.arrived:
        payload = verifier.verify(each.body, each.headers)["payload"]
        first.setdefault((payload["change"], payload["id"]), each.at)
    return first


def _judged(what: str, caused: dict[str, float], came: dict[str, float], allowed: float) -> Arrivals:
    took = [came.get(id, float("inf")) - at for id, at in caused.items()]
    late = sum(each > allowed for each in took)
    return Arrivals(what, len(took), statistics.median(took), max(took), allowed, late)


def told(found: list[Arrivals]) -> str:
    return "\n".join(
        f"{each.what}: signed at the receiver after {each.median:.1f} s in the middle, "
        f"{each.most:.1f} s at most (target {each.allowed:.0f}), {each.late} late of {each.count}"
        for each in found
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=4.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ledgerway-arrival-") as folder:
        found = measure(Path(folder), given.minutes * 60)
    print(json.dumps([asdict(each) for each in found], indent=2))
    print(told(found))


if __name__ == "__main__":
    main()
