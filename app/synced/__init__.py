"""The copies of accounts' records: what is kept of them, and the events their changes are told by."""
