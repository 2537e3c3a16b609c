"""`make bench`: what the gateway costs, measured beside a bare pass-through in one run. Loopback only."""
