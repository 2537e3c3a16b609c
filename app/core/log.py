"""Logs: one JSON object a line on stderr, secrets taken out of all of it, whoever wrote it."""

import atexit
import logging
import queue
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from app.core import json
from app.core.redaction import redact, redacted

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_WAITING = 10_000
_QUIET = ("uvicorn.access",)  # it writes raw queries; `app.core.edge` writes the access log
_NOISY = ("aiosqlite", "asyncio", "alembic", "httpx", "httpcore", "sqlalchemy", "dbos")


class _Drain(logging.Handler):
    """Hands lines to a thread that writes them: a full or stuck stream costs lines, never a request."""

    dropped = 0

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str] = queue.Queue(_WAITING)
        threading.Thread(target=self._write, name="log", daemon=True).start()
        atexit.register(self.flush)

    def line(self, text: str) -> None:
        """Queue one line as it is."""
        try:
            self._lines.put_nowait(text + "\n")
        except queue.Full:
            type(self).dropped += 1

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.line(self.format(record))
        except Exception:  # a log line must not fail the request it tells of
            type(self).dropped += 1

    def flush(self) -> None:
        """Waits, at most a second, until what was handed over is written."""
        end = time.monotonic() + 1.0
        while self._lines.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.002)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._stream.write(line)
                self._stream.flush()
            except (OSError, ValueError):
                type(self).dropped += 1
            finally:
                self._lines.task_done()


_noted: ContextVar[Mapping[str, str]] = ContextVar("noted", default=MappingProxyType({}))


def begin(request_id: str) -> None:
    """A request begins in this task: nothing noted before is of it."""
    _noted.set({"request_id": request_id})


def noted() -> Mapping[str, str]:
    """The ids of the request being answered."""
    return _noted.get()


def note(**ids: str) -> None:
    """Add ids to every further log line of the request being answered."""
    _noted.set({**_noted.get(), **ids})


def access(event: dict[str, Any]) -> None:
    """One line for an answered request. `event` holds no free text, so nothing is searched for secrets."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Drain):
            at = datetime.now(UTC)
            handler.line(json.encode({"at": at, "level": "info", "event": "request", **event}).decode())


def dropped() -> int:
    """Lines that could not be written since the process started."""
    return _Drain.dropped


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers, uvicorn's too, through one formatter."""
    before: list[Processor] = [
        _with_ids,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Drain(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _clean,
                _render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for name in ("uvicorn", "uvicorn.error", *_QUIET):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name not in _QUIET
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, _LEVELS[level]))


def _with_ids(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**_noted.get(), **event}


def _clean(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("color_message", None)  # uvicorn's, for terminals
    return redacted(dict(event))


def _render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    first = {key: event[key] for key in ("at", "level", "event", "logger") if key in event}
    try:
        return json.encode({**first, **event}).decode()
    except (ValueError, TypeError):
        return json.encode({**first, "unprintable": redact(ascii(event))}).decode()
