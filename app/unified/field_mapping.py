"""`/integrated-account/{id}/field-mapping`: what one account's fields are, beyond and instead of the usual ones.

An environment's own mapping (`/environment-integration/{integration}/field-mapping`) is the default of all its
accounts of that integration.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.contexts import context_of
from app.accounts.mappings import FieldMappings, Rows, Stored, changed_meanwhile, effective, plain
from app.accounts.service import Account
from app.core.auth import Principal
from app.core.errors import FieldError, Problem
from app.core.parameters import StrictRoute
from app.gateway.engine import Lane, Run
from app.keys.access import require, requires, requires_all
from app.keys.audit import actor_of, request_id_of
from app.unified.calls import checked_id
from app.unified.listing import View
from app.unified.mapping_checks import Check, Verdict
from app.unified.render import issue_of, single
from connectors.kit.connector import Connector
from connectors.kit.operations import Issue
from connectors.kit.overlay import overlaid
from connectors.kit.placing import Mapped

router = APIRouter(route_class=StrictRoute, tags=["Integrated accounts"])

Reader = Annotated[Principal, Depends(requires("connections:read"))]
Writer = Annotated[Principal, Depends(requires("connections:write"))]
_SECONDS = 60
_MOST_ROWS = 50


class MappingRow(BaseModel):
    """One unified field and where the provider keeps it."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(max_length=100, description="custom.<name> for a new field, or a field to re-point")
    native: str = Field(
        max_length=500, description="The provider's name of it, dotted: custom_field_hash.cf_po"
    )
    codec: str | None = Field(
        None, description="text (of new fields), integer, decimal, money, boolean, date, instant"
    )
    write: str | None = Field(None, description="never (of new fields), create, update or always")
    filter: str | None = Field(
        None, max_length=100, description="The parameter the provider's list filters by it with"
    )


Rowset = dict[str, Annotated[list[MappingRow], Field(max_length=_MOST_ROWS)]]


class PreviewRequest(BaseModel):
    """A mapping, saved or not, and the record to try it on; without `id` the provider's first."""

    model_config = ConfigDict(extra="forbid")

    mapping: Rowset
    resource: str | None = Field(
        None, max_length=64, description="Whose record `id` is, if several are mapped"
    )
    id: str | None = Field(None, max_length=255)


class EffectiveRow(MappingRow):
    """A row that holds, and whose it is."""

    source: Literal["account", "environment"]


class MappingView(BaseModel):
    """What holds. `version` is the owner's own, also the ETag; PUT takes it as If-Match."""

    integration: str
    integrated_account_id: str | None = Field(description="null: the default of the environment")
    version: int
    environment_version: int
    mapping: dict[str, list[EffectiveRow]]
    issues: list[dict[str, Any]] = Field(description="Rows nobody could check, and rows that do not hold")


class MappingPreview(BaseModel):
    """Records as they would be read. Nothing was saved."""

    preview: bool = True
    result: dict[str, list[dict[str, Any]]]
    issues: list[dict[str, Any]]


async def _usable(request: Request, principal: Writer, account_id: str) -> Account:
    """A dependency, so that a foreign id is 404 before its body is looked at."""
    return await request.app.state.accounts.usable(principal, account_id)


async def _visible(request: Request, principal: Reader, account_id: str) -> Account:
    return await request.app.state.accounts.visible(principal, account_id)


def _integration(request: Request, integration: str) -> Connector:
    for connector in request.app.state.connectors:
        if integration in (connector.slug, *connector.aliases):
            return connector
    raise Problem("not_found", f"There is no integration '{integration[:60]}'.")


Usable = Annotated[Account, Depends(_usable)]
Integration = Annotated[Connector, Depends(_integration)]
IfMatch = Annotated[str | None, Header(description="The version this replaces; 412 when it is another")]


@router.get("/integrated-account/{account_id}/field-mapping", summary="Read an account's field mapping")
async def read_mapping(
    request: Request, response: Response, account: Annotated[Account, Depends(_visible)]
) -> MappingView:
    """The environment's default and the account's own, which comes first."""
    default, own = await _mappings(request).of(account.environment_id, account.connector.slug, account.id)
    return _view(response, _base(request, account), account.id, default, own, ())


@router.put("/integrated-account/{account_id}/field-mapping", summary="Replace an account's field mapping")
async def replace_mapping(
    request: Request,
    response: Response,
    principal: Writer,
    account: Usable,
    body: Rowset,
    if_match: IfMatch = None,
) -> MappingView:
    """Checked against what the provider answers. The next call of any process reads and writes by it."""
    mappings, connector = _mappings(request), _base(request, account)
    default, own = await mappings.of(account.environment_id, connector.slug, account.id)
    expected = _expected(if_match, own)
    rows = _rows(body)
    verdict = await _judged(request, principal, account, connector, default.rows, rows, {})
    if verdict.errors:
        raise _refused(verdict.errors)
    if plain(rows) != plain(own.rows):
        version = await mappings.replace(
            account.environment_id, connector.slug, account.id, rows, expected,
            actor_of(request, principal), request_id_of(request),
        )  # fmt: skip
        await request.app.state.accounts.everywhere(account.id)
        own = Stored(rows, version)
    return _view(response, connector, account.id, default, own, verdict.issues)


@router.post("/integrated-account/{account_id}/field-mapping/preview", summary="Try a field mapping")
async def preview_mapping(
    request: Request, principal: Writer, account: Usable, body: PreviewRequest
) -> MappingPreview:
    """Records as they would be read with it. What does not fit is an issue of its row; nothing is saved."""
    mappings, connector = _mappings(request), _base(request, account)
    default, _ = await mappings.of(account.environment_id, connector.slug, account.id)
    rows = _rows(body.mapping)
    models = {name: model for model, name in connector.resources}
    for name in rows:
        if name in models:
            require(principal, f"{models[name]}.{name}:read")
    ids = {_resource_of(body, rows): checked_id(body.id)} if body.id is not None else {}
    verdict = await _judged(request, principal, account, connector, default.rows, rows, ids)
    laid, _ = overlaid(connector, effective(default.rows, rows))
    view = View(remote_data=False)
    return MappingPreview(
        result={
            name: [single(answer, laid.resources[models[name], name].model, view)[0]]
            for name, answer in verdict.records.items()
        },
        issues=[*map(_issue, verdict.errors), *map(issue_of, verdict.issues)],
    )


@router.get(
    "/environment-integration/{integration}/field-mapping", summary="Read the field mapping of an environment"
)
async def read_default(
    request: Request,
    response: Response,
    principal: Annotated[Principal, Depends(requires_all("connections:read"))],
    connector: Integration,
) -> MappingView:
    """The default of all its accounts of the integration."""
    default, _ = await _mappings(request).of(principal.environment_id, connector.slug)
    return _view(response, connector, None, default, Stored(), ())


@router.put(
    "/environment-integration/{integration}/field-mapping",
    summary="Replace the field mapping of an environment",
)
async def replace_default(
    request: Request,
    response: Response,
    principal: Annotated[Principal, Depends(requires_all("connections:write"))],
    connector: Integration,
    body: Rowset,
    if_match: IfMatch = None,
    integrated_account_id: Annotated[
        str | None, Query(max_length=64, description="The account to check the paths against")
    ] = None,
) -> MappingView:
    """Companies differ: paths are checked only against the account that is named, if one is."""
    mappings = _mappings(request)
    default, _ = await mappings.of(principal.environment_id, connector.slug)
    expected = _expected(if_match, default)
    rows = _rows(body)
    if integrated_account_id is not None:
        account = await request.app.state.accounts.usable(principal, integrated_account_id)
        verdict = await _judged(request, principal, account, connector, {}, rows, {})
    else:
        detail = "no account was named to check the paths against: integrated_account_id=…"
        verdict = Verdict(overlaid(connector, rows)[1], [Issue("unchecked", "", detail)] if rows else [])
    if verdict.errors:
        raise _refused(verdict.errors)
    if plain(rows) != plain(default.rows):
        version = await mappings.replace(
            principal.environment_id, connector.slug, "", rows, expected,
            actor_of(request, principal), request_id_of(request),
        )  # fmt: skip
        await request.app.state.accounts.everywhere()
        default = Stored(rows, version)
    return _view(response, connector, None, default, Stored(), verdict.issues)


# What they share


def _mappings(request: Request) -> FieldMappings:
    return request.app.state.mappings


def _base(request: Request, account: Account) -> Connector:
    """The account's connector as it is without any mapping."""
    return _integration(request, account.connector.slug)


def _rows(body: Rowset) -> Rows:
    return {name: tuple(Mapped(**row.model_dump()) for row in rows) for name, rows in body.items()}


def _expected(if_match: str | None, stored: Stored) -> int:
    """The version to replace. Problem version_conflict when the caller knows another."""
    if if_match is not None:
        tags = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
        if not tags & {"*", str(stored.version)}:
            raise changed_meanwhile(stored.version)
    return stored.version


async def _judged(
    request: Request,
    principal: Principal,
    account: Account,
    connector: Connector,
    default: Rows,
    rows: Rows,
    ids: Mapping[str, str],
) -> Verdict:
    """Whether the rows fit the connector and what the account's provider answers."""
    laid, errors = overlaid(connector, effective(default, rows))
    ours = [error for error in errors if _is_ours(error, rows)]
    if ours:
        raise _refused(ours)
    state = request.app.state
    run = Run(
        account=account,
        lane=Lane.INTERACTIVE,
        deadline=state.clock.monotonic() + _SECONDS,
        request_id=request_id_of(request) or "",
        key_id=principal.key_id,
        resource="field-mapping",
        operation="check",
        route=request.scope["route"].path,
    )
    context = context_of(account, state.clock.now())
    return await Check(state.gateway, run, context).judge(laid, rows, ids)


def _is_ours(error: FieldError, rows: Rows) -> bool:
    """Rows of the environment come after the account's own and give way to them."""
    _, resource, *number = error.pointer.split("/")[:3]
    return resource in rows and (not number or int(number[0]) < len(rows[resource]))


def _resource_of(body: PreviewRequest, rows: Rows) -> str:
    if body.resource is not None and body.resource in rows:
        return body.resource
    if body.resource is None and len(rows) == 1:
        return next(iter(rows))
    detail = "say whose record it is: one of the resources mapped"
    raise _refused([FieldError("required", "/resource", detail, tuple(rows))])


def _view(
    response: Response,
    connector: Connector,
    account_id: str | None,
    default: Stored,
    own: Stored,
    issues: Sequence[Issue],
) -> MappingView:
    version = default.version if account_id is None else own.version
    response.headers["ETag"] = f'"{version}"'
    merged = effective(default.rows, own.rows)
    dropped = {error.pointer.rpartition("/")[0]: error for error in overlaid(connector, merged)[1]}
    return MappingView(
        integration=connector.slug,
        integrated_account_id=account_id,
        version=version,
        environment_version=default.version,
        mapping={
            resource: [
                EffectiveRow(
                    source="account" if number < len(own.rows.get(resource, ())) else "environment",
                    **{name: getattr(row, name) for name in MappingRow.model_fields},
                )
                for number, row in enumerate(rows)
                if f"/{resource}/{number}" not in dropped
            ]
            for resource, rows in merged.items()
            if rows
        },
        issues=[*map(issue_of, issues), *map(_issue, dropped.values())],
    )


def _issue(error: FieldError) -> dict[str, Any]:
    told: dict[str, Any] = {"code": error.code, "pointer": error.pointer, "detail": error.detail}
    return {**told, "did_you_mean": error.did_you_mean} if error.did_you_mean else told


def _refused(errors: Sequence[FieldError]) -> Problem:
    detail = (
        errors[0].detail if len(errors) == 1 else f"{len(errors)} places of the mapping cannot be accepted."
    )
    return Problem("validation_failed", detail, errors=errors)
