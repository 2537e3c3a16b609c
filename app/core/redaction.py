"""Takes secrets out of text on its way to a log."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[secret]"

_NAMES = (
    r"code|refresh_token|access_token|client_secret|client_assertion|code_verifier|state|authtoken|link_token"
    r"|integrated_account_token|password|token|secret|csrf"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b1000\.[0-9a-fA-F]{32}\.[0-9a-fA-F]{32}\b"), HIDDEN),
    (re.compile(r"\b(lw_(?:live|test)_[0-9A-Za-z]{4,12}_)[0-9A-Za-z]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(lw[tl]_|whsec_|inb_)[0-9A-Za-z_\-.]{16,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic|[a-z]+-oauthtoken)\s+[^\s\"',;\[]{6,}"), rf"\1 {HIDDEN}"),
    # name=value in queries, forms and messages; "name": "value" and 'name': 'value' in bodies and reprs
    (re.compile(rf"(?i)(?<![\w-])({_NAMES})=(?!\[secret\])[^&\s\"'<>]+"), rf"\1={HIDDEN}"),
    (re.compile(rf"(?i)([\"'](?:{_NAMES})[\"']\s*:\s*)([\"'])(?:(?!\2).)+\2"), rf"\1\2{HIDDEN}\2"),
    (re.compile(r"(/connect/)[0-9A-Za-z_\-]{16,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\b([a-z][a-z0-9+]*://[^\s:/@\"']*):[^\s@/\"']+@"), rf"\1:{HIDDEN}@"),
)
_KEYS = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "password", "secret"),
        *("client_secret", "refresh_token", "access_token", "token", "code_verifier", "authtoken", "csrf"),
        *("link_token", "integrated_account_token"),
    }
)


def redact(text: str) -> str:
    """`text` with every pattern of a credential replaced."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redacted(value: Any, depth: int = 6) -> Any:
    """`value` as plain data for a log: texts redacted, members named like a credential hidden."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if depth and isinstance(value, Mapping):
        return {
            redact(str(key)): HIDDEN if str(key).lower() in _KEYS and member else redacted(member, depth - 1)
            for key, member in value.items()
        }
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [redacted(item, depth - 1) for item in value]
    return redact(str(value))
