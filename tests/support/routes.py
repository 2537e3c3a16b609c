"""Every route of the application, found by walking it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from app.core.edge import RAW_ROOMS

OPEN = (
    "/ping",
    "/livez",
    "/readyz",
    "/docs",
    "/openapi.json",
    "/connect-account",
    "/oauth/callback",
    "/inbound",
)
"""What anybody may ask, each with what is below it. A new one is a decision, not an accident."""

METRICS = "/metrics"  # loopback or a token
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")


@dataclass(frozen=True)
class Found:
    method: str
    path: str

    def filled(self, value: str = "x") -> str:
        parts = (value if part.startswith("{") else part for part in self.path.split("/"))
        return "/".join(parts)

    @property
    def is_open(self) -> bool:
        return any(self.path == room or self.path.startswith(f"{room}/") for room in OPEN)


def walked(routes: list[Any], prefix: str = "") -> Iterator[Found]:
    """Every route the application matches, however its routers are nested."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from walked(included.routes, prefix + route.include_context.prefix)
            continue
        methods: set[str] | None = getattr(route, "methods", None)
        assert methods, f"{route!r}: a mounted application is not looked into"
        for method in methods - {"HEAD"}:
            yield Found(method, prefix + route.path)


def every(app: FastAPI) -> list[Found]:
    """The routes of the application, those its document names, and the rooms that are no routes."""
    documented = {
        Found(verb.upper(), path) for path, item in app.openapi()["paths"].items() for verb in item
    }  # fmt: skip
    rooms = {Found(verb, f"{room}{{a}}/{{b}}/{{c}}") for room in RAW_ROOMS for verb in VERBS}
    return sorted(documented | rooms | set(walked(app.routes)), key=lambda one: (one.path, one.method))
