from fnmatch import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.registry import load
from connectors.zoho_books import CONNECTOR
from connectors.zoho_books.native import NATIVE

OWN = "927270289"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/organizations"),
        ("GET", "/organizations/"),
        ("HEAD", "organizations"),
        ("GET", f"/organizations/{OWN}"),
        ("PUT", f"/organizations/{OWN}/"),
        ("GET", "/organizations/address"),
        ("POST", "/organizations/address"),
        ("GET", "/invoices/60089553909"),
        ("POST", "/invoices"),
        ("GET", "/contacts/organizations"),
        ("POST", "/organizationsettings"),
        ("GET", "/"),
        ("GET", ""),
    ],
)
def test_calls_inside_the_organisation_pass(method: str, path: str) -> None:
    assert NATIVE.refuse(method, path, OWN) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/organizations"),
        ("post", "/organizations/"),
        ("PUT", "/Organizations"),
        ("DELETE", "/organizations"),
        ("GET", "/organizations/60089553909"),
        ("GET", "/ORGANIZATIONS/60089553909/"),
        ("GET", "//organizations//60089553909"),
        ("GET", "/organizations/60089553909/users"),
        ("GET", f"/organizations/{OWN}0"),
        ("GET", f"/organizations/0{OWN}"),
        ("GET", "/%6frganizations/60089553909"),
        ("GET", "/%256frganizations/60089553909"),
        ("GET", "/organizations;x=1/60089553909"),
        ("GET", "/organizations%20/60089553909"),
        ("GET", "/./organizations/60089553909"),
        ("GET", "/invoices/../organizations/60089553909"),
        ("GET", "/invoices/%2e%2e/organizations"),
        ("POST", "/organizations.json"),
        ("GET", "/organizations/60089553909?organization_id=927270289"),
    ],
)
def test_calls_that_would_leave_it_are_refused_with_a_reason(method: str, path: str) -> None:
    assert NATIVE.refuse(method, path, OWN)


@given(
    st.lists(
        st.sampled_from(["organizations", "Organizations", "contacts", "a_b", "1", OWN, "..", "%2e", ";"])
    )
)
def test_a_path_means_the_same_with_a_slash_at_its_end(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    assert NATIVE.refuse("POST", path, OWN) == NATIVE.refuse("POST", path + "/", OWN)


def test_what_native_clients_may_say() -> None:
    assert NATIVE.prefix == "/books/v3"
    assert NATIVE.organization(OWN) == (("organization_id", OWN),)
    assert NATIVE.reserved_query == ("organization_id",)
    assert set(NATIVE.schemes) == {"zoho-oauthtoken", "bearer"}
    assert NATIVE.key_query == ("authtoken",)
    assert NATIVE.token_path == "oauth/v2/token"


@pytest.mark.parametrize("product", ["books", "invoice", "inventory", "subscriptions", ""])
def test_headers_that_name_an_organisation_are_dropped(product: str) -> None:
    header = f"x-com-zoho-{product}-organizationid"
    assert any(fnmatch(header, pattern) for pattern in NATIVE.dropped_headers)


def test_token_answers_have_zohos_shape() -> None:
    assert NATIVE.token_answer("lwt_x", "https://gw.example/native/zohobooks/1", 900) == {
        "access_token": "lwt_x",
        "scope": "ZohoBooks.fullaccess.all",
        "api_domain": "https://gw.example/native/zohobooks/1",
        "token_type": "Bearer",
        "expires_in": 900,
    }
    assert NATIVE.token_error("unauthenticated") == {"error": "invalid_code"}


def test_the_registry_finds_the_connector() -> None:
    assert CONNECTOR in load()
    assert (CONNECTOR.name, CONNECTOR.slug) == ("zoho_books", "zohobooks")
    assert set(CONNECTOR.aliases) == {"zoho_books", "zoho-books"}
    assert (CONNECTOR.label, CONNECTOR.settings_prefix) == ("Zoho Books", "ZOHO_BOOKS")
