"""Every error code an answer may carry. Append only: a code keeps its status for ever."""

from typing import Final, NamedTuple


class Code(NamedTuple):
    """`retryable` is what the answer says unless the one who raises it knows better."""

    status: int
    title: str
    retryable: bool = False


_AGAIN: Final = True

CODES: Final[dict[str, Code]] = {
    # 400
    "malformed_json": Code(400, "Malformed JSON"),
    "invalid_proxy_path": Code(400, "Path cannot be forwarded"),
    "parameter_reserved": Code(400, "Parameter is set by the gateway"),
    "parameter_missing": Code(400, "Parameter missing"),
    "parameter_invalid": Code(400, "Parameter invalid"),
    "duplicate_parameter": Code(400, "Parameter given twice"),
    "invalid_cursor": Code(400, "Invalid cursor"),
    "idempotency_key_required": Code(400, "Idempotency-Key required"),
    "idempotency_key_invalid": Code(400, "Idempotency-Key invalid"),
    "request_invalid": Code(400, "Not a valid HTTP request"),
    "host_invalid": Code(400, "Host header invalid"),
    "oauth_state_invalid": Code(400, "Sign-in cannot be matched to this browser"),
    "oauth_issuer_mismatch": Code(400, "Answer from an unexpected server"),
    # 401
    "unauthenticated": Code(401, "Not authenticated"),
    "key_revoked": Code(401, "API key revoked"),
    "key_expired": Code(401, "API key expired"),
    "signature_invalid": Code(401, "Signature invalid"),
    # 403
    "insufficient_scope": Code(403, "Scope missing"),
    "environment_mismatch": Code(403, "Wrong environment"),
    "ip_not_allowed": Code(403, "Address not allowed"),
    "native_call_refused": Code(403, "Not through the gateway"),
    "provider_forbidden": Code(403, "Refused by the provider"),
    "csrf_failed": Code(403, "Form expired"),
    "consent_denied": Code(403, "Access was declined"),
    # 404, 405, 408
    "not_found": Code(404, "Not found"),
    "organization_not_found": Code(404, "Organisation not found"),
    "unknown_action": Code(404, "No such action"),
    "method_not_allowed": Code(405, "Method not allowed"),
    "request_timeout": Code(408, "Request took too long", _AGAIN),
    # 409
    "idempotency_in_progress": Code(409, "The same request is in progress", _AGAIN),
    "outcome_pending": Code(409, "Write outcome not settled yet", _AGAIN),
    "possible_duplicate": Code(409, "Possible duplicate"),
    "sync_already_running": Code(409, "Sync already running"),
    "connection_state_conflict": Code(409, "Account state does not allow this"),
    "already_exists": Code(409, "Already exists"),
    "multiple_matches": Code(409, "Several records match"),
    "type_conflict": Code(409, "The match is of another type"),
    "invalid_transition": Code(409, "Status does not allow this"),
    "has_dependents": Code(409, "Other records depend on it"),
    "preview_stale": Code(409, "The preview is out of date"),
    "write_conflict_multiple": Code(409, "Several records match the write"),
    "provider_conflict": Code(409, "The provider's state does not allow this"),
    # 410, 412, 413, 414, 415
    "link_token_used": Code(410, "Link already used"),
    "link_token_expired": Code(410, "Link expired"),
    "oauth_state_used": Code(410, "Sign-in already completed"),
    "cursor_expired": Code(410, "Cursor past retention"),
    "version_conflict": Code(412, "Changed in the meantime"),
    "body_too_large": Code(413, "Body too large"),
    "uri_too_long": Code(414, "URL too long"),
    "unsupported_media_type": Code(415, "Media type not supported"),
    "unsupported_encoding": Code(415, "Content encoding not supported"),
    # 422
    "validation_failed": Code(422, "Validation failed"),
    "unknown_parameter": Code(422, "Unknown parameter"),
    "unsupported_filter": Code(422, "Filter not supported"),
    "unsupported_field": Code(422, "Field not supported"),
    "reference_not_found": Code(422, "Reference not found"),
    "reference_ambiguous": Code(422, "Reference is ambiguous"),
    "total_mismatch": Code(422, "Total does not add up"),
    "period_locked": Code(422, "Period is locked"),
    "would_remove_lines": Code(422, "Lines would be removed"),
    "idempotency_key_reused": Code(422, "Idempotency-Key used for another request"),
    "webhook_url_forbidden": Code(422, "URL not allowed"),
    "not_implemented": Code(422, "Not available for this connector"),
    "provider_validation_failed": Code(422, "Refused by the provider"),
    "credentials_rejected": Code(422, "Credentials refused by the provider"),
    "region_mismatch": Code(422, "Wrong data centre"),
    "oauth_no_refresh_token": Code(422, "The provider granted no lasting access"),
    "upsert_field_missing": Code(422, "The unique custom field is missing"),
    "organization_mismatch": Code(422, "Another organisation"),
    # 424, 428, 429, 431
    "needs_reauth": Code(424, "The customer has to reconnect"),
    "connection_disabled": Code(424, "Account disabled"),
    "precondition_required": Code(428, "If-Match required"),
    "rate_limited": Code(429, "Too many requests", _AGAIN),
    "provider_rate_limited": Code(429, "Provider's rate limit reached", _AGAIN),
    "provider_daily_quota_exhausted": Code(429, "Provider's daily quota used up", _AGAIN),
    "headers_too_large": Code(431, "Headers too large"),
    # 500
    "internal_error": Code(500, "Internal error"),
    "decrypt_failed": Code(500, "Stored secret cannot be read"),
    # 502
    "upstream_invalid_response": Code(502, "Provider's answer cannot be read", _AGAIN),
    "upstream_error": Code(502, "Provider failed", _AGAIN),
    "upstream_unexpected_redirect": Code(502, "Provider redirected"),
    "upstream_response_too_large": Code(502, "Provider's answer too large"),
    "upstream_tls_failed": Code(502, "No trusted connection to the provider", _AGAIN),
    "upstream_auth_rejected": Code(502, "Provider refuses a fresh token"),
    "upstream_paging_stuck": Code(502, "Provider's paging does not advance"),
    "outcome_unknown": Code(502, "Write outcome unknown"),
    # 503, 504
    "overloaded": Code(503, "Overloaded", _AGAIN),
    "shutting_down": Code(503, "Shutting down", _AGAIN),
    "storage_unavailable": Code(503, "Storage unavailable", _AGAIN),
    "storage_full": Code(503, "Storage full", _AGAIN),
    "key_service_unavailable": Code(503, "Key service unavailable", _AGAIN),
    "token_refresh_unavailable": Code(503, "Token cannot be refreshed now", _AGAIN),
    "circuit_open": Code(503, "Provider is not answering", _AGAIN),
    "upstream_timeout": Code(504, "Provider did not answer in time", _AGAIN),
    "deadline_exceeded": Code(504, "Deadline exceeded", _AGAIN),
}

FIELD_CODES: Final[dict[str, str]] = {
    "required": "The field has to be given.",
    "unknown_field": "There is no such field.",
    "read_only": "The field cannot be written.",
    "wrong_type": "The value is of another type or form.",
    "enum_value": "The value is not one of those allowed.",
    "reference_not_found": "No record matches the reference.",
    "reference_ambiguous": "Several records match the reference.",
    "unbalanced": "Debits and credits differ.",
    "total_mismatch": "The control total differs from the computed one.",
    "over_allocated": "More is allocated than there is.",
    "currency_not_enabled": "The company does not use this currency.",
    "currency_mismatch": "The currency is not that of the record it refers to.",
    "precision": "The amount has more decimals than its currency.",
    "period_locked": "The period is closed.",
    "control_account_needs_contact": "This account may only be used with a contact.",
    "unsupported_filter": "The provider cannot filter or sort by this exactly.",
    "unsupported_field": "The provider has no place for this field.",
    "duplicate": "The same thing is given twice, or its place is taken.",
    "would_remove_lines": "Lines missing from the request would be removed.",
}
"""Codes of single fields in `errors[]`, and what they mean."""
