"""The pages: `/connect-account…` and `/oauth/callback`. Every page has one form, and works without JavaScript."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from structlog.stdlib import get_logger

from app.connect import pages, store
from app.connect.returning import origin_of, with_result
from app.connect.service import Connect, Done, Started
from app.connect.stops import Stopped
from app.core.errors import Problem
from app.core.settings import Settings
from app.models.link_tokens import LinkToken
from connectors.kit.connector import Connector

_log = get_logger("ledgerway.connect")

_MOST_FIELDS = 1000
_OURS = (None, "same-origin", "none")


class _Hosted(APIRoute):
    """Whatever goes wrong, a person gets a page; and forms are only taken from our own pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                # what browsers say of themselves: a page elsewhere cannot start a flow with a link of its own
                if request.method == "POST" and request.headers.get("sec-fetch-site") not in _OURS:
                    raise Stopped("csrf_failed")
                return await handle(request)
            except Stopped as stopped:
                return await _stopped(request, stopped)
            except ClientDisconnect:
                raise
            except Problem as problem:
                _log.warning("page_failed", code=problem.code)
            except Exception as error:
                _log.error("unexpected_exception", exc_info=error)
            return await _stopped(request, Stopped("gateway_trouble"))

        return answered


router = APIRouter(include_in_schema=False, route_class=_Hosted)


def _connect(request: Request) -> Connect:
    return request.app.state.connect


@router.get("/connect-account")
async def connect_page(request: Request) -> Response:
    connect = _connect(request)
    token = request.query_params.get("link_token", "")
    link = await connect.link(token)
    connector = connect.connector(link.integration)
    renewed = await connect.reconnected(link)
    embedded = request.query_params.get("iframe") in ("true", "1")
    return pages.page(
        "connect.html",
        title=f"Connect {connector.label}",
        label=connector.label,
        asker=await connect.asked_by(link),
        organization=renewed.organization.name if renewed else None,
        permissions=_permissions(connector, link.scopes),
        scopes=connect.provider_scopes(connector, link.scopes),
        csrf=connect.csrf(link.id),
        link_token=token,
        target=pages.POPUP if embedded else "",
        script=pages.relay() if embedded else "",
        form_targets=_accounts_servers(request, connector),
        frames=_frames(request, link),
    )


@router.post("/connect-account")
async def start(request: Request) -> Response:
    connect = _connect(request)
    form = await _form(request)
    link = await connect.link(form.get("link_token", [""])[0])
    connect.check_csrf(form.get("csrf", [""])[0], link.id)
    return _redirect_to_provider(request, await connect.start(link))


@router.post("/connect-account/again")
async def start_again(request: Request) -> Response:
    connect = _connect(request)
    form, cookie = await _form(request), _cookie(request)
    link = await connect.link_of_browser(cookie)
    connect.check_csrf(form.get("csrf", [""])[0], link.id, cookie or "")
    return _redirect_to_provider(request, await connect.start(link))


@router.get("/oauth/callback")
async def callback(request: Request) -> Response:
    done = await _connect(request).callback(dict(request.query_params), _cookie(request))
    if not done.account_ids:
        return RedirectResponse("/connect-account/organizations", 303, headers={"Cache-Control": "no-store"})
    return await _finished(request, done)


@router.get("/connect-account/organizations")
async def organizations_page(request: Request) -> Response:
    connect, cookie = _connect(request), _cookie(request)
    link = await connect.link_of_browser(cookie)
    if link.state != "choosing":
        raise Stopped("oauth_state_invalid", link.id)
    return await _choice(request, link, cookie or "")


@router.post("/connect-account/organizations")
async def choose(request: Request) -> Response:
    connect, cookie = _connect(request), _cookie(request)
    form = await _form(request)
    link = await connect.link_of_browser(cookie)
    connect.check_csrf(form.get("csrf", [""])[0], link.id, cookie or "")
    try:
        done = await connect.choose(link, form.get("organization_id", []))
    except Stopped as stopped:
        if stopped.code != "nothing_chosen":
            raise
        return await _choice(request, link, cookie or "", stopped)  # the sign-in still holds
    return await _finished(request, done)


async def _choice(request: Request, link: LinkToken, cookie: str, stopped: Stopped | None = None) -> Response:
    connect = _connect(request)
    back = origin_of(link.redirect_uri)
    return pages.page(
        "choose.html",
        status=stopped.stop.status if stopped else 200,
        title="Choose your organisation",
        label=connect.connector(link.integration).label,
        asker=await connect.asked_by(link),
        organizations=link.organizations,
        many=link.companies == "many",
        fault=stopped.stop.text if stopped else "",
        data={"code": stopped.code} if stopped else None,
        csrf=connect.csrf(link.id, cookie),
        form_targets=[back] if back else [],
    )


# parts of answers


def _cookie_name(settings: Settings) -> str:
    return "__Host-lw_link" if settings.secure else "lw_link"


def _cookie(request: Request) -> str | None:
    return request.cookies.get(_cookie_name(request.app.state.settings))


async def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a posted form. Stopped csrf_failed for what no page of ours sends."""
    text = (await request.body()).decode("latin-1")
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Stopped("csrf_failed") from None


def _redirect_to_provider(request: Request, started: Started) -> Response:
    answer = RedirectResponse(started.url, 303, headers={"Cache-Control": "no-store"})
    settings: Settings = request.app.state.settings
    answer.set_cookie(
        _cookie_name(settings),
        started.cookie,
        max_age=3600,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def _accounts_servers(request: Request, connector: Connector) -> list[str]:
    centers = request.app.state.accounts.data_centers(connector)
    return [center.accounts for center in centers.values()]


def _frames(request: Request, link: LinkToken) -> list[str]:
    """Who may show the connect page inside a page of theirs."""
    settings: Settings = request.app.state.settings
    allowed = {origin_of(url) for url in (*settings.return_urls, link.redirect_uri or "")} - {None}
    if settings.development and not settings.return_urls:
        allowed |= {"http://localhost:*", "http://127.0.0.1:*"}
    return [origin for origin in allowed if origin]


_VERBS = {"read": "Read", "write": "Create and change"}


def _permissions(connector: Connector, asked: list[str] | None) -> list[str]:
    """What the unified scopes mean, in a customer's words."""
    if not asked:
        return ["Read your accounting records", "Create and change your accounting records"]
    words: list[str] = []
    for scope in asked:
        subject, _, verb = scope.partition(":")
        noun = subject.rpartition(".")[2].replace("_", " ").replace("-", " ")
        noun = "accounting records" if noun == "accounting" else noun
        words.append(f"{_VERBS.get(verb, 'Use')} your {noun}")
    return words


async def _finished(request: Request, done: Done) -> Response:
    connect, link = _connect(request), done.link
    connector = connect.connector(link.integration)
    if link.redirect_uri:
        target = with_result(
            link.redirect_uri,
            result="success",
            integrated_account_id=",".join(done.account_ids),
            integration=connector.slug,
        )
        return RedirectResponse(target, 303, headers={"Cache-Control": "no-store"})
    accounts = [await request.app.state.accounts.load(link.environment_id, one) for one in done.account_ids]
    message = {
        "result": "success",
        "integration": connector.slug,
        "integrated_account_id": done.account_ids[0],
        "integrated_account_ids": list(done.account_ids),
        "is_truto": True,
    }
    return pages.page(
        "done.html",
        title="Connected",
        label=connector.label,
        asker=await connect.asked_by(link),
        names=[account.organization.name for account in accounts],
        data={"result": "success", "integrated-account-id": ",".join(done.account_ids)},
        script=pages.post_result(message, None),
    )


async def _stopped(request: Request, stopped: Stopped) -> Response:
    """The page that says what happened and what to do."""
    connect, stop = _connect(request), stopped.stop
    link = None
    if stopped.link_id is not None:
        async with request.app.state.database.read() as session:
            link = await store.link_by_id(session, stopped.link_id)
    connector = connect.connector(link.integration if link else None)
    cookie = _cookie(request)
    again = stop.again and link is not None and cookie is not None
    words = {"label": connector.label, "organization": "your organisation"} | stopped.words
    error = stop.title.format(**words)
    message = {
        "result": "error",
        "error": error,
        "error_type": stop.error_type,
        "integration": connector.slug,
        "is_truto": True,
    }
    back = None
    if link is not None and link.redirect_uri:
        back = with_result(
            link.redirect_uri,
            result="error",
            error_type=stop.error_type,
            error=stopped.code,
            integrated_account_id=link.account_id,
        )
    return pages.page(
        "stopped.html",
        status=stop.status,
        title=error,
        text=stop.text.format(**words),
        code=stopped.code,
        request_id=request.scope.get("state", {}).get("request_id", ""),
        again=again,
        csrf=connect.csrf(link.id, cookie or "") if again and link else "",
        asker=await connect.asked_by(link) if link else "",
        back=back,
        data={"result": "error", "error-type": stop.error_type, "code": stopped.code},
        script="" if again else pages.post_result(message, None),
        form_targets=_accounts_servers(request, connector) if again else (),
    )
