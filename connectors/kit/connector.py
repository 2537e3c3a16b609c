"""A connector: one value that says everything the gateway needs to know about a provider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.auth import OAuth
from connectors.kit.faults import Fault
from connectors.kit.guarding import Guard
from connectors.kit.hooks import Hooks
from connectors.kit.http import Flow, Pairs, Reply
from connectors.kit.limits import Budget
from connectors.kit.resource import Resource
from connectors.kit.upserting import Upsert


@dataclass(frozen=True, slots=True)
class Organization:
    """One company a grant can reach, as the provider tells it."""

    id: str
    name: str
    plan: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    country_code: str | None = None
    is_default: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Native:
    """The raw door: how an unmodified client of the provider reaches its API through the gateway.

    prefix            the API's path below the host ("/books/v3")
    organization      → pairs added to every query of an organisation's calls
    reserved_query    query names only the gateway sets; equal to the account's value they are tolerated
    dropped_headers   patterns (fnmatch, lower case) of request headers that never cross
    refuse            (method, path below prefix, organisation id) → reason it is 403, or None
    schemes           Authorization schemes a native client may carry the gateway key in, lower case
    key_query         query names a native client may carry the key in
    token_path        path below /native/{slug}/{account} where native clients ask for a token
    token_answer      (access token, api domain, expires_in) → body of that answer
    token_error       (our error code) → body of a refused token request
    """

    prefix: str
    organization: Callable[[str], Pairs]
    reserved_query: tuple[str, ...]
    dropped_headers: tuple[str, ...]
    refuse: Callable[[str, str, str], str | None]
    schemes: tuple[str, ...]
    key_query: tuple[str, ...]
    token_path: str
    token_answer: Callable[[str, str, int], dict[str, Any]]
    token_error: Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Connector:
    """`name` is the folder, `slug` what answers say, `aliases` what requests may also say.

    `judge` turns an answer into a Fault, or None when it is good; `is_good` sees of the most usual bodies, from their
    first bytes, that they tell of no fault. `organizations` lists what a grant reaches; its requests are sent without
    an organisation. `consenter`, asked in one of them, tells what the user behind a grant has alone, None when the
    answer does not say. `resources` is keyed (model, resource). `guard` is asked before every write of the unified API;
    `upsert` makes creates name themselves, for accounts that have it on.
    `hooks` are the provider's own webhooks.
    """

    name: str
    slug: str
    label: str
    settings_prefix: str
    auth: OAuth
    budget: Budget
    judge: Callable[[Reply], Fault | None]
    is_good: Callable[[bytes], bool]
    organizations: Callable[[], Flow[tuple[Organization, ...]]]
    native: Native
    resources: Mapping[tuple[str, str], Resource]
    aliases: tuple[str, ...] = ()
    guard: Guard | None = None
    upsert: Upsert | None = None
    consenter: Callable[[], Flow[str | None]] | None = None
    hooks: Hooks | None = None
