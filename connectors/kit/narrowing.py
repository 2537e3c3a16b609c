"""How a filter narrows a list at the provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from connectors.kit.operations import Op


@dataclass(frozen=True, slots=True)
class Words:
    """A filter the provider knows only for some values: unified text → what its parameter is set to.

    Several native values are several lists, given out as one. The native set may be wider than the unified
    one; rows outside are dropped locally.

    native   where a row says the native word it is listed by
    covers   native value → the words it lists, where that is not itself; a row whose word no value asked for
             covers is taken from the first
    """

    param: str
    words: Mapping[str, str | tuple[str, ...]]
    native: str = ""
    covers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def values(self, word: str) -> tuple[str, ...]:
        """Every native value whose lists together hold the unified word."""
        found = self.words.get(word, ())
        return (found,) if isinstance(found, str) else found

    def lists(self, value: str, word: str) -> bool:
        """Whether rows of a native word are in the list of a native value."""
        return word.casefold() in self.covers.get(value, (value.casefold(),))


@dataclass(frozen=True, slots=True)
class Days:
    """A filter on an instant that the provider takes as a day of the company's calendar."""

    param: str


@dataclass(frozen=True, slots=True)
class Newest:
    """A lower bound without a parameter: the list is sorted by this column, newest first, and ends below it."""

    column: str


@dataclass(frozen=True, slots=True)
class Searched:
    """A parameter that may find more than this field, or be ignored: only rows that tell the value count.

    column: how the provider's list names the field where it shows it.
    """

    param: str
    column: str


class Beside:
    """A filter checked locally, allowed only beside another one that narrows the list at the provider."""


BESIDE = Beside()


class Scanned:
    """A filter checked locally on every row of a list that is short enough to be read whole."""


SCANNED = Scanned()

Param: TypeAlias = str | Words | Days | Newest | Searched | Beside | Scanned
Filters: TypeAlias = Mapping[Op, Param]
