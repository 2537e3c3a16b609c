"""What an operator sets: environment variables that start with LEDGERWAY_."""

import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.rates import Rate, read_rate

PREFIX = "LEDGERWAY_"
DEFAULT_DATABASE = "sqlite:///./data/ledgerway.db"
_LOOPBACK = ("127.0.0.0/8", "::1/128")


class SettingsError(Exception):
    """A setting is missing or wrong. The message names the variable, never a secret value."""


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, no port) can only mean this machine."""
    name = host.strip("[]").casefold()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """`url` reduced to scheme, host and port; ValueError when it is more or less than an http(s) origin."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an http or https URL")
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError("has more than a scheme, a host and a port")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(part for part in (piece.strip() for piece in value.replace("\n", ",").split(",")) if part)


def _public_url(value: str) -> str:
    parts = urlsplit(value.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http or https URL without query")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password")
    return value.strip().rstrip("/")


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for number, value in enumerate(values, 1):
        try:
            ip_network(value, strict=False)
        except ValueError:
            raise ValueError(f"entry {number} is not a network such as 10.0.0.0/8") from None
    return values


def _stores(values: tuple[str, ...]) -> tuple[str, ...]:
    for number, value in enumerate(values, 1):
        if not _STORE.fullmatch(value):
            raise ValueError(f"entry {number} is not the URL of a store such as s3://bucket/prefix")
    return tuple(value.rstrip("/") for value in values)


def _service(value: str | None) -> str | None:
    if value is None:
        return None
    origin = origin_of(value)
    if origin.startswith("http:") and not is_loopback(urlsplit(origin).hostname or ""):
        raise ValueError("must be https")
    return origin


_STORE = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9][A-Za-z0-9._/-]*")
_VAULT_NAME = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"

Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """The gateway's own settings; a connector's are read by `connector_settings`.

    database_url  sqlite:///file, postgres:// or postgresql://, driver suffix optional
    return_urls   when not empty, the only URLs a connect flow may return to
    egress_allow  CIDRs that webhooks and databases of customers may be reached in although they are private
    export_folder  where sync jobs may put files, each below a path of its own; none unless set
    export_stores  URLs of object stores (s3://bucket/prefix) below which sync jobs may put files
    trusted_proxies  CIDRs of reverse proxies whose X-Forwarded-For names the caller; nobody is believed otherwise
    key_in_flight    requests of one key that a process answers at a time
    key_rate, account_rate  requests of one key, and of all keys for one account: 500/10 is 500 in 10 seconds
    worker        whether this process does background work
    vault_…       a Vault-compatible transit engine that wraps data keys instead of the key ring: where it is, the
                  file its token is in, its mount and the name of the key (made with `derived=true`)
    access_log    whether each request is logged
    require_idempotency_key  whether writes of records, unified or raw, without one are refused
    write_settle_seconds  for so long after a lost answer a write is looked for before it is sent again
    clock_factor  development only: leases and waits of writes are so many times as long
    log_days      how long entries of the call log are kept
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    mode: Literal["development", "production"] = "development"
    database_url: SecretStr = SecretStr(DEFAULT_DATABASE)  # it may carry a password
    public_url: Annotated[str, AfterValidator(_public_url)] = "http://127.0.0.1:8080"
    keyring_file: Path = Path("data/keyring.json")
    return_urls: Listed = ()
    egress_allow: Annotated[Listed, AfterValidator(_networks)] = ()
    export_folder: Path | None = None
    export_stores: Annotated[Listed, AfterValidator(_stores)] = ()
    trusted_proxies: Annotated[Listed, AfterValidator(_networks)] = ()
    key_in_flight: int = Field(default=64, ge=1, le=100_000)
    key_rate: Annotated[Rate | None, NoDecode, BeforeValidator(read_rate)] = Rate(500, 10)
    account_rate: Annotated[Rate | None, NoDecode, BeforeValidator(read_rate)] = Rate(50, 10)
    metrics_token: SecretStr | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: bool = True
    log_days: int = Field(default=30, ge=1, le=3650)
    worker: bool = True
    require_idempotency_key: bool = False
    write_settle_seconds: float = Field(default=180.0, ge=60.0, le=86_400.0)
    clock_factor: float = Field(default=1.0, gt=0.0, le=1.0)
    body_limit: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    proxy_body_limit: int = Field(default=25_000_000, ge=1_000, le=1_000_000_000)
    vault_address: Annotated[str | None, AfterValidator(_service)] = None
    vault_token_file: Path | None = None
    vault_mount: str = Field(default="transit", pattern=_VAULT_NAME)
    vault_key: str = Field(default="ledgerway", pattern=_VAULT_NAME)

    @model_validator(mode="after")
    def _vault_has_a_token(self) -> Self:
        if self.vault_address is not None and self.vault_token_file is None:
            raise ValueError(f"{PREFIX}VAULT_ADDRESS needs {PREFIX}VAULT_TOKEN_FILE")
        return self

    @model_validator(mode="after")
    def _real_time(self) -> Self:
        if self.clock_factor != 1.0 and not self.development:
            raise ValueError(f"{PREFIX}CLOCK_FACTOR is for development: production keeps real time")
        return self

    @property
    def development(self) -> bool:
        return self.mode == "development"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https, so that cookies may say so."""
        return self.public_url.startswith("https:")

    @cached_property
    def egress_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """What operators opened; in development this machine too."""
        opened = (*self.egress_allow, *(_LOOPBACK if self.development else ()))
        return tuple(ip_network(value, strict=False) for value in opened)


def load_settings(**given: Any) -> Settings:
    """Settings from the environment, `given` on top. SettingsError instead of pydantic's own."""
    try:
        return Settings(**given)
    except ValidationError as error:
        told = "; ".join(
            f"{PREFIX}{'_'.join(str(part) for part in one['loc']).upper()}: {one['msg']}"
            for one in error.errors()
        )
        raise SettingsError(told) from None
