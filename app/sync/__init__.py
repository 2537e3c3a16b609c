"""Keeping a copy of an account's books current, and telling what changed."""
