"""Furnished organisations."""

from .ledger import Ledger


def furnish(ledger: Ledger) -> None:
    """A year and a half of trade."""


def fill(ledger: Ledger, rows: int) -> None:
    """Brings the organisation to that many invoices."""
