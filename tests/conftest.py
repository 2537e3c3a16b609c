"""What every test may ask for: a database of each kind and the specifications; no way out but loopback."""

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from app.core import reach
from tests.support import postgres

ROOT = Path(__file__).resolve().parent.parent

# the same examples every time, however slow the machine
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.name_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.stop()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests of several processes wait much of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests, which start many processes, are spread over the first three quarters of the others:
    few of them run at the same time, and none is begun last. The longest are in the last folders."""
    slow = list(dict.fromkeys(item.path for item in items if item.get_closest_marker("slow")))
    rest = list(dict.fromkeys(item.path for item in items if item.path not in slow))
    rank = {path: (float(place), 1) for place, path in enumerate(rest)}
    rank |= {path: (place * 0.75 * len(rest) / len(slow), 0) for place, path in enumerate(reversed(slow))}
    items.sort(key=lambda item: rank[item.path])


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test reached for {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def sees_everything() -> None:
    """Tests look at rows of all environments; requests begin anew and see what their key may."""
    reach.within(reach.EVERYBODY)


@pytest.fixture(scope="session")
def postgres_cluster() -> str:
    url = postgres.start()
    if url is None:
        pytest.skip("PostgreSQL's binaries (initdb, postgres) are not on this machine")
    return url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with every table, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "ledgerway.db"
    postgres.migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with every table and no row, once of each kind the product runs on."""
    if request.param == "sqlite":
        file = shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "ledgerway.db")
        yield f"sqlite:///{file}"
        return
    url = postgres.create_database(request.getfixturevalue("postgres_cluster"))
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table of ours, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledgerway.db'}"
        return
    url = postgres.create_database(request.getfixturevalue("postgres_cluster"), "template1")
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder with the provider's published specifications and recorded traffic."""
    folder = Path(os.environ.get("LEDGERWAY_ZOHO_SPECS", ROOT.parent / "shared"))
    if not (folder / "zoho-books-recordings" / "index.json").exists():
        pytest.skip(f"no specifications at {folder} (LEDGERWAY_ZOHO_SPECS)")
    return folder
