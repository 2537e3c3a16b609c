"""What the operator and the support person see, and the one grant a provider's user has."""

import httpx

from tests.flows.conftest import Admin
from tests.support.product import Product, walk

REFRESH = "/integrated-account/refresh-credentials"


def person(admin: Admin, name: str, companies: int = 1) -> tuple[str, list[str]]:
    made = [
        admin.did("POST", "/organizations", dc="us", name=f"{name} {number}")["organization_id"]
        for number in range(companies)
    ]
    email = f"{name}@us.example"
    admin.did("POST", "/users", dc="us", first_name=name, email=email, organizations=made)
    return email, made


def health(api: httpx.Client, account: str) -> dict[str, object]:
    return api.get(f"/integrated-account/{account}/health").json()


def test_a_refused_client_is_the_operators_turn(product: Product, api: httpx.Client, admin: Admin) -> None:
    email, _ = person(admin, "olga")
    [account] = product.connect("olga", user=email)
    told = health(api, account["id"])
    assert (told["health"], told["message"], told["alarm"]) == ("healthy", None, None)
    assert told["grants"] == {"known": 1, "limit": 20, "message": None}
    assert api.get("/integration").json()["result"][0]["status"] == "ok"

    options = {"status": 200, "body": {"error": "invalid_client"}}
    admin.did("POST", "/faults", kind="status", endpoint="token", times=-1, **options)
    refused = api.post(REFRESH, json={"id": account["id"]})
    assert (refused.status_code, refused.json()["code"]) == (503, "token_refresh_unavailable")
    told = health(api, account["id"])
    assert (told["health"], told["status"]) == ("needs_operator", "active")
    assert "CLIENT_SECRET" in str(told["message"])
    [shown] = api.get("/integration").json()["result"]
    assert (shown["status"], shown["alarms"][0]["code"]) == ("client_refused", "invalid_client")
    metrics = api.get("/metrics").text
    assert "ledgerway_oauth_client_refused{" in metrics
    assert 'ledgerway_token_calls_total{integration="zohobooks",outcome="config"}' in metrics
    page = walk(product.link("olga"), user=email)
    assert page.data["code"] == "client_rejected", "the customer is told too"

    admin.did("DELETE", "/faults")
    own = {"integration": "zohobooks", "client_id": "1000.SANDBOX", "client_secret": "sandbox-secret"}
    made = api.post("/environment-integration", json=own).json()
    assert api.post(REFRESH, json={"id": account["id"]}).status_code == 200
    assert health(api, account["id"])["health"] == "healthy"
    assert api.get("/integration").json()["result"][0]["alarms"] == []
    api.delete(f"/environment-integration/{made['id']}")


def test_an_ended_grant_is_the_customers_turn(product: Product, api: httpx.Client, admin: Admin) -> None:
    email, _ = person(admin, "carl")
    [account] = product.connect("carl", user=email)
    admin.did("DELETE", "/grants", user=email)
    answer = api.get("/proxy/contacts", params={"integrated_account_id": account["id"]})
    assert answer.json()["code"] == "needs_reauth"
    told = health(api, account["id"])
    assert told["health"] == "needs_customer" and "/link-token" in str(told["message"])
    assert told["last_error"]["code"] == "invalid_code"  # type: ignore[index]
    assert api.get("/integrated-account/acc_none/health").status_code == 404


def test_a_throttled_sign_in_is_told_kindly(product: Product, admin: Admin) -> None:
    email, _ = person(admin, "hasty")
    options = {"status": 400, "body": {"error": "Access Denied", "status": "failure"}}
    admin.did("POST", "/faults", kind="status", endpoint="token", **options)
    assert walk(product.link("hasty"), user=email).data["code"] == "provider_pauses"


def test_a_fifth_sign_in_within_a_minute_waits(product: Product, admin: Admin) -> None:
    email, _ = person(admin, "restless")
    link = product.link("restless")
    codes = [walk(link, user=email, decision="deny").data["code"] for _ in range(5)]
    assert codes == ["consent_denied"] * 4 + ["too_fast"]


def test_one_user_has_one_grant(product: Product, api: httpx.Client, admin: Admin) -> None:
    """Six companies of one bookkeeper, connected one after the other."""
    email, companies = person(admin, "busy", 6)
    accounts: list[str] = []
    for number, company in enumerate(companies):
        page = walk(product.link(f"client {number}"), user=email, organization_id=company)
        assert page.data["result"] == "success", page.text
        accounts.append(page.data["integrated-account-id"])
    assert len(admin.living(email)) == 1
    assert health(api, accounts[0])["grants"] == {"known": 1, "limit": 20, "message": None}
    for account in (accounts[0], accounts[-1]):
        assert api.post(REFRESH, json={"id": account}).status_code == 200
    mark = admin.last()
    for account in accounts:
        assert api.delete(f"/integrated-account/{account}").status_code == 200
    assert len(admin.calls(after=mark, path="revoke")) == 1
    assert admin.living(email) == []


def test_a_replaced_token_ends_after_the_new_one_was_proven(product: Product, admin: Admin) -> None:
    email, _ = person(admin, "nora")
    [account] = product.connect("nora", user=email)
    mark = admin.last()
    page = walk(product.link(None, integrated_account_id=account["id"]), user=email)
    assert page.data["result"] == "success"
    paths = [call["path"] for call in admin.calls(after=mark)]
    ends = [path for path in paths if path.endswith(("/token", "/organizations", "/revoke"))]
    assert [path.rpartition("/")[2] for path in ends] == ["token", "organizations", "revoke"]


def test_near_the_limit_is_told(product: Product, api: httpx.Client, admin: Admin) -> None:
    """Imported tokens stay as they are: their number is watched."""
    email, [company] = person(admin, "grand")
    told: list[object] = []
    for number in range(16):
        grant = admin.did("POST", "/grants", user=email)["refresh_token"]
        body = {
            "tenant_id": f"import {number}", "integration": "zohobooks", "organization_id": company,
            "credentials": {"refresh_token": grant, "location": "us"},
        }  # fmt: skip
        account = api.post("/integrated-account", json=body).json()["id"]
        grants = health(api, account)["grants"]
        assert isinstance(grants, dict) and grants["known"] == number + 1
        told.append(grants["message"])
    assert told[:14] == [None] * 14
    assert all("keeps 20" in str(message) for message in told[14:])
