"""The demo's voice: every step with the curl line that repeats it, and what came back."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table


class StepFailed(Exception):
    """A step did not end as it should; the message says which and why."""


class Transcript:
    """Sends the demo's calls and prints them as curl lines, `$LEDGERWAY_KEY` in place of the key."""

    def __init__(self, console: Console, base: str, key: str) -> None:
        self._console = console
        self._base = base
        self._client = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
        )
        self._step = 0

    def title(self, text: str) -> None:
        self._step += 1
        self._console.print(f"\n[bold cyan]{self._step}.[/] [bold]{escape(text)}[/]")

    def say(self, text: str) -> None:
        self._console.print(f"   {escape(text)}", soft_wrap=True, highlight=False)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        expect: int = 200,
    ) -> httpx.Response:
        """One call; raises StepFailed unless the status is the expected one."""
        request = self._client.build_request(method, path, params=query, json=body)
        self._console.print(f"   [green]$ {escape(_curl(request, body))}[/]", soft_wrap=True, highlight=False)
        answer = self._client.send(request)
        if answer.status_code != expect:
            raise StepFailed(
                f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:600]}"
            )
        return answer

    def table(self, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        grid = Table(*columns, box=None, pad_edge=False, padding=(0, 2), header_style="dim")
        for row in rows:
            grid.add_row(*(escape(cell) for cell in row))
        self._console.print(grid)

    def close(self) -> None:
        self._client.close()


def _curl(request: httpx.Request, body: Any) -> str:
    parts = ["curl -s", "-H", '"Authorization: Bearer $LEDGERWAY_KEY"']
    if request.method != "GET":
        parts += ["-X", request.method]
    if body is not None:
        parts += ["-H", '"Content-Type: application/json"', "-d", shlex.quote(json.dumps(body))]
    return " ".join([*parts, shlex.quote(str(request.url))])
