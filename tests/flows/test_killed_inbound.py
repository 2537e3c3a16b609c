"""The gateway dies right after it has answered a provider's hook: what the hook hinted at is read all the same."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.flows.test_killed_sync import changes, ended
from tests.support.product import Product

SEED = "furnished"


@pytest.fixture(scope="module")
def product(hasty: Product) -> Product:
    return hasty


def test_a_hook_that_was_answered_is_followed_by_the_next_process(product: Product) -> None:
    with product.client() as api:
        account = product.connect("tenant")[0]["id"]
        wanted = {"integrated_account_id": account, "resources": ["contacts"], "cadence": None}
        job = api.post("/sync-job", json=wanted).json()["id"]
        [run] = api.get("/sync-job-run", params={"sync_job_id": job}).json()["result"]
        assert ended(api, run["id"])["state"] == "completed"
        with httpx.Client(base_url=product.sandbox.admin, trust_env=False) as admin:
            fault = {"kind": "status", "status": 401, "times": -1, "path": "/settings/(webhooks|workflows)"}
            assert admin.post("/faults", json=fault).is_success
            manual = api.post(f"/integrated-account/{account}/inbound").json()["manual"]
            assert admin.delete("/faults").is_success
        at = {"integrated_account_id": account}
        body = api.post("/proxy/contacts", params=at, json={"contact_name": "Told by a hook"}).json()
        made = body["contact"]["contact_id"]
        assert made not in {change["id"] for change in changes(api, account)}

        product.crash(0, LEDGERWAY_FAILPOINTS="inbound.after_reply=1")
        hook = json.dumps({"contact": {"contact_id": made}}).encode()
        signature = hmac.digest(manual["secret"].encode(), hook, hashlib.sha256).hex()
        headers = {"Content-Type": "application/json", "X-Zoho-Webhook-Signature": signature}
        url = product.bases[0] + urlsplit(manual["url"]).path
        answer = httpx.post(url, content=hook, headers=headers, timeout=60, trust_env=False)
        assert answer.status_code == 202, answer.text
        until = time.monotonic() + 60
        while product.server(0).exit_code is None:
            assert time.monotonic() < until, "it did not die"
            time.sleep(0.1)

        product.crash(0)
        until = time.monotonic() + 90
        while made not in {change["id"] for change in changes(api, account)}:
            assert time.monotonic() < until, "the hint is lost"
            time.sleep(0.2)
        [change] = [each for each in changes(api, account) if each["id"] == made]
        assert (change["change"], change["via"]) == ("created", "inbound")
