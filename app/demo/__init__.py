"""`ledgerway demo`: the whole product on one machine, told as a transcript anyone can repeat with curl."""
