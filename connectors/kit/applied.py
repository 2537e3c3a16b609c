"""Written is checked (rule 13): what the provider made of a body, beside what was sent."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from connectors.kit.mapping import Computed, Nested, Reference, Row, Table
from connectors.kit.operations import Issue, Record

FINEST = Decimal("0.0005")


def not_applied(table: Table[Any], sent: Record, got: Record, at: str = "") -> Iterator[Issue]:
    """An issue for every value that was ignored or changed beyond rounding. Fields not fetched are not judged."""
    for name, value in sent.items():
        row = table.by_name.get(name)
        if row is None or name not in got or not row.write or (isinstance(row, Computed) and row.put is None):
            continue
        yield from _judge(row, value, got[name], f"{at}/{name}")


def _judge(row: Row, sent: Any, got: Any, at: str) -> Iterator[Issue]:
    match row:
        case Nested() if row.is_list:
            yield from _list(row, sent or [], got or [], at)
        case Nested() if isinstance(sent, dict) and isinstance(got, dict):
            yield from not_applied(row.table, sent, got, at)
        case Reference() if isinstance(sent, dict) and isinstance(got, dict):
            prefix = row.to.prefix if row.to is not None else ""
            if sent.get("id") is not None and sent["id"] not in (
                got.get("id"),
                str(got.get("id")).removeprefix(prefix),
            ):
                yield _issue(at, sent["id"], got.get("id"))
        case Computed() if row.key and isinstance(sent, list) and isinstance(got, list):
            yield from _keyed(row.key, cast("list[Record]", sent), cast("list[Record]", got), at)
        case _ if not same(sent, got, row.codec.spread or FINEST):
            yield _issue(at, sent, got)
        case _:
            pass


def _list(row: Nested, sent: Sequence[Record], got: Sequence[Record], at: str) -> Iterator[Issue]:
    for place, element in enumerate(sent):
        found = _counterpart(row, element, got, place)
        deleted = bool(element.get("_delete"))
        if found is not None and not deleted:
            yield from not_applied(row.table, element, found, f"{at}/{place}")
        elif (found is None) != deleted:
            yield _issue(f"{at}/{place}", "removed" if deleted else "set", "still there" if deleted else None)


def _keyed(keys: tuple[str, ...], sent: list[Record], got: list[Record], at: str) -> Iterator[Issue]:
    for place, element in enumerate(sent):
        found = next(
            (each for each in got if any(element.get(k) and each.get(k) == element[k] for k in keys)), {}
        )
        for name, value in element.items():
            value = None if element.get("_delete") else value
            if name not in keys and name != "_delete" and not same(value, found.get(name)):
                yield _issue(f"{at}/{place}/{name}", value, found.get(name))


def _counterpart(row: Nested, element: Record, got: Sequence[Record], place: int) -> Record | None:
    """The element of the answer a sent one became: by key where it has one, else by its place."""
    keys = [key for key in row.key if element.get(key) is not None]
    if keys:
        return next((each for each in got if any(each.get(key) == element[key] for key in keys)), None)
    return got[place] if row.complete and place < len(got) else _alike(element, got)


def _alike(element: Record, got: Sequence[Record]) -> Record | None:
    told = {name: value for name, value in element.items() if isinstance(value, (str, bool))}
    return next((each for each in got if all(each.get(k) == v for k, v in told.items())), None)


def same(sent: Any, got: Any, spread: Decimal = FINEST) -> bool:
    """Equal as far as the caller can care: blank is null, text is trimmed, numbers within `spread`."""
    if sent is None or sent == "" or sent == []:
        return got is None or got in ("", [], 0, False)
    if isinstance(sent, Decimal | int) and not isinstance(sent, bool) and isinstance(got, Decimal | int):
        return abs(Decimal(sent) - Decimal(got)) <= spread
    if isinstance(sent, str) and isinstance(got, str):
        return sent.split() == got.split()
    if isinstance(sent, dict) and isinstance(got, dict):
        return all(same(value, got.get(name), spread) for name, value in sent.items() if name != "_delete")
    if isinstance(sent, list) and isinstance(got, list):
        return len(sent) == len(got) and all(same(a, b, spread) for a, b in zip(sent, got, strict=True))
    return sent == got


def _issue(at: str, sent: Any, got: Any) -> Issue:
    return Issue(
        "not_applied", at, f"sent {_shown(sent)}, got {_shown(got)}", extra={"sent": sent, "got": got}
    )


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return "nothing" if value is None else str(value)
