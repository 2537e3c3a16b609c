"""A provider's webhooks: how one is recognised, what it speaks of, and how to have them sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.kit.http import Flow, Pairs


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a provider, as it came. Names of headers are in lower case, `query` is decoded."""

    query: Pairs
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Mention:
    """What a hook speaks of: a record of the native collection at `path`, or, without `id`, some record of it."""

    path: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Hooks to be had. `mark` tells ours from everybody else's; `paths` are native collections."""

    url: str
    secret: str
    mark: str
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a provider can tell by itself, as tables and pure functions.

    paths         native collections it can be asked to tell of
    is_signed     (delivery, secret) → whether the signature is right; compares in constant time
    mentions      delivery → what it speaks of; nothing where that cannot be made out
    install       has exactly the wanted hooks sent, repairing what it finds of ours:
                  path → None, or why the provider refuses, or cannot be understood. Faults that may pass come out
    remove        (mark, paths that stay) takes ours back; what is gone already is no fault
    instructions  (url, paths) → what a person has to do instead, step by step, without the secret
    """

    paths: frozenset[str]
    is_signed: Callable[[Delivery, str], bool]
    mentions: Callable[[Delivery], tuple[Mention, ...]]
    install: Callable[[Wanted], Flow[Mapping[str, str | None]]]
    remove: Callable[[str, frozenset[str]], Flow[None]]
    instructions: Callable[[str, Sequence[str]], tuple[str, ...]]
