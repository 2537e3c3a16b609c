"""What happens: the gateway's rooms. Which room may import which is fixed in `pyproject.toml`."""
