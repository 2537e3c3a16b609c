"""What is written again of a native object that was read."""

from collections.abc import Iterable, Sequence

from connectors.kit.mapping import Native


def kept(native: Native, names: Iterable[str]) -> Native:
    """What is there of these, ids as text, and the tags by their ids."""
    found = {
        name: str(native[name]) if name.endswith("_id") else native[name]
        for name in names
        if native.get(name) not in (None, "")
    }
    tags = [
        {name: each.get(name) for name in ("tag_id", "tag_option_id")} for each in native.get("tags") or ()
    ]
    return {**found, "tags": tags} if tags else found


def completed(
    lines: Sequence[Native], present: Sequence[Native], id: str, names: Iterable[str]
) -> list[Native]:
    """The lines of a change; those that are kept with what they keep, because Zoho may ask every line for it."""
    known = {str(each[id]): kept(each, names) for each in present if each.get(id)}
    return [{**known.get(str(each.get(id)), {}), **each} for each in lines]
