"""Connecting: link tokens, the hosted page, the OAuth round trip and the choice of organisations."""
