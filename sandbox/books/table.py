"""Records of one kind, by id, with what is needed to find them fast."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .call import Row

Query = tuple[Any, ...]
Watch = Callable[[str, Row], None]
T = TypeVar("T")


class Table:
    """Records by id in the order they came.

    `links` are the fields by which other records are found (`customer_id`): `linked(field, id)` gives ids.
    `version` rises with every change; results of `remember` live as long as it stands still. `watch`, where
    somebody wants to know, is told of every change: "add", "edit" or, just before it goes, "delete".
    """

    def __init__(self, key: str, links: tuple[str, ...] = (), on_change: Callable[[Row], None] | None = None):
        self.key = key
        self.rows: dict[str, Row] = {}
        self.version = 0
        self._links: dict[str, dict[str, dict[str, None]]] = {name: {} for name in links}
        self._results: dict[Query, list[Any]] = {}
        self._results_version = 0
        self._on_change = on_change
        self.watch: Watch | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, record_id: str) -> Row | None:
        return self.rows.get(record_id)

    def all(self) -> Iterable[Row]:
        return self.rows.values()

    def put(self, record: Row) -> Row:
        """Adds the record or announces that it changed."""
        event = "edit" if record[self.key] in self.rows else "add"
        self.rows[record[self.key]] = record
        for name, found in self._links.items():
            for target in _targets(record.get(name)):
                found.setdefault(target, {})[record[self.key]] = None
        self._announce(event, record)
        return record

    def changed(self, record: Row) -> None:
        self._announce("edit", record)

    def unlink(self, record: Row) -> None:
        """Forgets the links of a record that is about to change them; `put` makes them anew."""
        for name, found in self._links.items():
            for target in _targets(record.get(name)):
                found.get(target, {}).pop(record[self.key], None)

    def remove(self, record: Row) -> None:
        if self.watch is not None:
            self.watch("delete", record)
        self.unlink(record)
        del self.rows[record[self.key]]
        self._count(record)

    def linked(self, field: str, target: str) -> list[Row]:
        return [self.rows[found] for found in self._links[field].get(target, ())]

    def links(self, field: str) -> bool:
        """Whether records can be found by that field."""
        return field in self._links

    def has_linked(self, field: str, target: str) -> bool:
        return bool(self._links[field].get(target))

    def remember(self, query: Query, make: Callable[[], list[T]]) -> list[T]:
        """The same list for the same query while nothing changed. Do not change it."""
        if self._results_version != self.version or len(self._results) >= 16:
            self._results.clear()
            self._results_version = self.version
        found = self._results.get(query)
        if found is None:
            found = self._results[query] = make()
        return found

    def _announce(self, event: str, record: Row) -> None:
        self._count(record)
        if self.watch is not None:
            self.watch(event, record)

    def _count(self, record: Row) -> None:
        self.version += 1
        if self._on_change is not None:
            self._on_change(record)


def _targets(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, (list, tuple)):
        return value
    return ()
