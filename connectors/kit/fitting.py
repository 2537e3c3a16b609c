"""What a function of native fields gives, held to the type its unified field promises.

Providers print ids and names as numbers now and then; a number is taken as the text it is, anything else that
does not fit is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeAlias, cast, get_args, get_origin

from pydantic import BaseModel

from connectors.kit.codec import TEXT, CodecError

Fit: TypeAlias = Callable[[Any], Any]


def fit_of(model: type[BaseModel], name: str) -> Fit | None:
    """What fits values to a field; None where anything fits."""
    return _fit(model.model_fields[name].annotation)


def exact_of(model: type[BaseModel], name: str) -> type | None:
    """The class whose values fit a field as they are, if it is one of plain values."""
    plain = _plain(model.model_fields[name].annotation)
    return plain if plain in _PLAIN else None


def is_list(model: type[BaseModel], name: str) -> bool:
    return get_origin(_plain(model.model_fields[name].annotation)) in (list, Sequence)


def _plain(annotation: Any) -> Any:
    """An annotation without its marks and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    some = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) in (list, Sequence, dict, Mapping) or len(some) != 1:
        return annotation
    return _plain(some[0])


def _of(kind: type) -> Fit:
    def fit(value: Any) -> Any:
        if value is None or value.__class__ is kind:
            return value
        raise CodecError(f"expected {kind.__name__}, got {type(value).__name__}")

    return fit


def text(value: Any) -> str | None:
    """Text, or the number a text was printed as."""
    return value if value is None or value.__class__ is str else TEXT.read(value)


_PLAIN: Mapping[Any, Fit] = {
    str: text, **{kind: _of(kind) for kind in (Decimal, bool, int, date, datetime)}
}  # fmt: skip


@cache
def _fit(annotation: Any) -> Fit | None:
    plain = _plain(annotation)
    if plain in _PLAIN:
        return _PLAIN[plain]
    if get_origin(plain) in (list, Sequence):
        return _each(_fit(get_args(plain)[0]))
    return _members(plain) if isinstance(plain, type) and issubclass(plain, BaseModel) else None


def _each(inner: Fit | None) -> Fit:
    def fit(value: Any) -> Any:
        if value is None or (value.__class__ is list and not value):
            return value
        if value.__class__ is not list:
            raise CodecError(f"expected a list, got {type(value).__name__}")
        return value if inner is None else [*map(inner, value)]

    return fit


def _members(model: type[BaseModel]) -> Fit:
    fits: dict[str, Fit] = {}
    exact: dict[str, type | None] = {}

    def fit(value: Any) -> Any:
        if value is None:
            return None
        if value.__class__ is not dict:
            raise CodecError(f"expected an object, got {type(value).__name__}")
        if not fits:  # not before: a model may hold itself
            known = ((name, fit_of(model, name)) for name in model.model_fields)
            fits.update({name: inner for name, inner in known if inner is not None})
            exact.update({name: exact_of(model, name) for name in fits})
        found = cast("dict[str, Any]", value)
        for name, told in found.items():
            if told is not None and told.__class__ is not exact.get(name) and name in fits:
                found[name] = fits[name](told)
        return found

    return fit
