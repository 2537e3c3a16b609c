"""The account a request is for."""

from fastapi import Request

from app.accounts.service import Account, Accounts
from app.core.auth import Principal
from app.core.rates import Rates
from app.gateway.engine import Gateway


async def named(request: Request, principal: Principal, account_id: str, *, awake: bool = True) -> Account:
    """The account, if `awake` ready to be called; the answer will tell what is left of its limits.

    Problem as of `Accounts.usable`; rate_limited when it was named too often.
    """
    state = request.app.state
    accounts: Accounts = state.accounts
    account = await (accounts.usable if awake else accounts.visible)(principal, account_id)
    rates: Rates = state.rates
    gateway: Gateway = state.gateway
    rates.account(request.scope, account.id, lambda: gateway.allowance(account))
    return account
