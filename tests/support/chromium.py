"""A real browser for tests: headless Chromium, spoken to over a pipe in its debugging protocol."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PATIENCE = 30.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


def binary() -> str | None:
    """Where Chromium is; None where there is none."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


class Tab:
    """One window of a browser of its own. `width` × `height` are CSS pixels."""

    def __init__(self, profile: Path, *, width: int = 390, height: int = 844) -> None:
        program = binary()
        assert program is not None
        commands, self._commands = os.pipe()
        self._events, events = os.pipe()

        def wire() -> None:  # the browser reads file 3 and writes file 4
            # both may be 3 or 4 themselves: move them out of the way first
            reads, writes = os.dup2(commands, 103), os.dup2(events, 104)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self._process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(events)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        targets = self.ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")
        self.resize(width, height)

    def close(self) -> None:
        with contextlib.suppress(OSError, AssertionError):
            session, self._session = self._session, None
            if session is not None:
                self.ask("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._commands)
        os.close(self._events)

    def __enter__(self) -> "Tab":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _PATIENCE
        while True:
            said = self._next(end)
            if said.get("id") == self._number:
                assert "error" not in said, f"{method}: {said['error']}"
                return said["result"]

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def without_scripts(self) -> None:
        """From the next page on, no page runs scripts of its own."""
        self.ask("Emulation.setScriptExecutionDisabled", value=True)

    def open(self, url: str) -> None:
        self.ask("Page.navigate", url=url)
        self.until(lambda: self.look("document.readyState") == "complete" and self.url != "about:blank")

    @property
    def url(self) -> str:
        return str(self.look("location.href"))

    def look(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def key(self, key: str, *, code: int, text: str = "") -> None:
        """Press one key, as a hand on a keyboard."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **typed)

    def tap(self, selector: str) -> None:
        """Click the middle of an element, wherever it is on the page."""
        place = self.look(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent",
                type=kind, x=place[0], y=place[1], button="left", clickCount=1,
            )  # fmt: skip

    def leave(self, act: Callable[[], None]) -> None:
        """Do something that leads to another page, and wait until that page is complete."""
        self.look("window.__before = true")
        act()
        self.until(lambda: self.look("!window.__before && document.readyState") == "complete")

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(AssertionError):  # between two pages there is nothing to ask
                if holds():
                    return
            time.sleep(0.05)
        raise AssertionError(f"waited in vain at {self.url}")

    def picture(self, path: Path) -> None:
        """A picture of the whole page."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def named(self) -> list[tuple[str, str]]:
        """(role, name) of everything a screen reader would tell of, in order."""
        self.ask("Accessibility.enable")
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        told = [node for node in nodes if not node.get("ignored")]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in told]

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            ready, _, _ = select.select([self._events], [], [], max(0.0, left))
            assert ready, "the browser does not answer"
            part = os.read(self._events, 1 << 20)
            assert part, "the browser is gone"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)
