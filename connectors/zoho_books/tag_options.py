"""The options of reporting tags: a tree at Zoho, a flat list with parents here."""

from collections.abc import Iterator
from typing import Any

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
