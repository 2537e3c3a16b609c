"""How far an organisation may automate its books."""

from dataclasses import dataclass

from .call import Refused

PLANS = ("Professional", "Elite", "Ultimate")
"""Plans with workflow rules."""

REFUSALS = {
    "plan": Refused(107053, "Workflow rules are not available in your plan. Upgrade to use them."),
    "scope": Refused(57, "You are not authorized to perform this operation", 401),
}
"""Why the settings of automation may be closed. No recording tells the service's code for a plan."""


@dataclass(slots=True)
class Allowances:
    """The provider's limits; None lifts one.

    `refuses` ("plan", "scope") makes every call to the settings fail for that reason. `retries` are the
    seconds before each further attempt of a webhook that failed: the retry policy, for which no path is known.
    """

    rules: int | None = 200
    rules_per_module: int | None = 10
    webhooks_per_day: int | None = 1000
    refuses: str = ""
    retries: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.refuses not in ("", *REFUSALS):
            raise ValueError(f"refuses is {', '.join(REFUSALS)} or empty")
        for limit in (self.rules, self.rules_per_module, self.webhooks_per_day):
            if limit is not None and (type(limit) is not int or limit < 0):
                raise ValueError("a limit is a whole number or null")
        self.retries = tuple(float(seconds) for seconds in self.retries)

    def refusal(self, plan_name: str) -> Refused | None:
        """Why the settings are closed to an organisation of that plan, if they are."""
        reason = self.refuses or ("" if plan_name in PLANS else "plan")
        return REFUSALS.get(reason)
