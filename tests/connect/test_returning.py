"""Which URLs a flow may return to."""

import httpx
import pytest

from app.connect.returning import fault_of, origin_of, with_result
from tests.support.product import Product


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/back",
        "https://APP.example:8443/back?a=1&b=%20#here",
        "https://xn--bcher-kva.example/",
        "https://app_one.example/",
        "https://[2001:db8::1]/",
        "http://localhost:3000/back",
        "http://127.0.0.1:9/",
        "http://[::1]/",
    ],
)
def test_these_are_taken(url: str) -> None:
    assert fault_of(url) is None
    assert origin_of(url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "", "/back", "//evil.example", "https:evil.example", "https://", "https://[x", "https://[::1", "https://*/",
        "https://a;script-src *", "https://a'b/", 'https://a"b/', "https://a b/", "https://a.example/\r\nX: y",
        "https://bücher.example/", "https://app.example/\x00", "https://app.example\\@evil.example/",
        "https://user@app.example/", "https://user:word@app.example/", "https://@app.example/", "https://h:99999/",
        "https://h:port/", "javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "file:///etc/passwd",
        "http://app.example/", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://127.1/",
        "http://2130706433/", "ftp://localhost/",
    ],
)  # fmt: skip
def test_these_are_not(url: str) -> None:
    assert fault_of(url)
    assert origin_of(url) is None


def test_the_result_joins_what_is_there() -> None:
    assert with_result("https://a.example/b?c=d#e", result="success", none=None) == (
        "https://a.example/b?c=d&result=success#e"
    )
    assert with_result("https://a.example", error="a&b") == "https://a.example?error=a%26b"


def test_the_route_says_which_field(api: httpx.Client) -> None:
    answer = api.post("/link-token", json={"tenant_id": "t", "redirect_uri": "https://[x"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/redirect_uri")
    known = api.post("/link-token?tenant=x", json={"tenant_id": "t"})
    assert (known.status_code, known.json()["code"]) == (422, "unknown_parameter")


def test_when_some_are_listed_no_other_will_do(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Product(
        product.folder, product.sandbox, database_url=f"sqlite:///{product.folder / 'listed.db'}"
    )
    monkeypatch.setenv("LEDGERWAY_RETURN_URLS", "https://app.example/back, http://localhost:3000/back")
    try:
        with listed.start().client() as api:
            for url, status in (
                ("https://app.example/back", 201),
                ("https://app.example/back/", 422),
                ("https://app.example/back?x=1", 422),
                ("https://APP.example/back", 422),
                ("https://evil.example/", 422),
                ("http://localhost:3000/back", 201),
                ("http://localhost:3001/back", 422),
            ):
                answer = api.post("/link-token", json={"tenant_id": "t", "redirect_uri": url})
                assert answer.status_code == status, url
    finally:
        listed.stop()
