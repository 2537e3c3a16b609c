"""A local twin of Zoho: eight data centres with accounts servers and Books, for tests without Zoho.

`python -m sandbox --port 9000` runs it; `sandbox.running` starts it inside a test. See README.md.
"""
