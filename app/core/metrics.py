"""What this process counts, for Prometheus."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
"""Rooms register their own metrics here, with the prefix `ledgerway_`."""

_REQUESTS = Counter(
    "ledgerway_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
_SECONDS = Histogram(
    "ledgerway_request_seconds",
    "Time to answer a request.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
_DROPPED = Gauge("ledgerway_log_lines_dropped", "Log lines that could not be written.", registry=REGISTRY)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request. `route` is a template, so that the label set stays small."""
    requests, durations = _counted(method if method in _METHODS else "other", route, status)
    requests.inc()
    durations.observe(seconds)


@cache
def _counted(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Finding a child by its labels costs more than counting on it."""
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(route)


def exposition(dropped_lines: int) -> bytes:
    """Everything registered, in Prometheus' text format."""
    _DROPPED.set(dropped_lines)
    return generate_latest(REGISTRY)
