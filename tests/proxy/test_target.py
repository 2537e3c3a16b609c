"""Nothing leaves the connector's prefix, and nothing names another organisation."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Problem
from app.proxy.target import check_form, guarded, native_path, native_query, parameter
from connectors.kit.registry import load

NATIVE = next(connector for connector in load() if connector.slug == "zohobooks").native
ORGANIZATION = "10234695"


def refused(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(Problem) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"invoices", "/invoices"),
        (b"invoices/", "/invoices"),
        (b"invoices/982000000567114/status/void", "/invoices/982000000567114/status/void"),
        (b"items/caf%C3%A9", "/items/caf%C3%A9"),
        (b"reports/a%20b", "/reports/a%20b"),
        (b"a,b/c-d_e~f", "/a,b/c-d_e~f"),
    ],
)
def test_plain_paths_pass_unchanged(raw: bytes, path: str) -> None:
    assert native_path(raw) == path


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"/", b"invoices//1", b"../admin", b"invoices/../contacts", b"invoices/./1", b"%2e%2e/x", b"a/%2E%2E/b",
        b"a%2fb", b"a%2Fb", b"a%5cb", b"a\\b", b"a%3fb", b"a%23b", b"a;b", b"a%3bb", b"a%00b", b"a%0d%0ab", b"a%25b",
        b"a%", b"a%2", b"a%zz", b"https://evil.example/x", b"a\x00b", b"a b", b"caf\xc3\xa9",
        b"http:x", b"a/" * 65 + b"a", b"a%7fb",
    ],
)  # fmt: skip
def test_everything_ambiguous_is_refused(raw: bytes) -> None:
    assert refused(native_path, raw) == "invalid_proxy_path"


@given(st.binary(max_size=60))
def test_no_bytes_at_all_reach_above_the_prefix(raw: bytes) -> None:
    try:
        path = native_path(raw)
    except Problem as problem:
        assert problem.code == "invalid_proxy_path"
        return
    assert path.startswith("/")
    assert not path.startswith("//")
    assert not {"", ".", ".."} & set(path.split("/")[1:])
    assert path.isascii()
    assert not set(path) & set("?#;\\ ")


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        (b"", ""),
        (b"integrated_account_id=acc_1", ""),
        (b"page=2&integrated_account_id=acc_1&per_page=200", "page=2&per_page=200"),
        (b"organization_id=10234695&a=b", "a=b"),
        (b"name=a%20b+c%26d&name=e", "name=a%20b+c%26d&name=e"),
        (b"last_modified_time=2026-01-01T00:00:00%2B0530", "last_modified_time=2026-01-01T00:00:00%2B0530"),
        (b"flag&empty=&&x=1", "flag&empty=&x=1"),
    ],
)
def test_the_query_passes_untouched_but_for_what_is_ours(raw: bytes, query: str) -> None:
    assert native_query(raw, NATIVE, ORGANIZATION, {"integrated_account_id"}) == query


@pytest.mark.parametrize(
    "raw",
    [
        b"organization_id=999",
        b"organization_id=10234695&organization_id=10234695",
        b"organization_id=10234695&organization_id=999",
        b"organization%5Fid=999",
        b"ORGANIZATION_ID=999",
        b"%6frganization_id=999",
        b"organization_id",
        b"organization_id=",
        b"+organization_id=999",
    ],
)
def test_another_organisation_is_refused_however_it_is_spelt(raw: bytes) -> None:
    assert refused(native_query, raw, NATIVE, ORGANIZATION, ()) == "parameter_reserved"


def test_a_form_may_not_name_one_either() -> None:
    check_form(b"JSONString=%7B%7D&organization_id=10234695", NATIVE, ORGANIZATION)
    assert (
        refused(check_form, b"JSONString=%7B%7D&organization%5fid=9", NATIVE, ORGANIZATION)
        == "parameter_reserved"
    )


@pytest.mark.parametrize("cut", [1, 7, 40, 4096])
async def test_a_part_named_like_it_breaks_the_upload_off(cut: int) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="organization_id"\r\n\r\n999\r\n--x--\r\n'
    with pytest.raises(Problem) as caught:
        async for _ in guarded(_pieces(body, cut), NATIVE):
            pass
    assert caught.value.code == "parameter_reserved"


async def test_other_parts_pass_byte_for_byte() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="attachment"; filename="a.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
    )
    assert b"".join([piece async for piece in guarded(_pieces(body, 9), NATIVE)]) == body


async def _pieces(body: bytes, size: int):
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/organizations", True),
        ("GET", "/organizations/10234695", True),
        ("PUT", "/organizations/10234695", True),
        ("GET", "/organizations/999", False),
        ("GET", "/Organizations/999", False),
        ("DELETE", "/organizations/999/address/1", False),
        ("POST", "/organizations", False),
        ("GET", "/invoices/1", True),
    ],
)
def test_other_organisations_stay_out_of_reach(method: str, path: str, allowed: bool) -> None:
    assert (NATIVE.refuse(method, path, ORGANIZATION) is None) is allowed


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b"", []),
        (b"a=1&id=x&id=y%20z+&b", ["x", "y z "]),
        (b"i%64=x&ID=y&id[]=z", ["x"]),
        (b"id&id=&xid=1", ["", ""]),
    ],
)
def test_a_parameter_is_read_by_its_exact_name(raw: bytes, values: list[str]) -> None:
    assert parameter(raw, "id") == values
