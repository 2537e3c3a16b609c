"""OAuth as data: where a provider's doors are, what to post there, and what its answers mean.

Nothing here is sent by the connector: `Form` values go to `app.gateway` and `app.connect`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import eq
from typing import Any

from connectors.kit.http import Pairs


@dataclass(frozen=True, slots=True)
class DataCenter:
    """One region of the provider. `accounts` and `api` are origins without path or trailing slash."""

    location: str
    accounts: str
    api: str
    web: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """The OAuth client registered at the provider for one data centre."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form post to the accounts server: `url` is absolute, secrets are only ever in `fields`.

    `in_query`: the fields go into the URL instead of the body.
    """

    url: str
    fields: Pairs
    headers: Pairs = ()
    in_query: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A token answer. `expires_in` is seconds; `refresh_token` is absent on a refresh that does not rotate."""

    access_token: str
    expires_in: int
    refresh_token: str | None
    scopes: tuple[str, ...]
    api_domain: str | None


class Refusal(StrEnum):
    """What a refused token request means. Unknown words are THROTTLE: wait, never disconnect."""

    PERMANENT = "permanent"  # this grant is dead: the customer reconnects
    CONFIG = "config"  # our client is wrong: alarm, accounts untouched
    THROTTLE = "throttle"  # wait for the window to pass
    TRANSIENT = "transient"  # try again with backoff


@dataclass(frozen=True, slots=True)
class TokenRefused:
    refusal: Refusal
    error: str


@dataclass(frozen=True, slots=True)
class OAuth:
    """A provider's OAuth dialect as pure functions and tables.

    data_centers     location → DataCenter, first is where a connection starts
    hosts            suffixes an additional https data centre must match in production
    scopes           unified scope → the provider's scopes; "*" is what a link asks for by default
    authorize_url    (dc, client_id, redirect_uri, scopes, state, code_challenge) → URL
    exchange         (dc, client, redirect_uri, code, code_verifier) → Form
    refresh          (dc, client, refresh_token) → Form
    revoke           (dc, client, token) → Forms to post, one after the other until one is accepted
    revoked          (status, decoded JSON or None) → whether the token ended by that
    read             (status, decoded JSON or None) → Token or TokenRefused
    authorization    access token → value of the Authorization header
    refresh_limit    token calls allowed per refresh token and window, window seconds
    grants_per_user  refresh tokens of one user the provider keeps alive; one more ends the oldest
    grants_warned    so many of one user are worth a warning
    starts_a_minute  sign-ins of one person a minute the provider bears
    grants           (scope held, scope wanted) → whether the first allows what the second does
    """

    data_centers: Mapping[str, DataCenter]
    hosts: tuple[str, ...]
    scopes: Mapping[str, tuple[str, ...]]
    authorize_url: Callable[[DataCenter, str, str, tuple[str, ...], str, str], str]
    exchange: Callable[[DataCenter, Client, str, str, str], Form]
    refresh: Callable[[DataCenter, Client, str], Form]
    revoke: Callable[[DataCenter, Client, str], tuple[Form, ...]]
    revoked: Callable[[int, Any], bool]
    read: Callable[[int, Any], Token | TokenRefused]
    authorization: Callable[[str], str]
    refresh_limit: tuple[int, int]
    grants_per_user: int
    grants_warned: int
    starts_a_minute: int
    grants: Callable[[str, str], bool] = eq
