"""No byte of a request goes to a provider that cannot prove who it is."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp.connector
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.errors import Problem
from app.core.http import Door, Outgoing
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Request
from tests.gateway.house import house, sqlite_url

_DAY = timedelta(days=1)


class Authority:
    """A certificate authority of our own; its certificates for servers last from `begins` to `ends`."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self.name, self.key, -_DAY, _DAY, ca=True)

    def server(self, folder: Path, host: str, begins: timedelta = -_DAY, ends: timedelta = _DAY) -> Path:
        """A file with a key and a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(x509.Name([]), key, begins, ends, host=host)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{host}-{id(key)}.pem"
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def trusted(self) -> ssl.SSLContext:
        """What a client uses that trusts this authority alone."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins: timedelta,
        ends: timedelta,
        *,
        ca: bool = False,
        host: str = "127.0.0.1",
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        try:
            name: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self.key, hashes.SHA256())
        )


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority("Ours")
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", authority.trusted())
    return authority


class Served:
    """An HTTPS server that counts what it heard after the handshake."""

    def __init__(self, certificate: Path) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate)
        self.heard = b""

    async def __aenter__(self) -> "Served":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        self.origin = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heard += await reader.read(1000)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@pytest.mark.parametrize("flaw", ["", "expired", "not yet", "another host", "another authority"])
def test_only_a_server_with_a_good_certificate_is_spoken_to(
    ours: Authority, tmp_path: Path, flaw: str
) -> None:
    certificate = {
        "": lambda: ours.server(tmp_path, "127.0.0.1"),
        "expired": lambda: ours.server(tmp_path, "127.0.0.1", -2 * _DAY, -_DAY),
        "not yet": lambda: ours.server(tmp_path, "127.0.0.1", _DAY, 2 * _DAY),
        "another host": lambda: ours.server(tmp_path, "books.example"),
        "another authority": lambda: Authority("Theirs").server(tmp_path, "127.0.0.1"),
    }[flaw]()

    async def run() -> None:
        async with Served(certificate) as server:
            door = Door([server.origin])
            call = Outgoing("POST", server.origin + "/", body=b"secret", authorization="Token secret")
            if not flaw:
                assert (await door.fetch(call, seconds=10)).status == 200
                assert b"secret" in server.heard
            else:
                with pytest.raises(Fault) as caught:
                    await door.fetch(call, seconds=10)
                assert (caught.value.kind, caught.value.phase) == (Kind.TLS, "idle")
                assert server.heard == b""
            await door.close()

    asyncio.run(run())


def test_a_write_that_found_no_trusted_connection_was_not_carried_out(
    ours: Authority, tmp_path: Path
) -> None:
    certificate = ours.server(tmp_path, "books.example")

    async def run() -> None:
        async with Served(certificate) as server, house(sqlite_url(tmp_path), origin=server.origin) as home:
            with pytest.raises(Problem) as caught:
                await home.ask(Request("POST", "/invoices", body={"customer_id": "1"}))
            problem = caught.value
            assert (problem.code, problem.status) == ("upstream_tls_failed", 502)
            told = [problem.extra[name] for name in ("origin", "executed", "retryable")]
            assert told == ["network", "no", True]
            assert server.heard == b""

    asyncio.run(run())
