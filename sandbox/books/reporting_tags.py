"""Reporting tags and their options, on the current paths and on the older ones clients still use."""

from collections.abc import Callable

from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .fields import boolean, objects, one_id, text
from .ledger import Ledger
from .resource import Route, body_of

UNKNOWN = "Reporting tag does not exist."
ENTITIES = ("customers", "vendors", "items", "banking")


def _find(ledger: Ledger, key: str) -> Row:
    tag = ledger.tags.get(key)
    if tag is None:
        raise Refused(1002, UNKNOWN, 404)
    return tag


def _option(tag: Row, key: str) -> str:
    if key not in tag["options"]:
        raise Refused(1002, "Reporting tag option does not exist.", 404)
    return key


def _face(ledger: Ledger, tag: Row) -> Row:
    return {
        "tag_id": tag["tag_id"],
        "tag_name": tag["tag_name"],
        "tag_order": list(ledger.tags).index(tag["tag_id"]) + 1,
        "description": tag.get("description", ""),
        "is_active": tag.get("is_active", True),
        "is_mandatory": tag.get("is_mandatory", False),
        "is_class": False,
        "is_draft": False,
    }


def _whole(ledger: Ledger, tag: Row) -> Row:
    return {
        **_face(ledger, tag),
        "entities": tag.get("entities", [{"entity_name": name, "is_enabled": False} for name in ENTITIES]),
        "multi_preference_entities": tag.get("multi", {"preference": "line_item", "entities": []}),
    }


def _options(tag: Row, parent: str = "") -> list[Row]:
    """The options below one, each with its own."""
    more: dict[str, Row] = tag.setdefault("more", {})
    found: list[Row] = []
    for key, name in tag["options"].items():
        about = more.get(key, {})
        if about.get("parent_id", "") != parent:
            continue
        found.append(
            {
                "option_id": key,
                "option_name": name,
                "option_order": len(found) + 1,
                "parent_id": parent,
                "parent_name": tag["options"].get(parent, ""),
                "is_active": about.get("is_active", True),
                "is_default": about.get("is_default", False),
                "children": _options(tag, key),
            }
        )
    return found


def _read(ledger: Ledger, body: Row, tag: Row) -> Row:
    name = text(50)(ledger, body.get("tag_name", tag.get("tag_name", "")), "tag_name")
    if not name:
        raise missing("tag_name")
    for other in ledger.tags.values():
        if other is not tag and other["tag_name"].casefold() == name.casefold():
            raise Refused(1001, f'The reporting tag "{name}" already exists.')
    found: Row = {"tag_name": name}
    if "description" in body:
        found["description"] = text(500)(ledger, body["description"], "description")
    if "is_mandatory" in body:
        found["is_mandatory"] = boolean(ledger, body["is_mandatory"], "is_mandatory")
    if "entities" in body:
        entries = objects(body["entities"], "entities")
        found["entities"] = [
            {"entity_name": str(one.get("entity_name", "")), "is_enabled": one.get("is_enabled") is True}
            for one in entries
        ]
    multi = body.get("multi_preference_entities")
    if isinstance(multi, dict):
        found["multi"] = multi
    return found


def _touched(ledger: Ledger) -> None:
    for table in ledger.tables.values():
        table.version += 1


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(reporting_tags=[_face(ledger, tag) for tag in ledger.tags.values()])


def _create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    body = body_of(call)
    found = _read(ledger, body, {})
    tag: Row = {"tag_id": ledger.ids.take(), "options": {}, "is_active": True, **found}
    ledger.tags[tag["tag_id"]] = tag
    answer = done("The reporting tag has been created successfully.", tag=_whole(ledger, tag))
    answer.status = 201
    answer.headers["Location"] = f"/api/v3/reportingtags/{tag['tag_id']}"
    return answer


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    tag = _find(ledger, ids[0])
    tag.update(_read(ledger, body_of(call), tag))
    _touched(ledger)
    return done("The reporting tag has been updated successfully.", tag=_whole(ledger, tag))


def _is_used(ledger: Ledger, tag_id: str, option: str = "") -> bool:
    def stands(tags: object) -> bool:
        return isinstance(tags, list) and any(
            one["tag_id"] == tag_id and option in ("", one["tag_option_id"]) for one in tags
        )

    return any(
        stands(record.get("tags")) or any(stands(line.get("tags")) for line in record.get("line_items", ()))
        for table in ledger.tables.values()
        for record in table.all()
    )


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    tag = _find(ledger, ids[0])
    if _is_used(ledger, ids[0]):
        raise in_use("Reporting tags that are associated with transactions cannot be deleted.")
    del ledger.tags[tag["tag_id"]]
    return done("The reporting tag has been deleted successfully.")


def _default(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    tag = _find(ledger, ids[0])
    chosen = _option(tag, call.get("default_option_id"))
    more: dict[str, Row] = tag.setdefault("more", {})
    for key in tag["options"]:
        more.setdefault(key, {})["is_default"] = key == chosen
    return done("The option has been marked as default.")


def _set_options(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """The whole new set; options in use stay whether they are named or not."""
    tag = _find(ledger, ids[0])
    options: dict[str, str] = {}
    more: dict[str, Row] = {}

    def take(entries: list[Row], parent: str) -> None:
        for entry in entries:
            name = text(50)(ledger, entry.get("option_name"), "option_name")
            if not name:
                raise missing("option_name")
            key = one_id(entry.get("option_id") or "", "option_id")
            if key:
                _option(tag, key)
            key = key or ledger.ids.take_beside(tag["tag_id"])
            options[key] = name
            more[key] = {
                "parent_id": parent,
                "is_active": entry.get("is_active") is not False,
                "is_default": entry.get("is_default") is True,
            }
            take(objects(entry.get("children"), "children"), key)

    given = objects(body_of(call).get("options"), "options")
    if not given:
        raise missing("options")
    take(given, "")
    if len(set(map(str.casefold, options.values()))) != len(options):
        raise Refused(1001, "Options of a reporting tag must have different names.")
    for key, name in tag["options"].items():
        if key not in options and _is_used(ledger, tag["tag_id"], key):
            raise in_use(f'The option "{name}" is associated with transactions and cannot be deleted.')
    tag["options"], tag["more"] = options, more
    _touched(ledger)
    return done("Options updated successfully")


def _mark(word: str, on: bool) -> Callable[..., Answer]:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        _find(ledger, ids[0])["is_active"] = on
        return done(f"The reporting tag has been {word}.")

    return handle


def _mark_option(word: str, on: bool) -> Callable[..., Answer]:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        tag = _find(ledger, ids[0])
        tag.setdefault("more", {}).setdefault(_option(tag, ids[1]), {})["is_active"] = on
        return done(f"The reporting tag option has been {word}.")

    return handle


def _tag_options(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    if not call.get("tag_id"):
        raise missing("tag_id")
    tag = _find(ledger, call.get("tag_id"))
    face = _face(ledger, tag)
    names = ("description", "is_class", "is_draft", "tag_id", "tag_name")
    context = {"page": 1, "per_page": 200, "has_more_page": False}
    return done(
        **{name: face[name] for name in names},
        dependent_tags=[],
        options=_options(tag),
        page_context=context,
    )


def _all_options(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    tag = _find(ledger, ids[0])
    found: list[Row] = []

    def walk(entries: list[Row], depth: int) -> None:
        for one in entries:
            found.append({"option_id": one["option_id"], "option_name": one["option_name"], "depth": depth})
            walk(one["children"], depth + 1)

    walk(_options(tag), 0)
    return done(results=found)


def _reorder(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    given = body_of(call).get("tag_ids")
    if not isinstance(given, list) or sorted(map(str, given)) != sorted(ledger.tags):
        raise invalid("tag_ids")
    tags = {str(key): ledger.tags[str(key)] for key in given}
    ledger.tags.clear()
    ledger.tags.update(tags)
    return done(
        "The reporting tags have been reordered successfully.",
        tags=[_face(ledger, tag) for tag in ledger.tags.values()],
    )


def _old(ledger: Ledger, tag: Row) -> Row:
    options = [{"tag_option_id": key, "tag_option_name": name} for key, name in tag["options"].items()]
    return {**_face(ledger, tag), "tag_options": options}


def _old_list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(reporting_tags=[_old(ledger, tag) for tag in ledger.tags.values()])


def _old_get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(reporting_tag=_old(ledger, _find(ledger, ids[0])))


def _old_options(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(tag_options=_old(ledger, _find(ledger, ids[0]))["tag_options"])


def _old_add(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    tag = _find(ledger, ids[0])
    name = text(50)(ledger, body_of(call).get("tag_option_name"), "tag_option_name")
    if not name:
        raise missing("tag_option_name")
    if name.casefold() in {known.casefold() for known in tag["options"].values()}:
        raise Refused(1001, f'The option "{name}" already exists.')
    key = ledger.ids.take_beside(tag["tag_id"])
    tag["options"][key] = name
    answer = done("The option has been created.", tag_option={"tag_option_id": key, "tag_option_name": name})
    answer.status = 201
    return answer


_ONE, _OPTION = "/reportingtags/{}", "/reportingtags/{}/option/{}"
ROUTES = (
    Route("GET", "/reportingtags", "settings.READ", _list),
    Route("POST", "/reportingtags", "settings.CREATE", _create),
    Route("POST", _ONE, "settings.READ", _default),
    Route("PUT", _ONE, "settings.UPDATE", _update),
    Route("DELETE", _ONE, "settings.DELETE", _delete),
    Route("PUT", f"{_ONE}/options", "settings.UPDATE", _set_options),
    Route("POST", f"{_ONE}/active", "settings.UPDATE", _mark("activated", True)),
    Route("POST", f"{_ONE}/inactive", "settings.UPDATE", _mark("deactivated", False)),
    Route("POST", f"{_OPTION}/active", "settings.UPDATE", _mark_option("activated", True)),
    Route("POST", f"{_OPTION}/inactive", "settings.UPDATE", _mark_option("deactivated", False)),
    Route("GET", "/reportingtags/options", "settings.READ", _tag_options),
    Route("GET", f"{_ONE}/options/all", "settings.READ", _all_options),
    Route("PUT", "/reportingtags/reorder", "settings.UPDATE", _reorder),
    Route("GET", "/settings/tags", "settings.READ", _old_list),
    Route("POST", "/settings/tags", "settings.CREATE", _create),
    Route("GET", "/settings/tags/{}", "settings.READ", _old_get),
    Route("PUT", "/settings/tags/{}", "settings.UPDATE", _update),
    Route("DELETE", "/settings/tags/{}", "settings.DELETE", _delete),
    Route("GET", "/settings/tags/{}/options", "settings.READ", _old_options),
    Route("POST", "/settings/tags/{}/options", "settings.CREATE", _old_add),
)
