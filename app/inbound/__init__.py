"""Providers' webhooks in: each is a hint to read a record again."""
