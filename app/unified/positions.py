"""Where a list stands: what its cursors carry."""

from collections.abc import Mapping
from typing import Any

from app.core.cursor import Cursors
from app.core.errors import Problem
from app.unified.calls import Call
from app.unified.listing import Listing


class Positions:
    """The cursors of one list request: of this account, resource, source, filters and order only."""

    def __init__(self, cursors: Cursors, call: Call, listing: Listing) -> None:
        self._cursors = cursors
        self._binding = (call.account.id, call.path, *(("synced",) if call.synced else ()), listing.binding)

    def start(self, listing: Listing, default: int) -> tuple[Mapping[str, Any] | None, int]:
        """Where the page starts and how long it is. A cursor keeps the limit it was issued with."""
        if listing.cursor is None:
            return None, listing.limit or default
        opened = self._cursors.open(listing.cursor, *self._binding)
        limit = int(opened["l"])
        if listing.limit is not None and listing.limit != limit:
            detail = f"This cursor was issued for limit={limit}; start again to change the limit."
            raise Problem("invalid_cursor", detail, parameter="next_cursor")
        return opened["p"], limit

    def sign(self, position: Mapping[str, Any] | None, limit: int) -> str | None:
        if position is None:
            return None
        return self._cursors.sign({"p": dict(position), "l": limit}, *self._binding)
