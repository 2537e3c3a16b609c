"""The vocabulary every connector is written in. It performs nothing: no network, no clock, no storage."""
