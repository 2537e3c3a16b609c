"""The gateway: runs flows and forwards native calls."""

from typing import TypeVar

from app.accounts.service import Account
from app.gateway.runs import Allowance, Lane, Meter, RawAnswer, RawCall, Run
from connectors.kit.auth import DataCenter, Form
from connectors.kit.connector import Connector, Organization
from connectors.kit.http import Flow, Json

__all__ = ["Allowance", "Gateway", "Lane", "Meter", "RawAnswer", "RawCall", "Run"]

T = TypeVar("T")


class Gateway:
    """Performs what connectors describe. Faults nobody caught come out as `Problem`."""

    async def perform(self, run: Run, flow: Flow[T]) -> T:
        """The flow's result. Rejected and Conflict pass through; uncaught faults are raised as Problem."""
        raise NotImplementedError

    async def forward(self, run: Run, call: RawCall) -> RawAnswer:
        """The provider's answer to a native call, whatever its status. Problem when there was none."""
        raise NotImplementedError

    async def exchange(self, form: Form) -> tuple[int, Json]:
        """Post a form to an accounts server: (status, decoded JSON or None). Fault without an answer."""
        raise NotImplementedError

    async def organizations(
        self, connector: Connector, data_center: DataCenter, access_token: str
    ) -> tuple[Organization, ...]:
        """What a token reaches, before any account exists. Faults pass through."""
        raise NotImplementedError

    async def refresh(self, account: Account) -> None:
        """Renew the account's token now (`/integrated-account/refresh-credentials`). Problem when refused."""
        raise NotImplementedError

    def allowance(self, account: Account) -> Allowance | None:
        """The tightest budget as this process knows it, for `ratelimit-*`; None before the first call."""
        raise NotImplementedError

    async def start(self) -> None:
        """Begin background work (call log, proactive refresh). Needs a running loop."""
        raise NotImplementedError

    async def close(self) -> None:
        """Write what is buffered, end background work, close connections."""
        raise NotImplementedError
