"""Documents a caller names by id, number or reference (rule 8)."""

from collections.abc import Mapping, Sequence

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow
from connectors.kit.operations import Record
from connectors.kit.references import Lookup
from connectors.kit.resolving import Wanted, find


def documents_named(
    given: Sequence[Record], kinds: Mapping[str, Lookup], noun: str, at: str = "/sources"
) -> Flow[list[str]]:
    """The ids of documents of the given kinds (type → where it is looked up). Rejected naming what is amiss."""
    ids: list[str] = []
    errors: list[FieldError] = []
    for place, each in enumerate(given):
        pointer = f"{at}/{place}" if len(given) > 1 or at == "/sources" else at
        lookup = kinds.get(each.get("type") or next(iter(kinds)))
        key = next((key for key in ("number", "reference") if each.get(key) is not None), None)
        if lookup is None:
            detail = f"{noun} comes from a {' or a '.join(kinds).replace('_', ' ')}"
            errors.append(FieldError("unsupported_field", f"{pointer}/type", detail, tuple(kinds)))
        elif each.get("id") is not None:
            ids.append(str(each["id"]))
        elif key is None or key not in lookup.keys:
            detail = f"a {lookup.noun} is named by {', '.join(('id', *lookup.keys))}"
            errors.append(FieldError("unsupported_field", pointer, detail, ("id", *lookup.keys)))
        else:
            found = yield from find(Wanted(pointer, lookup, key, str(each[key])))
            if isinstance(found, str):
                ids.append(found)
            else:
                errors.append(found)
    if errors:
        raise Rejected(*errors)
    return ids
