"""Reporting tags and locations, on records and on their lines: both are tracking categories to us.

A tag stands in `tags` with the option chosen. A location stands in a field of its own; among the tracking
categories it is an entry of its prefixed id and its name, without an option.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from connectors.kit.codec import CodecError
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow
from connectors.kit.mapping import ALWAYS, Computed, Native, Row, Spot
from connectors.kit.operations import Context, Record
from connectors.kit.resolving import Wanted, find
from connectors.kit.writing import UNRESOLVED
from connectors.zoho_books.lookups import LOCATIONS, TAGS
from connectors.zoho_books.tag_options import options_of
from unified_models.parts import TrackingEntry

PREFIX = LOCATIONS.prefix


def tracking(unified: list[TrackingEntry] | None, *, located: bool = True) -> Row:
    """The row of a record's or line's tracking categories. `located`: it can be booked at a location."""
    needs = ("tags", "location_id") if located else ("tags",)
    uses = (*needs, "location_name") if located else needs
    return Computed(
        unified=str(unified), read=_read_located if located else _read_tags, write=ALWAYS, key=("id",),
        list_read=_read_row if located else None, put=_put_located if located else _put_tags, settle=_settle,
        uses=uses, needs=needs,
    )  # fmt: skip


# Reading


def _read_tags(native: Native, ctx: Context | None = None) -> list[Record]:
    tags = native.get("tags")
    if not tags or not isinstance(tags, list):
        return []
    return [_entry(each) for each in tags if isinstance(each, dict)]


def _read_located(native: Native, ctx: Context | None = None) -> list[Record]:
    found = _read_tags(native)
    if location := native.get("location_id"):
        name = native.get("location_name") or None
        found.append({"id": f"{PREFIX}{location}", "name": name, "option_id": None, "option": None})
    return found


def _read_row(native: Native, ctx: Context) -> list[Record] | None:
    """A list row that does not tell the location does not tell all categories."""
    return _read_located(native) if "location_id" in native else None


def _entry(native: Native) -> Record:
    get = native.get
    id, option = get("tag_id"), get("tag_option_id")
    return {
        "id": str(id) if id else None,
        "name": get("tag_name") or None,
        "option_id": str(option) if option else None,
        "option": get("tag_option_name") or None,
    }


# Writing


def is_location(entry: Record) -> bool:
    """By its id; without one, by having no option."""
    if entry.get("id") is not None:
        return str(entry["id"]).startswith(PREFIX)
    return entry.get("option_id") is None and entry.get("option") is None


def _put_tags(values: list[Record], native: Native, ctx: Context) -> None:
    if any(is_location(each) for each in values):
        raise CodecError("is booked at no location; a tag needs its option", "unsupported_field")
    native["tags"] = list(_spelled(values))


def _put_located(values: list[Record], native: Native, ctx: Context) -> None:
    """Tags are the whole new list; a location is told only where one is given or taken away."""
    places = [each for each in values if is_location(each)]
    kept = [str(each.get("id") or UNRESOLVED).removeprefix(PREFIX) for each in places if not _gone(each)]
    if len(set(kept)) > 1:
        raise CodecError("a record is booked at one location")
    if kept:
        native["location_id"] = kept[0]
    elif places:
        native["location_id"] = ""
    if len(places) < len(values) or not values:
        native["tags"] = list(_spelled(each for each in values if not is_location(each)))


def _spelled(entries: Any) -> Iterator[Native]:
    for each in entries:
        if not _gone(each):
            yield {
                "tag_id": each.get("id") or UNRESOLVED,
                "tag_option_id": each.get("option_id") or UNRESOLVED,
            }


def _gone(entry: Record) -> bool:
    return bool(entry.get("_delete"))


def _settle(values: list[Record], spot: Spot) -> Flow[list[Record]]:
    """Ids for names, then, of a record that stands, its own entries with these merged in by id."""
    errors: list[FieldError] = []
    found: list[Record] = []
    for place, each in enumerate(values):
        found.append((yield from _known(each, f"{spot.at}/{place}", spot, errors)))
    if spot.current is not None and values:
        found = _merged(found, spot, errors)
    if errors:
        raise Rejected(*errors)
    return found


def _known(entry: Record, at: str, spot: Spot, errors: list[FieldError]) -> Flow[Record]:
    id = entry.get("id")
    if id is None and entry.get("name") is None:
        errors.append(FieldError("required", at, "needs the id or the name of the category"))
        return entry
    if is_location(entry):
        if id is not None:
            return entry
        id = yield from _named(LOCATIONS, str(entry["name"]), f"{at}/name", spot, errors)
        return {**entry, "id": f"{PREFIX}{id}"}
    if id is None:
        id = yield from _named(TAGS, str(entry["name"]), f"{at}/name", spot, errors)
    option = entry.get("option_id")
    if option is None and id is not None and not _gone(entry):
        option = yield from _chosen(str(id), entry.get("option"), f"{at}/option", spot, errors)
    return {**entry, "id": id, "option_id": option}


def _named(to: Any, name: str, at: str, spot: Spot, errors: list[FieldError]) -> Flow[str | None]:
    key = (to.path, name)
    if key not in spot.known:
        spot.known[key] = yield from find(Wanted(at, to, "name", name))
    found = spot.known[key]
    if isinstance(found, str):
        return found
    errors.append(FieldError(found.code, at, found.detail, found.allowed, found.did_you_mean))
    return None


def _chosen(tag: str, name: Any, at: str, spot: Spot, errors: list[FieldError]) -> Flow[str | None]:
    """The id of the option of a tag that has exactly this name."""
    if name is None:
        errors.append(FieldError("required", at, "say which option of the category"))
        return None
    key = ("options", tag)
    if key not in spot.known:
        spot.known[key] = yield from options_of(tag, fresh_for=TAGS.fresh_for)
    options: list[Native] = spot.known[key]
    ids = [str(each["option_id"]) for each in options if each.get("option_name") == name]
    if len(ids) == 1:
        return ids[0]
    if ids:
        detail = f"{len(ids)} options of the category are named {name!r}"
        errors.append(FieldError("reference_ambiguous", at, detail, tuple(ids)))
        return None
    names = [str(each.get("option_name")) for each in options]
    near = next(iter(get_close_matches(str(name), names, 1, 0.5)), None)
    detail = f"the category has no option {name!r}"
    errors.append(FieldError("reference_not_found", at, detail, tuple(names[:20]), near))
    return None


def _merged(changes: list[Record], spot: Spot, errors: list[FieldError]) -> list[Record]:
    present = _read_located(spot.current or {})
    result = {str(each["id"]): each for each in present}
    for place, change in enumerate(changes):
        id = str(change.get("id"))
        if _gone(change) and id not in result:
            errors.append(
                FieldError("reference_not_found", f"{spot.at}/{place}", "the record has no such category")
            )
        elif is_location(change) and not _gone(change):
            result = {key: each for key, each in result.items() if not key.startswith(PREFIX)}
        result[id] = change
    return list(result.values())
