"""The raw door: what an unmodified Zoho client may say, and what stays inside one organisation."""

import re
from typing import Any
from urllib.parse import unquote

from connectors.kit.connector import Native

_OWN = frozenset({"user", "address"})
"""Collections below /organizations that speak of the organisation the query names."""

_DECODINGS = 3

_ELSEWHERE = re.compile(r"/(?!organizations)[a-z_]+(?:/[A-Za-z0-9_-]+)*\Z")
"""A path that begins with another collection and has nothing in it that could be read as anything else."""


def refuse(method: str, path: str, organization_id: str) -> str | None:
    """Why a call would leave the organisation, or None. `path` is the part below /books/v3."""
    if _ELSEWHERE.match(path):
        return None
    segments = [_plain(segment) for segment in path.split("?")[0].split("/")]
    segments = [segment for segment in segments if segment not in ("", ".")]
    if ".." in segments:
        return "the path leaves its place"
    if not segments or segments[0] != "organizations":
        return None
    if len(segments) == 1:
        if method.upper() in ("GET", "HEAD", "OPTIONS"):
            return None
        return "organisations are not created through a connected organisation"
    if segments[1] == organization_id.casefold() or segments[1] in _OWN:
        return None
    return "another organisation than the connected one"


def _plain(segment: str) -> str:
    """A segment as a lenient server might read it: decoded, without parameters, case and blanks."""
    for _ in range(_DECODINGS if "%" in segment else 0):
        segment = unquote(segment)
    return segment.partition(";")[0].strip().casefold().removesuffix(".json")


def _token_answer(access_token: str, api_domain: str, expires_in: int) -> dict[str, Any]:
    return {
        "access_token": access_token,
        "scope": "ZohoBooks.fullaccess.all",
        "api_domain": api_domain,
        "token_type": "Bearer",
        "expires_in": expires_in,
    }


NATIVE = Native(
    prefix="/books/v3",
    organization=lambda organization_id: (("organization_id", organization_id),),
    reserved_query=("organization_id",),
    dropped_headers=("x-com-zoho-*-organizationid",),
    refuse=refuse,
    schemes=("zoho-oauthtoken", "bearer"),
    key_query=("authtoken",),
    token_path="oauth/v2/token",  # noqa: S106 — a path, not a secret
    token_answer=_token_answer,
    token_error=lambda _: {"error": "invalid_code"},  # what Zoho says to every refresh token it will not take
)
