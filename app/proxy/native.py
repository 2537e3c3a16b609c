"""How an unmodified client of a provider finds us: its own credentials header and its own token endpoint."""

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from app.core import json
from app.core.errors import Problem
from app.keys.access import authenticated_by
from app.keys.audit import actor_of
from connectors.kit.connector import Connector

TOKEN_LIFE = 900
_NO_STORE = {"Cache-Control": "no-store"}


def connector_of(connectors: Sequence[Connector], slug: str) -> Connector:
    """The connector an address names, by slug or alias. Problem not_found."""
    for connector in connectors:
        if slug == connector.slug or slug in connector.aliases:
            return connector
    raise Problem("not_found", "There is nothing at this address.")


def secret_of(request: Request, connector: Connector) -> str:
    """The gateway key, wherever this provider's clients put their token. Problem unauthenticated."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() in connector.native.schemes and secret.strip():
        return secret.strip()
    for name in connector.native.key_query:
        if value := request.query_params.get(name):
            return value
    raise Problem(
        "unauthenticated",
        f"Send the API key as Authorization with one of the schemes {', '.join(connector.native.schemes)}.",
    )


async def token_answer(request: Request, connector: Connector, account_id: str) -> Response:
    """The provider's token endpoint, played with gateway keys: the key stands where the refresh token does.

    Answers a 15-minute token for this one account, in the provider's shape; refusals in its shape too.
    """
    state = request.app.state
    if request.method != "POST":
        raise Problem("method_not_allowed", "The token endpoint takes POST.", headers={"Allow": "POST"})
    try:
        principal = await authenticated_by(request, await _key(request))
        account = await state.accounts.usable(principal, account_id)
        if account.connector is not connector:
            raise Problem("not_found")
    except Problem as refused:
        if refused.status >= 500 or refused.status == 429:
            raise
        body = connector.native.token_error(refused.code)
    else:
        domain = f"{state.settings.public_url}/native/{connector.slug}/{account_id}"
        token = await state.access.issue(principal, account_id, actor_of(request, principal))
        body = connector.native.token_answer(token, domain, TOKEN_LIFE)
    return Response(json.encode(body), media_type="application/json;charset=UTF-8", headers=_NO_STORE)


async def _key(request: Request) -> str:
    """`refresh_token` of the form or query, or the password of HTTP Basic. Problem unauthenticated."""
    pairs = dict(parse_qsl((await request.body()).decode("latin-1")))
    given = pairs.get("refresh_token") or request.query_params.get("refresh_token")
    if given:
        return given
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() == "basic":
        try:
            return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            pass
    raise Problem("unauthenticated")
