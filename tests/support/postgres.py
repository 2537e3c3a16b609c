"""A throw-away PostgreSQL cluster: made on first need, shared by all test processes, removed at the end.

The role the tests use owns its databases and is no superuser: row-level security holds for it.

The process that starts the run names the folder; whichever process first needs a database starts the server
under a file lock. Without PostgreSQL's binaries the tests that want it are skipped.
"""

import fcntl
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = "LEDGERWAY_TEST_CLUSTER"


def name_folder() -> None:
    """Choose where the cluster would live. Child processes inherit the choice."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="ledgerway-pg-")
    Path(os.environ[FOLDER]).chmod(0o711)


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, newest version first; None where there is none."""
    found = shutil.which("postgres")
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    candidates = [Path(found).parent] if found else []
    candidates += [Path(path) for path in reversed(folders)]
    return next(
        (path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()), None
    )


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: the account to use instead."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: list[str], owner: str | None) -> None:
    done = subprocess.run(
        command,
        user=owner,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")


def start() -> str | None:
    """The base URL of the run's cluster (`postgresql://user@127.0.0.1:port`), started if need be."""
    if binaries() is None:
        return None
    folder = Path(os.environ[FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = folder / "url"
        if not ready.exists():
            base = make(folder, "-c synchronous_commit=off")
            _furnish(base)
            ready.write_text(base)
        return ready.read_text()


MIGRATED = "migrated"
"""A database with every table, to be copied: making them takes longer than most tests."""


def _furnish(base: str) -> None:
    """Every new database has the job engine's tables, and most have ours."""
    from app.core.dialects import normalize
    from app.jobs.engine import JobEngine

    _psql(base.replace("ledgerway@", "postgres@"), "GRANT CREATE ON DATABASE template1 TO ledgerway")
    engine = JobEngine(normalize(f"{base}/template1"))
    engine.migrate()
    engine.close()
    _psql(base, f"CREATE DATABASE {MIGRATED} TEMPLATE template1")
    migrate(f"{base}/{MIGRATED}")


def migrate(url: str) -> None:
    """Bring a database up to date, whatever runs."""
    import asyncio

    from app.core import reach
    from app.core.database import Database

    async def run() -> None:
        database = Database(url)
        with reach.everywhere():
            await database.migrate()
        await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


def make(folder: Path, options: str = "") -> str:
    """Start a new cluster in `folder`, which its server's account must be able to enter; its base URL."""
    owner, data = _owner(), folder / "data"
    data.mkdir()
    if owner:
        shutil.chown(data, owner)
    _tool("initdb", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off "
        f"-c full_page_writes=off -c autovacuum=off -c max_connections=200 {options}"
    )
    _tool("pg_ctl", data, "-o", options, "-l", str(data / "log"), "-w", "start")
    _psql(f"postgresql://postgres@127.0.0.1:{port}", "CREATE ROLE ledgerway LOGIN CREATEDB")
    return f"postgresql://ledgerway@127.0.0.1:{port}"


def restart(folder: Path) -> None:
    """End the cluster's server as a crash would, and start it again."""
    _tool("pg_ctl", folder / "data", "-m", "immediate", "-l", str(folder / "data" / "log"), "-w", "restart")


def remove(folder: Path) -> None:
    """Stop the cluster's server, if there is one, and remove the folder."""
    if (folder / "data" / "postmaster.pid").exists():
        _tool("pg_ctl", folder / "data", "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def _tool(name: str, data: Path, *arguments: str) -> None:
    bin_folder = binaries()
    assert bin_folder is not None
    _run([str(bin_folder / name), "-D", str(data), *arguments], _owner())


def create_database(base: str, template: str = MIGRATED) -> str:
    """A fresh database on the cluster, a copy of the template; its URL."""
    name = f"t{uuid.uuid4().hex[:16]}"
    _psql(base, f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{base}/{name}"


def drop_database(url: str) -> None:
    base, name = url.rsplit("/", 1)
    _psql(base, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _psql(base: str, statement: str) -> None:
    import asyncio

    import asyncpg

    async def execute() -> None:
        connection = await asyncpg.connect(f"{base}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    for attempt in range(5):
        try:
            asyncio.run(execute())
            return
        except asyncpg.ObjectInUseError:
            time.sleep(0.1 * (attempt + 1))
    asyncio.run(execute())


def stop() -> None:
    """Stop the run's cluster, if it was started, and remove its folder."""
    remove(Path(os.environ.pop(FOLDER)))
