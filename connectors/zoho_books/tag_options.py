"""The options of reporting tags: a tree at Zoho, a flat list with parents here."""

from collections.abc import Iterator
from typing import Any

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.paging import Paging, context_of, rows_of

PATH = "/reportingtags/options"
_PAGING = Paging()
_MOST_PAGES = 25


def options_of(tag: str, *, fresh_for: float = 0.0) -> Flow[list[Native]]:
    """Every option of a tag, parents before their children; 200 to a call."""
    rows: list[Native] = []
    for page in range(1, _MOST_PAGES + 1):
        query = (("tag_id", tag),) if page == 1 else (("tag_id", tag), ("page", str(page)))
        reply = yield Request("GET", PATH, query, step="read the options of the tag", fresh_for=fresh_for)
        found = rows_of(reply.body, "options")
        rows += found
        if not found or context_of(reply.body, _PAGING).get(_PAGING.more) is not True:
            break
    return list({str(each["option_id"]): each for each in flat(rows)}.values())


def flat(options: Any, parent: Native | None = None) -> Iterator[Native]:
    """The options of a tree one after the other; each tells its parent."""
    for each in options if isinstance(options, list) else ():
        if not isinstance(each, dict) or not each.get("option_id"):
            continue
        told = {name: value for name, value in each.items() if name != "children"}
        if parent is not None:
            told["parent_id"], told["parent_name"] = parent["option_id"], parent.get("option_name")
        yield told
        yield from flat(each.get("children"), each)


def tree(options: list[Native]) -> list[Native]:
    """A flat list as Zoho takes it: children in their parents. Raises Rejected where a parent is not listed."""
    nodes = [{name: each[name] for name in _WRITTEN if name in each} for each in options]
    pairs = list(zip(options, nodes, strict=True))
    by_id = {str(each["option_id"]): node for each, node in pairs if each.get("option_id")}
    by_name = {str(each.get("option_name")): node for each, node in pairs}
    roots: list[Native] = []
    for each, node in pairs:
        id, name = each.get("parent_id"), each.get("parent_name")
        if not id and not name:
            roots.append(node)
            continue
        parent = by_id.get(str(id)) if id else by_name.get(str(name))
        if parent is None or _holds(node, parent):
            what = "would be below itself" if parent else f"has no parent {id or name!r} among the options"
            raise Rejected(
                FieldError("reference_not_found", "/options", f"{each.get('option_name')!r} {what}")
            )
        parent.setdefault("children", []).append(node)
    return roots


_WRITTEN = ("option_id", "option_name", "is_active", "is_default")


def _holds(node: Native, other: Native) -> bool:
    return node is other or any(_holds(child, other) for child in node.get("children", ()))
