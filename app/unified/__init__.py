"""The unified API: one shape of record for every provider."""
