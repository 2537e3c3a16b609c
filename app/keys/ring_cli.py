"""`ledgerway keyring …`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.core.database import Database
from app.core.secrets import Keyring, KeyringUnusable, keyring, load, rotation
from app.core.settings import load_settings
from app.keys import audit
from app.keys.bench import CLI, CLOCK, AsJson, Bench, bench, print_json, run
from app.keys.data_keys import check_ring, keys_in_use, peppered, rewrap
from app.keys.presence import processes
from app.keys.wrappers import open_wrapper

ring = typer.Typer(no_args_is_help=True, help="The key ring that seals stored secrets.")
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Its id in the ring.")]


@ring.command("init")
def init_ring(
    file: Annotated[Path | None, typer.Option(help="Where; LEDGERWAY_KEYRING_FILE by default.")] = None,
) -> None:
    """Write a new random key ring that only this user may read. One that exists is never replaced."""
    path = file or load_settings().keyring_file
    made = keyring.create(path, CLOCK.now())
    typer.echo(f"Key ring with {made.primary} written to {path}. Back it up apart from the database.")


@ring.command("status")
def ring_status(as_json: AsJson = False) -> None:
    """Show the keys of the ring, what they are used for, and whether database and processes fit them."""

    async def work() -> None:
        settings = load_settings()
        found = load(settings.keyring_file)
        database = Database(settings.database_url.get_secret_value())
        wrong, uses, alive = list[str](), dict[str, int](), list[dict[str, Any]]()
        try:
            stored = await database.schema_state()
            if stored == "current":
                uses, wrong = await keys_in_use(database), await check_ring(database, found, CLOCK)
                alive = [
                    {"host": one.host, "pid": one.pid, "version": one.version, "primary": one.primary_key_id}
                    for one in await processes(database, CLOCK)
                ]
        finally:
            await database.close()
        elsewhere = {key_id: count for key_id, count in uses.items() if key_id not in found.keys}
        listed = [
            {"id": key.id, "status": key.status, "created": key.created, "data_keys": uses.get(key.id, 0)}
            for key in found.keys.values()
        ]
        if as_json:
            print_json(
                {
                    "source": found.source,
                    "version": found.version,
                    "database": stored,
                    "keys": listed,
                    "elsewhere": elsewhere,
                    "processes": alive,
                    "problems": wrong,
                }
            )
        else:
            typer.echo(f"{found.source}, version {found.version}; database schema: {stored}")
            for key in listed:
                typer.echo(f"  {key['id']}  {key['status']}  made {key['created']}  wraps {key['data_keys']}")
            for key_id, count in elsewhere.items():
                typer.echo(f"  {key_id}  not in this ring  wraps {count}")
            for one in alive:
                typer.echo(f"  process {one['pid']} on {one['host']} holds version {one['version']}")
            for problem in wrong:
                typer.echo(f"  wrong: {problem}", err=True)
        if wrong:
            raise typer.Exit(1)

    run(work())


@ring.command("add")
def add_key(
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Its id; made up by default.")] = None,
) -> None:
    """Add a random key that opens but does not seal yet. Running processes learn it within seconds."""

    async def work() -> None:
        async with bench() as house:
            fresh = keyring.fresh_key(CLOCK.now(), keyring.Status.DECRYPT, key)
            await _edit(house, "keyring.key_added", fresh.id, lambda now: rotation.add(now, fresh))
            typer.echo(
                f"{fresh.id} is in the ring. Bring the file to every host, then: keyring promote {fresh.id}"
            )

    run(work())


@ring.command("promote")
def promote_key(
    key: KeyId,
    force: Annotated[bool, typer.Option("--force", help="Although a process does not know the key.")] = False,
) -> None:
    """Seal with this key from now on. Refused while a running process holds an older ring."""

    async def work() -> None:
        async with bench() as house:
            forced = await _passed(house, force)
            await _edit(
                house, "keyring.key_promoted", key, lambda now: rotation.promote(now, key), forced=forced
            )
            typer.echo(f"{key} is the primary key. Next: keyring rewrap")

    run(work())


async def _passed(house: Bench, force: bool) -> bool:
    """Whether a running process holds an older ring, and that is to be passed over. KeyringUnusable when it is not."""
    behind = [one for one in await processes(house.database, CLOCK) if one.version < house.keyring.version]
    if behind and not force:
        named = ", ".join(f"{one.pid} on {one.host} (version {one.version})" for one in behind)
        raise KeyringUnusable(
            f"the ring is at version {house.keyring.version}, but not in process {named}; "
            "wait a few seconds, or bring the file there"
        )
    return bool(behind)


@ring.command("rewrap")
def rewrap_keys(
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Data keys a transaction.")] = 500,
) -> None:
    """Wrap every data key under the present key. May be interrupted and run again."""

    async def work() -> None:
        async with bench() as house:
            total = 0
            wrapper, close = open_wrapper(house.settings, house.keyring)
            try:
                columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
                with Progress(*columns) as progress:
                    task = progress.add_task("data keys", total=None)
                    async for done, remaining in rewrap(house.database, wrapper, CLOCK, batch):
                        total = done
                        progress.update(task, total=done + remaining, completed=done)
                current = await wrapper.current()
            finally:
                await close()
            async with house.database.write() as session:
                await audit.record(
                    session,
                    CLOCK.now(),
                    audit.SYSTEM,
                    CLI,
                    "keyring.rewrapped",
                    current,
                    detail={"keys": total},
                )
            typer.echo(f"{total} data keys wrapped anew under {current}.")

    run(work())


@ring.command("retire")
def retire_key(
    key: KeyId,
    destroy: Annotated[
        bool, typer.Option("--destroy", help="Erase a key retired 30 days ago; only its id stays.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although a process may still seal with it.")
    ] = False,
) -> None:
    """Refuse a key from now on. Possible once nothing stored needs it; backups made before still do."""

    async def work() -> None:
        async with bench() as house:
            if destroy:
                await _edit(
                    house, "keyring.key_destroyed", key, lambda now: rotation.destroy(now, key, CLOCK.now())
                )
                typer.echo(f"{key} is destroyed. Backups that need it can never be read again.")
                return
            if count := (await keys_in_use(house.database)).get(key):
                raise KeyringUnusable(f"{key} still wraps {count} data keys: run `ledgerway keyring rewrap`")
            if held := await peppered(house.database, key, CLOCK.now()):
                raise KeyringUnusable(
                    f"{len(held)} API keys were not used since {key} was replaced ({', '.join(held[:5])}…): "
                    "use them once, or revoke them"
                )
            forced = await _passed(house, force)
            await _edit(
                house,
                "keyring.key_retired",
                key,
                lambda now: rotation.retire(now, key, CLOCK.now()),
                forced=forced,
            )
            typer.echo(
                f"{key} is retired: backups of the database made before now need it. "
                f"`keyring revive {key}` takes that back; after 30 days `keyring retire {key} --destroy` erases it."
            )

    run(work())


@ring.command("revive")
def revive_key(key: KeyId) -> None:
    """Let a retired key open again."""

    async def work() -> None:
        async with bench() as house:
            await _edit(house, "keyring.key_revived", key, lambda now: rotation.revive(now, key))
            typer.echo(f"{key} opens again.")

    run(work())


async def _edit(
    house: Bench, action: str, key_id: str, change: Callable[[Keyring], Keyring], **detail: Any
) -> None:
    if house.keyring.source != str(house.settings.keyring_file):
        raise KeyringUnusable(f"the ring comes from {house.keyring.source}; change it where it is kept")
    changed = rotation.edit(house.settings.keyring_file, change)
    async with house.database.write() as session:
        await audit.record(
            session,
            CLOCK.now(),
            audit.SYSTEM,
            CLI,
            action,
            key_id,
            detail={"version": changed.version, **detail},
        )
