"""The raw door: native calls forwarded byte for byte, with the account's credentials and budget."""
