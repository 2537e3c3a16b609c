import pytest

from app.connect.regions import check_domain, region
from app.connect.stops import Stopped
from connectors.kit.auth import DataCenter

PUBLISHED = {
    "us": DataCenter("us", "https://accounts.books.example", "https://api.books.example"),
    "ca": DataCenter("ca", "https://accounts.cloud.example", "https://api.cloud.example"),
}
HERE = {
    "us": DataCenter("us", "http://127.0.0.1:9001", "http://127.0.0.1:9001"),
    "ca": DataCenter("ca", "http://127.0.0.1:9002", "http://127.0.0.1:9003"),
}


def found(**query: str) -> str:
    named = {name.replace("_", "-"): value for name, value in query.items()}
    return region(named, "us", HERE, PUBLISHED).location


def code(**query: str) -> str:
    with pytest.raises(Stopped) as stopped:
        found(**query)
    return stopped.value.code


def test_the_location_decides_and_its_server_confirms() -> None:
    assert found() == "us"
    assert found(location="ca") == "ca"
    assert found(location="CA", accounts_server="http://127.0.0.1:9002/") == "ca"
    assert found(location="ca", accounts_server="https://accounts.cloud.example") == "ca"
    assert found(location="ca", accounts_server="http://localhost:9002") == "ca"


def test_without_a_location_the_server_tells_it() -> None:
    assert found(accounts_server="http://127.0.0.1:9002") == "ca"
    assert found(accounts_server="https://accounts.cloud.example/") == "ca"
    assert found(location="", accounts_server="HTTPS://ACCOUNTS.cloud.example:443") == "ca"


def test_where_centres_share_a_server_the_one_started_at_stands() -> None:
    shared = {
        name: DataCenter(name, "http://127.0.0.1:9001", "http://127.0.0.1:9001") for name in ("ca", "us")
    }
    assert region({"accounts-server": "http://127.0.0.1:9001"}, "us", shared, {}).location == "us"


@pytest.mark.parametrize(
    "server",
    [
        "https://accounts.evil.example",
        "http://127.0.0.1:9001",
        "https://accounts.cloud.example.evil.example",
        "https://accounts.cloud.example@evil.example",
        "https://evil.example/accounts.cloud.example",
        "https://accounts.cloud.example/elsewhere",
        "http://accounts.cloud.example",
        "https://accounts.cloud.example:8443",
        "http://127.0.0.1:port",
        "accounts.cloud.example",
    ],
)
def test_another_server_is_refused(server: str) -> None:
    assert code(location="ca", accounts_server=server) == "oauth_issuer_mismatch"


def test_what_the_table_lacks_is_refused() -> None:
    assert code(location="mars") == "region_mismatch"
    assert code(accounts_server="https://accounts.evil.example") == "oauth_issuer_mismatch"


@pytest.mark.parametrize(
    "domain",
    [None, "", "http://127.0.0.1:9003", "http://localhost:9003/", "https://api.cloud.example"],
)
def test_a_token_for_the_tables_host_is_taken(domain: str | None) -> None:
    check_domain(domain, HERE["ca"], PUBLISHED)


@pytest.mark.parametrize(
    "domain", ["https://api.books.example", "http://127.0.0.1:9001", "https://evil.example"]
)
def test_a_token_for_another_host_is_refused(domain: str) -> None:
    with pytest.raises(Stopped) as stopped:
        check_domain(domain, HERE["ca"], PUBLISHED)
    assert stopped.value.code == "region_mismatch"
