"""`ledgerway docs …`: references made from the code, so that they cannot disagree with it."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.kit.connector import Connector
from connectors.kit.registry import load as load_connectors
from connectors.kit.reports import Reports
from connectors.kit.resource import Resource

docs = typer.Typer(no_args_is_help=True, help="Generated references.")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"

_INTRODUCTION = """\
# Coverage

Made by `ledgerway docs coverage` from the rows of the connectors; a test fails when it is out of date.
`GET /unified/{model}/{resource}/meta` says the same of one account's connector. `make coverage` prints the
operations with the test that performs each.

**list** and **detail**: read in rows of lists, in single records. **create**, **update**: can be written; *required*
must be. **filter**: operators of lists. **evidence** of the native paths: a *recording* of real traffic, the published
*specification* of the resource, or *sandbox only*: neither has it for this resource. *reckoned* fields are made of
nothing the provider names. `—` marks what the provider cannot fill, with the reason: read it as "the provider …".
"""
_HEAD = (
    "| field | native | type | list | detail | create | update | filter | sort | evidence |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
_SANDBOX = "sandbox only"


@docs.callback()
def references() -> None:
    """Generated references."""


@docs.command()
def coverage(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when it is out of date.")
    ] = False,
) -> None:
    """Write docs/coverage.md: what each connector covers, field by field, and on which evidence."""
    if not PAGE.parent.is_dir():
        typer.echo(f"{PAGE.parent} is not there: run this in a checkout of the project.", err=True)
        raise typer.Exit(1)
    after = page()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == after:
        return
    if not check:
        PAGE.write_text(after, encoding="utf-8")
    typer.echo(f"{PAGE}: {'out of date' if check else 'written'}")
    if check:
        raise typer.Exit(1)


def page() -> str:
    """The whole of docs/coverage.md."""
    return _INTRODUCTION + "".join(told(connector) for connector in load_connectors())


def told(connector: Connector) -> str:
    """What a connector covers: one section per resource, one line per field."""
    stated = evidence_of(connector)
    sections = (
        _resource(f"{model}/{name}", each, stated) for (model, name), each in connector.resources.items()
    )
    return f"\n## {connector.label}\n" + "".join(sections)


def evidence_of(connector: Connector) -> Mapping[str, Mapping[str, str]]:
    """By collection, native path → where it was seen, as stated beside the connector."""
    path = Path(str(import_module(f"connectors.{connector.name}").__file__)).parent / "evidence.json"
    stated = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {
        collection: {native: kind for kind, paths in kinds.items() for native in paths}
        for collection, kinds in stated.items()
    }


def _resource(title: str, resource: Resource, stated: Mapping[str, Mapping[str, str]]) -> str:
    described = resource.describe()
    lines = [f"\n### {title}\n\n", "Calls: ", _calls(described), ".\n"]
    lines += [
        f"{word.capitalize()}: {', '.join(f'`{one}`' for one in described[word])}.\n"
        for word in ("lists", "expansions", "statuses")
        if described.get(word)
    ]
    if isinstance(resource, Reports):
        types = (
            f"`{type}`{' (derived)' if each.is_derived else ''}" for type, each in resource.reports.items()
        )
        lines.append(f"Reports: {', '.join(types)}.\n")
    sides: Mapping[str, Any] = described.get("sides", {})
    for part, word in zip(resource.parts, sides or [""], strict=True):
        if word:
            lines.append(f"\nWhere `{described['side']['field']}` is `{word}`:\n")
        lines += ["\n", _HEAD]
        lines += [f"| {' | '.join(cells)} |\n" for cells in _rows(part, stated.get(part.path, {}))]
    return "".join(lines)


def _calls(described: Mapping[str, Any]) -> str:
    """Methods and actions with what they cost in provider calls."""
    return ", ".join(f"`{method}` ({cost})" for method, cost in sorted(described["calls"].items()))


def _rows(part: Resource, seen: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    described = part.describe()
    return _fields(described["fields"], described["filters"], set(described["sort"]), seen)


def _fields(
    fields: Mapping[str, Mapping[str, Any]],
    filters: Mapping[str, list[str]],
    sorts: set[str],
    seen: Mapping[str, str],
    above: str = "",
    below: str = "",
    listed: bool = True,
) -> Iterator[tuple[str, ...]]:
    """`above` begins the unified names, `below` the native paths; `listed`: rows of lists have what they are in."""
    for name, field in fields.items():
        full = f"{above}{name}"
        if not field["supported"]:
            yield (f"`{full}`", "—", _cell(str(field["reason"])), *[""] * 7)
            continue
        operators = sorted({op for key, ops in filters.items() if key.split("[")[0] == full for op in ops})
        yield (
            f"`{full}`",
            ", ".join(f"`{path}`" for path in field["native"]),
            str(field["type"]),
            "yes" if listed and field["in_lists"] else "",
            "yes" if field["in_records"] else "",
            ("required" if field.get("required") else "yes") if field["create"] else "",
            "yes" if field["update"] else "",
            ", ".join(operators),
            "yes" if full in sorts else "",
            _evidence([below + path for path in field["native"]], seen),
        )
        inner = f"{below}{field['native'][0]}." if field["native"] else below
        yield from _fields(
            field.get("fields", {}), filters, sorts, seen, f"{full}.", inner, listed and field["in_lists"]
        )


def _evidence(paths: list[str], seen: Mapping[str, str]) -> str:
    if not paths:
        return "reckoned" if seen else _SANDBOX
    return ", ".join(dict.fromkeys(seen.get(path, _SANDBOX) for path in paths))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
