"""How a list goes on: positions, and the guard against a provider that answers the same page for ever."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paging:
    """Numbered pages. `context` is the key of the answer that says whether more follow."""

    page: str = "page"
    per_page: str = "per_page"
    most: int = 200
    context: str = "page_context"
    more: str = "has_more_page"
    column: str = "sort_column"
    order: str = "sort_order"
    ascending: str = "A"
    descending: str = "D"
    first: int = 1
    whole: bool = False  # the provider answers the complete list at once
