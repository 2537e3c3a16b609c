"""Which resources a job or a run is about: what callers name, as paths."""

from collections.abc import Sequence
from difflib import get_close_matches

from app.core.errors import Problem
from app.sync.schemas import bare
from app.synced.units import syncable, units_of
from connectors.kit.connector import Connector
from connectors.kit.faults import FieldError


def resources_of(
    connector: Connector, wanted: Sequence[str] | None, member: str, among: Sequence[str] | None = None
) -> list[str]:
    """The paths of resources named as the API names them, with or without their model."""
    offered = list(among) if among is not None else syncable(connector)
    if wanted is None:
        return offered
    names = {**{path.partition("/")[2]: path for path in offered}, **{path: path for path in offered}}
    errors: list[FieldError] = []
    for at, name in enumerate(wanted):
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            detail = f"There is no resource {name!r} to sync here.{hint}"
            errors.append(FieldError("enum_value", f"/{member}/{at}", detail, tuple(bare(offered))))
    if errors:
        raise Problem("validation_failed", errors=errors)
    return list(dict.fromkeys(names[name] for name in wanted))


def hydrated_of(connector: Connector, wanted: Sequence[str] | bool, resources: Sequence[str]) -> list[str]:
    """Of the job's resources those read in full; True: all whose list tells less than the record."""
    if isinstance(wanted, bool):
        partial = [
            path
            for path in resources
            if any(unit.part(connector).absent for unit in units_of(connector, path))
        ]
        return partial if wanted else []
    return resources_of(connector, wanted, "hydrate", among=resources)
