"""Which key wrapper this installation uses."""

from collections.abc import Awaitable, Callable

from app.core.http import Door
from app.core.secrets import KeyWrapper, LocalWrapper, Ring
from app.core.secrets.transit import TransitWrapper
from app.core.secrets.wrapping import Wrappers
from app.core.settings import Settings


def open_wrapper(settings: Settings, ring: Ring) -> tuple[KeyWrapper, Callable[[], Awaitable[None]]]:
    """The wrapper, and what to await at the end.

    With a transit key set, new data keys are wrapped by that service and those of the ring still open; without
    one, the ring wraps.
    """
    local = LocalWrapper(ring)
    if settings.vault_address is None:
        return local, _nothing
    assert settings.vault_token_file is not None
    door = Door([settings.vault_address], connections=8)
    transit = TransitWrapper(
        door, settings.vault_address, settings.vault_token_file, settings.vault_mount, settings.vault_key
    )
    return Wrappers(transit, local), door.close


async def _nothing() -> None:
    return
