"""Why a connect flow stops, and what the page then tells the customer to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """`status` of the page, its heading, what happened and what to do; `again` offers another try.

    `error_type` is the word handed to the embedding application.
    """

    status: int
    title: str
    text: str
    again: bool = True
    error_type: str = "connection_error"


STOPS: dict[str, Stop] = {
    "link_token_unknown": Stop(
        404,
        "This link does not work",
        "It may have been copied incompletely. Ask the application that sent it for a new one.",
        again=False,
        error_type="invalid_token",
    ),
    "link_token_expired": Stop(
        410,
        "This link has expired",
        "Ask the application that sent it for a new one.",
        again=False,
        error_type="invalid_token",
    ),
    "link_token_used": Stop(
        410,
        "This link was already used",
        "Your organisation is connected. To connect another one, ask the application for a new link.",
        again=False,
        error_type="invalid_token",
    ),
    "account_gone": Stop(
        410,
        "This connection no longer exists",
        "There is nothing to renew. Ask the application that sent the link for a new one.",
        again=False,
        error_type="invalid_token",
    ),
    "gateway_trouble": Stop(
        503,
        "Something went wrong on our side",
        "Nothing you did caused it. Wait a few minutes, then open the link again.",
        again=False,
    ),
    "too_many_starts": Stop(
        410,
        "This link was tried too often",
        "Ask the application that sent it for a new one.",
        again=False,
        error_type="invalid_token",
    ),
    "integration_unknown": Stop(
        422,
        "This link names an unknown integration",
        "Ask the application that sent it for a new one.",
        again=False,
        error_type="invalid_integration",
    ),
    "client_missing": Stop(
        503,
        "This integration is not set up yet",
        "The application has no client registered with {label} for this region. Its operator has to add one.",
        again=False,
    ),
    "csrf_failed": Stop(
        403, "This form is no longer valid", "Open the link again and continue from there.", again=False
    ),
    "oauth_state_invalid": Stop(
        400,
        "We could not match this sign-in to your browser",
        "Sign-ins are valid for ten minutes, once, in the browser that started them. Open the link again.",
        again=False,
    ),
    "consent_denied": Stop(
        403,
        "Access was declined",
        "Nothing was connected. To connect your books, try again and accept on the page of {label}.",
    ),
    "oauth_issuer_mismatch": Stop(
        400,
        "The answer came from an unexpected server",
        "Nothing was connected. Try again; if it happens again, tell the application's support.",
    ),
    "region_mismatch": Stop(
        422,
        "Your region is not available here",
        "Your account lives in a data centre of {label} that this application does not serve. Tell its support.",
    ),
    "code_rejected": Stop(
        422,
        "The sign-in took too long",
        "{label} gives two minutes to finish it. Nothing was connected; try again.",
    ),
    "client_rejected": Stop(
        503,
        "{label} did not accept the application",
        "The application's registration with {label} is wrong for your region. Tell its support.",
    ),
    "provider_unavailable": Stop(
        503, "{label} is not answering", "Nothing was connected. Wait a few minutes and try again."
    ),
    "provider_pauses": Stop(
        503,
        "{label} asks for a pause",
        "You or somebody else signed in more often than {label} allows within a minute. Nothing was connected. Wait "
        "ten minutes, then try again once.",
    ),
    "too_fast": Stop(
        429,
        "One moment, please",
        "{label} locks out for ten minutes who signs in more than {most} times within a minute. Nothing was "
        "connected. Wait a minute, then try again.",
    ),
    "oauth_no_refresh_token": Stop(
        422,
        "{label} granted no lasting access",
        "The application needs access while you are away. Try again and accept on the page of {label}; if it does "
        "not ask, first remove the application under Connected apps in your {label} account.",
    ),
    "no_organization": Stop(
        422,
        "You have no organisation yet",
        "The user you signed in with belongs to no organisation in {label}. Create one there or sign in as "
        "another user, then try again.",
        error_type="validation_error",
    ),
    "organization_mismatch": Stop(
        422,
        "That is another organisation",
        "This link renews the connection of {organization}. Try again and sign in as a user of that organisation.",
        error_type="validation_error",
    ),
    "nothing_chosen": Stop(
        422,
        "No organisation was chosen",
        "Choose the organisation to connect.",
    ),
}


class Stopped(Exception):
    """The flow cannot go on. `code` is a key of STOPS; `link_id` says whose flow it was, when known."""

    def __init__(self, code: str, link_id: str | None = None, **words: str) -> None:
        super().__init__(code)
        self.code = code
        self.stop = STOPS[code]
        self.link_id = link_id
        self.words = words
