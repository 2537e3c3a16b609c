"""Intents of writes: kept before anything is sent, carried out by one, answered to whoever repeats them."""
