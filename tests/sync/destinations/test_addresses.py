"""The URL of a database is read by us alone, and only leads where callers may go."""

import ssl
from ipaddress import ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from app.core.http.egress import LOOPBACK, Egress
from app.sync.destinations import addresses
from app.sync.destinations.addresses import Address, way_to
from app.sync.destinations.unusable import Unusable

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.216.34"


class Names(AbstractResolver):
    """Names lead where they are told to."""

    def __init__(self, **names: list[str]) -> None:
        self._names = names

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=0, proto=0, flags=0)
            for one in self._names.get(host.partition(".")[0], [])
        ]

    async def close(self) -> None: ...


def at(host: str, port: int = 5432, tls: str | None = None) -> Address:
    return Address(host, port, "books", "ann", tls)


def test_the_parts_of_a_url() -> None:
    read = addresses.read("postgresql://ann%40acme:p%2Fw%23@Db.Example.com:6543/the%20books?sslmode=require")
    assert (read.host, read.port, read.database, read.user, read.tls) == (
        "db.example.com", 6543, "the books", "ann@acme", "require",
    )  # fmt: skip
    assert read.password.reveal() == b"p/w#" and "p/w" not in repr(read) and "p/w" not in str(read.settings())
    assert addresses.read("postgres://u@[2001:db8::1]/x").host == "2001:db8::1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host=db user=u",
        "mysql://u@h/x",
        "postgresql:///x",
        "postgresql://u@/x",
        "postgresql://h/x",
        "postgresql://u@h",
        "postgresql://u@h/",
        "postgresql://u@h:notaport/x",
        "postgresql://u@h:70000/x",
        "postgresql://u@h1,h2/x",
        "postgresql://u@%2Fvar%2Frun/x",
        "postgresql://u@h/x?host=/var/run",
        "postgresql://u@h/x?passfile=/etc/passwd",
        "postgresql://u@h/x?service=mine",
        "postgresql://u@h/x?sslrootcert=/etc/passwd",
        "postgresql://u@h/x?sslmode=allow",
        "postgresql://u@h/x#y",
        "postgresql://u@h/x%00y",
        "postgresql://u:secret-canary@[h/x",
    ],
)
def test_what_is_no_url_of_a_database_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(Unusable) as refused:
        addresses.read(url)
    assert refused.value.code == "invalid" and refused.value.member == "url"
    assert "secret-canary" not in str(refused.value)


async def test_over_public_networks_the_name_is_verified_though_the_address_is_pinned() -> None:
    way = await way_to(at("db.example.com"), Egress(resolver=Names(db=[PUBLIC])))
    assert way.addresses == (PUBLIC,) and way.tls == "verify-full"
    assert way.ssl.check_hostname and way.ssl.verify_mode is ssl.CERT_REQUIRED
    made = way.ssl.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=PUBLIC)
    assert made.server_hostname == "db.example.com"
    way = await way_to(at("db.example.com", tls="require"), Egress(resolver=Names(db=[PUBLIC])))
    assert way.ssl.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        (at("db.example.com"), ["10.0.0.8"]),
        (at("db.example.com"), [PUBLIC, "127.0.0.1"]),
        (at("db.example.com"), []),
        (at("127.0.0.1"), []),
        (at("169.254.169.254"), []),
        (at("::ffff:10.0.0.8"), []),
        (at("db.example.com", port=443), [PUBLIC]),
        (at("db.example.com", tls="disable"), [PUBLIC]),
        (at("db.example.com", tls="prefer"), [PUBLIC]),
    ],
)
async def test_ways_that_are_not_for_callers(address: Address, leads_to: list[str]) -> None:
    with pytest.raises(Unusable) as refused:
        await way_to(address, Egress(resolver=Names(db=leads_to)))
    assert refused.value.code == "forbidden"
    assert "10.0.0.8" not in str(refused.value)


async def test_what_an_operator_opened_may_be_plain() -> None:
    egress = Egress((ip_network("10.1.0.0/16"), *LOOPBACK), Names(db=["10.1.2.3"], localhost=["127.0.0.1"]))
    assert (await way_to(at("db.internal", port=99), egress)).tls == "prefer"
    assert (await way_to(at("localhost", tls="disable"), egress)).ssl == "disable"
    assert (await way_to(at("db.internal", tls="verify-full"), egress)).ssl.name == "db.internal"
