"""Schemas of what the unified API answers around and instead of records."""

from app.unified.schemas import Schema

REF = "#/components/schemas/"
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer"}


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"{REF}{name}"}


def shown(record: Schema) -> Schema:
    """A record, or with truto_response_format=raw the provider's own object."""
    return {"anyOf": [record, ref("NativeRecord")]}


def issued(record: Schema) -> Schema:
    """A record that stands alone and carries its issues."""
    issues = {"type": "array", "items": ref("Issue")}
    return {"allOf": [record, {"type": "object", "properties": {"issues": issues}}]}


def components() -> dict[str, Schema]:
    """Those every resource shares, by name."""
    return {
        "Page": _page(),
        "Issue": _issue(),
        "NativeRecord": _native(),
        "Preview": _preview(),
        "CustomFieldDefinition": _definition(),
    }


def _page() -> Schema:
    text = {"type": ["string", "null"]}
    return {
        "type": "object",
        "description": "One page of a list",
        "required": ["result", "next_cursor", "prev_cursor", "result_count", "limit", "is_partial_response"],
        "properties": {
            "result": {"description": "The rows; with truto_key_by an object of them"},
            "next_cursor": {**text, "description": "Null on the last page"},
            "prev_cursor": text,
            "result_count": _COUNT,
            "limit": _COUNT,
            "is_partial_response": {"type": "boolean", "description": "Some rows lack absent_fields"},
            "provider_calls": {**_COUNT, "description": "Calls to the provider this answer cost"},
            "absent_fields": {"type": "array", "items": _TEXT},
            "source": {"const": "synced", "description": "With source=synced"},
            "synced_until": {
                **text,
                "format": "date-time",
                "description": "Everything that changed before is in the copies; null before the first pass is done",
            },
            "age_seconds": {"type": ["integer", "null"], "description": "Since synced_until"},
            "is_covered": {"type": "boolean", "description": "An active sync job keeps the copies current"},
            "issues": {"type": "array", "items": ref("Issue")},
        },
    }


def _issue() -> Schema:
    return {
        "type": "object",
        "description": "Something to know about an answer that nevertheless stands",
        "required": ["code", "pointer", "detail"],
        "properties": {
            "code": _TEXT,
            "pointer": _TEXT,
            "detail": _TEXT,
            "native_path": _TEXT,
            "retryable": {"type": "boolean"},
        },
    }


def _native() -> Schema:
    unified = [{"required": ["remote_id"]}, {"required": ["is_partial"]}]
    return {
        "type": "object",
        "description": "An object as the provider has it",
        "additionalProperties": True,
        "not": {"anyOf": unified},
    }


_FIGURES = (
    "sub_total", "discount_amount", "shipping_amount", "adjustment_amount", "total_tax_amount", "total_amount",
)  # fmt: skip


def _preview() -> Schema:
    figures: Schema = {name: {"type": "number"} for name in _FIGURES}
    totals = {
        "type": ["object", "null"],
        "description": "What a document will come to; null where that cannot be told",
        "properties": {**figures, "currency": {"type": ["string", "null"]}},
    }
    step = {
        "type": "object",
        "required": ["step", "purpose", "method", "path", "query", "body", "sent"],
        "properties": {
            "step": _COUNT,
            "purpose": {"type": ["string", "null"]},
            "method": _TEXT,
            "path": _TEXT,
            "query": {"type": "object", "additionalProperties": True},
            "body": {"description": "The body as the provider gets it"},
            "sent": {"type": "boolean", "description": "A read that was sent to find out the rest"},
        },
    }
    return {
        "type": "object",
        "description": "The provider requests a write consists of",
        "required": ["preview", "steps", "provider_calls", "preview_token", "expires_at"],
        "properties": {
            "preview": {"const": True},
            "steps": {"type": "array", "items": step},
            "provider_calls": _COUNT,
            "preview_token": {
                "type": "string",
                "description": "For 15 minutes: the write sent with it is 409 preview_stale when it would do otherwise",
            },
            "expires_at": {"type": "string", "format": "date-time"},
            "totals": totals,
            "totals_reason": {"type": "string", "description": "Why totals is null"},
            "outcome": {
                "type": "string",
                "description": "Where nothing would be sent: what there is already",
            },
            "existing": {
                "type": "object",
                "required": ["resource", "id"],
                "properties": {"resource": _TEXT, "id": _TEXT},
            },
        },
    }


def _definition() -> Schema:
    text = {"type": ["string", "null"]}
    return {
        "type": "object",
        "description": "A custom field the company defined",
        "required": ["api_name", "type"],
        "properties": {
            "id": text,
            "api_name": _TEXT,
            "label": text,
            "type": _TEXT,
            "is_required": {"type": "boolean"},
            "options": {"type": "array", "items": _TEXT},
        },
    }
