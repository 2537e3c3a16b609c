"""The product as it is deployed, as the flows use it."""

from tests.flows.conftest import admin, api, product, sandbox

__all__ = ["admin", "api", "product", "sandbox"]
