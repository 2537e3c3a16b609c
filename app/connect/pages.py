"""The pages a customer sees: HTML with its security headers, and the message for the embedding application."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)

POPUP = "ledgerway-connect"

_POST_RESULT = """
const message = %s;
if (window.opener) { window.opener.postMessage(message, %s); }
else if (window.parent !== window) { window.parent.postMessage(message, %s); }
"""
_RELAY = """
window.addEventListener("message", (event) => {
  if (event.origin === window.location.origin) { window.parent.postMessage(event.data, "*"); }
});
"""


def page(
    template: str,
    *,
    status: int = 200,
    data: dict[str, str] | None = None,
    script: str = "",
    form_targets: Iterable[str] = (),
    frames: Iterable[str] = (),
    **words: Any,
) -> HTMLResponse:
    """One page. `data` becomes `data-*` of the body; forms may lead to `form_targets`; `frames` may embed it."""
    nonce = secrets.token_urlsafe(16)
    html = _TEMPLATES.get_template(template).render(nonce=nonce, data=data or {}, script=script, **words)
    policy = {
        "default-src": "'none'",
        "style-src": f"'nonce-{nonce}'",
        "script-src": f"'nonce-{nonce}'" if script else "'none'",
        # the browser holds redirects after a form post to this list too
        "form-action": " ".join(["'self'", *sorted(set(form_targets))]),
        "frame-ancestors": " ".join(sorted(set(frames))) or "'none'",
        "base-uri": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def post_result(message: dict[str, Any], origin: str | None) -> str:
    """The script that hands the result to the window that opened the page."""
    text = json.dumps(message).replace("<", "\\u003c")
    target = json.dumps(origin or "*")
    return _POST_RESULT % (text, target, target)


def relay() -> str:
    """The script of an embedded page: what its popup says, the page around it hears."""
    return _RELAY
