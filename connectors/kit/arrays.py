"""Arrays in PATCH (rule 3): lists merged by key, and complete lists that must not lose a line by accident."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.faults import FieldError, Rejected


def merged(
    present: Sequence[Any],
    changes: Sequence[tuple[dict[str, Any], bool]],
    keys: tuple[str, ...],
    at: str,
    errors: list[FieldError],
) -> list[dict[str, Any]]:
    """The present native list with changes (element, whether it is removed) merged in by any of the keys.

    Changed elements keep what the change does not name. An element of an unknown key is added, unless its
    removal was asked for or the first key (an id) names nothing that is there.
    """
    result = [dict(each) for each in present if isinstance(each, dict)]
    for place, (change, deleted) in enumerate(changes):
        found = next((each for each in result if _same(each, change, keys)), None)
        if found is None and (deleted or change.get(keys[0]) not in (None, "")):
            detail = "the record has no such element"
            errors.append(FieldError("reference_not_found", f"{at}/{place}", detail))
        elif found is None:
            result.append(change)
        elif deleted:
            result.remove(found)
        else:
            found.update(change)
    return result


def _same(one: Mapping[str, Any], other: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    return any(other.get(key) not in (None, "") and one.get(key) == other[key] for key in keys)


def check_lines(
    present: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], at: str, *, replace: bool
) -> None:
    """Refuses lines the record does not have, and, unless `replace`, a list that would remove some it has.

    Both lists are unified.
    """
    there = {str(line["id"]): line for line in present if line.get("id") is not None}
    kept = {str(line["id"]) for line in given if line.get("id") is not None}
    errors = [
        FieldError(
            "reference_not_found", f"{at}/{place}/id", f"the record has no line {line['id']}", tuple(there)
        )
        for place, line in enumerate(given)
        if line.get("id") is not None and str(line["id"]) not in there
    ]
    lost = [key for key in there if key not in kept]
    if lost and not replace:
        named = ", ".join(f"{key} ({there[key].get('name') or 'unnamed'})" for key in lost)
        errors.append(
            FieldError(
                "would_remove_lines",
                at,
                f"not listed and would be removed: {named}; replace_lines=true allows it",
            )
        )
    if errors:
        raise Rejected(*errors)
