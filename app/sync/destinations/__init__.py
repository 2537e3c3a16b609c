"""Where synced records go besides the change feed and webhooks: a database of the customer's own, or files."""
