"""Zoho's OAuth dialect: eight data centres, form posts, errors inside HTTP 200."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from connectors.kit.auth import Client, DataCenter, Form, OAuth, Refusal, Token, TokenRefused
from connectors.zoho_books.scopes import SCOPES, grants

_TLD = {
    "us": "com",
    "eu": "eu",
    "in": "in",
    "au": "com.au",
    "jp": "jp",
    "cn": "com.cn",
    "sa": "sa",
}


def _center(location: str, accounts: str, api: str, books: str) -> DataCenter:
    return DataCenter(
        location, f"https://accounts.{accounts}", f"https://www.{api}", f"https://books.{books}"
    )


DATA_CENTERS: Mapping[str, DataCenter] = {
    **{at: _center(at, f"zoho.{tld}", f"zohoapis.{tld}", f"zoho.{tld}") for at, tld in _TLD.items()},
    # Canada alone has another domain for its accounts and pages than for its API.
    "ca": _center("ca", "zohocloud.ca", "zohoapis.ca", "zohocloud.ca"),
}

HOSTS = (
    *(host for tld in _TLD.values() for host in (f"zoho.{tld}", f"zohoapis.{tld}")),
    "zohocloud.ca",
    "zohoapis.ca",
    # Named on Zoho's accounts pages, not yet on the Books page: possible as additional data centres.
    "zoho.uk",
    "zohoapis.uk",
    "zoho.ae",
    "zohoapis.ae",
)

_WORDS: Mapping[str, Refusal] = {
    "invalid_code": Refusal.PERMANENT,
    "invalid_grant": Refusal.PERMANENT,
    "invalid_token": Refusal.PERMANENT,
    "unauthorized_client": Refusal.PERMANENT,
    "invalid_client": Refusal.CONFIG,
    "invalid_client_secret": Refusal.CONFIG,
    "invalid_redirect_uri": Refusal.CONFIG,
    "access denied": Refusal.THROTTLE,
    "access_denied": Refusal.THROTTLE,
}

_DEFAULT_LIFE = 3600
_DAY = 86_400


def authorize_url(
    center: DataCenter, client_id: str, redirect_uri: str, scopes: tuple[str, ...], state: str, challenge: str
) -> str:
    """Where the browser goes. Without `prompt=consent` a second consent yields no refresh token."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "scope": ",".join(scopes),
        "redirect_uri": redirect_uri,
        "access_type": "offline",
        "prompt": "consent",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{center.accounts}/oauth/v2/auth?{urlencode(query, quote_via=quote)}"


def exchange(center: DataCenter, client: Client, redirect_uri: str, code: str, verifier: str) -> Form:
    return _token_form(
        center,
        client,
        ("grant_type", "authorization_code"),
        ("redirect_uri", redirect_uri),
        ("code", code),
        ("code_verifier", verifier),
    )


def refresh(center: DataCenter, client: Client, refresh_token: str) -> Form:
    return _token_form(center, client, ("grant_type", "refresh_token"), ("refresh_token", refresh_token))


def revoke(center: DataCenter, client: Client, token: str) -> tuple[Form, ...]:
    """Zoho names the token alone; it asks for no client.

    It documents the query. Whether it reads a form is not known, but worth a try: URLs end up in logs.
    """
    form = Form(f"{center.accounts}/oauth/v2/token/revoke", (("token", token),))
    return form, replace(form, in_query=True)


def revoked(status: int, body: Any) -> bool:
    """Zoho says so in a word; an error may stand inside HTTP 200."""
    word = body.get("status") if isinstance(body, dict) else None
    return 200 <= status < 300 and isinstance(word, str) and word.strip().casefold() == "success"


def _token_form(center: DataCenter, client: Client, *fields: tuple[str, str]) -> Form:
    secrets = (("client_id", client.id), ("client_secret", client.secret))
    return Form(f"{center.accounts}/oauth/v2/token", (*fields, *secrets))


def read(status: int, body: Any) -> Token | TokenRefused:
    """A token answer. The word in `error` decides before the HTTP status, which Zoho leaves at 200.

    A word nobody knows means waiting, never a lost connection.
    """
    if status >= 500 or not isinstance(body, dict):
        refusal = Refusal.THROTTLE if status == 429 else Refusal.TRANSIENT
        return TokenRefused(refusal, f"http_{status}")
    if status == 429 or _too_many(body):
        return TokenRefused(Refusal.THROTTLE, _word(body) or f"http_{status}")
    word = _word(body)
    if word:
        return TokenRefused(_WORDS.get(word.casefold(), Refusal.THROTTLE), word)
    if status >= 400:
        return TokenRefused(Refusal.THROTTLE, f"http_{status}")
    return _token(body) or TokenRefused(Refusal.TRANSIENT, "no_access_token")


def _token(body: dict[str, Any]) -> Token | None:
    access, refreshed, domain = (body.get(name) for name in ("access_token", "refresh_token", "api_domain"))
    if not isinstance(access, str) or not access:
        return None
    scope = body.get("scope")
    return Token(
        access_token=access,
        expires_in=_life(body),
        refresh_token=refreshed if isinstance(refreshed, str) and refreshed else None,
        scopes=tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else (),
        api_domain=domain if isinstance(domain, str) and domain else None,
    )


def _life(body: dict[str, Any]) -> int:
    """Seconds. Where `expires_in_sec` stands beside it, `expires_in` is in milliseconds."""
    seconds = _whole(body.get("expires_in_sec"))
    if seconds is None:
        seconds = _whole(body.get("expires_in"))
        if seconds is not None and seconds > _DAY:
            seconds //= 1000
    return seconds if seconds is not None and 0 < seconds <= _DAY else _DEFAULT_LIFE


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and abs(value.adjusted()) < 20 else None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return None


def _word(body: dict[str, Any]) -> str:
    found = body.get("error")
    return found.strip()[:80] if isinstance(found, str) else "unreadable_error" if found else ""


def _too_many(body: dict[str, Any]) -> bool:
    texts = (body.get(name) for name in ("error", "error_description", "message"))
    return any("too many requests" in text.casefold() for text in texts if isinstance(text, str))


def authorization(access_token: str) -> str:
    return f"Zoho-oauthtoken {access_token}"


OAUTH = OAuth(
    data_centers=DATA_CENTERS,
    hosts=HOSTS,
    scopes=SCOPES,
    grants=grants,
    authorize_url=authorize_url,
    exchange=exchange,
    refresh=refresh,
    revoke=revoke,
    revoked=revoked,
    read=read,
    authorization=authorization,
    refresh_limit=(10, 600),
    grants_per_user=20,
    grants_warned=15,
    starts_a_minute=4,
)
