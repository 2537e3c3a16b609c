"""Data keys wrapped by a Vault-compatible transit engine: the wrapping key never leaves that service.

The transit key must be `derived`: its context binds a wrapped key to its row, and rewrapping happens there.
"""

import asyncio
import base64
import hashlib
import time
from pathlib import Path
from typing import Any

from structlog.stdlib import get_logger

from app.core import json
from app.core.http import Door, Outgoing
from app.core.secrets.envelope import KEY_SIZE
from app.core.secrets.failures import Reason, SecretUnavailable
from app.core.secrets.wrapping import WrappedKey
from connectors.kit.faults import Fault

_SECONDS = 2.0  # for one operation, repeats included
_PAUSE = 0.2
_AT_ONCE = 8
_log = get_logger("ledgerway.keys")


class TransitWrapper:
    """Wraps with the key `name` of the transit engine at `mount`. The token is read anew for each call, so that
    an agent may replace it. A wrapped key is the service's own text."""

    provider = "vault-transit"

    def __init__(self, door: Door, address: str, token_file: Path, mount: str, name: str) -> None:
        self._door = door
        self._base = f"{address}/v1/{mount}"
        self._token_file = token_file
        self._mount = mount
        self._name = name
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def current(self) -> str:
        return self._key_id(int((await self._key())["latest_version"]))

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        return self._wrapped(
            await self._call(
                "POST",
                f"encrypt/{self._name}",
                plaintext=base64.b64encode(key).decode(),
                context=_text(context),
            )
        )

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        data = await self._call(
            "POST", f"decrypt/{self._name}", ciphertext=wrapped.blob.decode(), context=_text(context)
        )
        key = base64.b64decode(data["plaintext"])
        if len(key) != KEY_SIZE:
            raise SecretUnavailable(Reason.CORRUPT)
        return key

    async def rewrap(self, wrapped: WrappedKey, context: bytes) -> WrappedKey:
        return self._wrapped(
            await self._call(
                "POST", f"rewrap/{self._name}", ciphertext=wrapped.blob.decode(), context=_text(context)
            )
        )

    async def health(self) -> None:
        if not (await self._key()).get("derived"):
            _log.error("transit_key_not_derived", key=self._name)
            raise SecretUnavailable(Reason.SERVICE)

    async def _key(self) -> dict[str, Any]:
        return await self._call("GET", f"keys/{self._name}")

    def _wrapped(self, data: dict[str, Any]) -> WrappedKey:
        text = str(data["ciphertext"])
        version = int(text.split(":")[1].removeprefix("v"))
        return WrappedKey(self.provider, self._key_id(version), text.encode())

    def _key_id(self, version: int) -> str:
        return f"{self._mount}/{self._name}:v{version}"

    async def _call(self, method: str, path: str, **body: str) -> dict[str, Any]:
        """The `data` of the answer. Connection failures and 5xx are repeated while there is time."""
        until = time.monotonic() + _SECONDS
        token = self._token()
        call = Outgoing(
            method,
            f"{self._base}/{path}",
            (("Content-Type", "application/json"), ("X-Vault-Token", token), ("X-Vault-Request", "true")),
            json.encode(body) if body else None,
        )
        async with self._slots:
            while True:
                try:
                    answer = await self._door.fetch(call, seconds=until - time.monotonic(), limit=1 << 20)
                except Fault as fault:
                    told = fault.kind.value
                else:
                    if answer.status == 200:
                        return json.decode(answer.content)["data"]
                    if answer.status == 400:  # another context or key than it was made with
                        raise SecretUnavailable(Reason.CORRUPT)
                    told = f"status {answer.status}"
                    if answer.status in (403, 404):
                        break
                if time.monotonic() + _PAUSE >= until:
                    break
                await asyncio.sleep(_PAUSE)
        _log.warning("key_service_unavailable", why=told)
        raise SecretUnavailable(Reason.SERVICE)

    def _token(self) -> str:
        try:
            return self._token_file.read_text().strip()
        except OSError as error:
            _log.error("key_service_token_unreadable", why=error.strerror)
            raise SecretUnavailable(Reason.SERVICE) from None


def _text(context: bytes) -> str:
    return base64.b64encode(hashlib.sha256(context).digest()).decode()
