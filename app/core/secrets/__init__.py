"""Encryption at rest: the key ring, envelopes, and a type for values that must not be shown."""
