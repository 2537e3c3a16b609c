"""The way to a database is encrypted to the server whose name was asked for, at the address that was judged."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.http.egress import LOOPBACK, Egress
from app.sync.destinations import addresses, postgresql
from app.sync.destinations.unusable import Unusable
from tests.support import postgres

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


class Here(AbstractResolver):
    """Every name leads to this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=0, proto=0, flags=0)]

    async def close(self) -> None: ...


def certify(folder: Path, name: str) -> None:
    """A self-signed certificate for `name`, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for file in folder.glob("server.*"):
        if owner := postgres._owner():  # pyright: ignore[reportPrivateUsage]
            shutil.chown(file, owner)
        file.chmod(0o600 if file.suffix == ".key" else 0o644)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Its server's account can enter it."""
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL's binaries (initdb, postgres) are not on this machine")
    made = Path(tempfile.mkdtemp(prefix="ledgerway-tls-"))
    made.chmod(0o711)
    certify(made, "db.example.com")
    yield made
    postgres.remove(made)


@pytest.fixture(scope="module")
def port(folder: Path) -> str:
    base = postgres.make(
        folder, f"-c ssl=on -c ssl_cert_file={folder}/server.crt -c ssl_key_file={folder}/server.key"
    )
    return base.rpartition(":")[2]


async def connect(port: str, host: str, mode: str) -> bool:
    """Whether the connection is encrypted."""
    address = addresses.read(f"postgresql://ledgerway@{host}:{port}/postgres?sslmode={mode}")
    async with postgresql.opened(address, "copy", {}, Egress(LOOPBACK, Here())) as tables:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        return await tables._connection.fetchval(query)  # pyright: ignore[reportPrivateUsage]


async def test_the_name_is_verified(folder: Path, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "server.crt"))
    assert await connect(port, "db.example.com", "verify-full")
    with pytest.raises(Unusable) as refused:
        await connect(port, "other.example.com", "verify-full")
    assert refused.value.code == "unreachable"


async def test_a_server_nobody_vouches_for_is_reached_only_when_that_is_asked_for(port: str) -> None:
    with pytest.raises(Unusable):
        await connect(port, "db.example.com", "verify-full")
    assert await connect(port, "db.example.com", "require")
    assert await connect(port, "db.example.com", "prefer")
    assert not await connect(port, "db.example.com", "disable")
