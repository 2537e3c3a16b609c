"""The names of what is told."""

from enum import StrEnum


class Happening(StrEnum):
    ACCOUNT_CREATED = "integrated_account:created"
    ACCOUNT_ACTIVE = "integrated_account:active"
    ACCOUNT_UPDATED = "integrated_account:updated"
    ACCOUNT_REACTIVATED = "integrated_account:reactivated"
    ACCOUNT_DELETED = "integrated_account:deleted"
    ACCOUNT_AUTHENTICATION_ERROR = "integrated_account:authentication_error"
    ACCOUNT_POST_INSTALL_ERROR = "integrated_account:post_install_error"
    ACCOUNT_VALIDATION_ERROR = "integrated_account:validation_error"
    RUN_CREATED = "sync_job_run:created"
    RUN_STARTED = "sync_job_run:started"
    RUN_UPDATED = "sync_job_run:updated"
    RUN_COMPLETED = "sync_job_run:completed"
    RUN_FAILED = "sync_job_run:failed"
    RECORD_CREATED = "record:created"
    RECORD_UPDATED = "record:updated"
    RECORD_DELETED = "record:deleted"
    INTEGRATION_AUTHENTICATION_ERROR = "integration:authentication_error"
    INTEGRATION_REACTIVATED = "integration:reactivated"
    GRANTS_WARNING = "grants:warning"
    QUOTA_WARNING = "quota:warning"
    QUOTA_EXHAUSTED = "quota:exhausted"
    WEBHOOK_DISABLED = "webhook:disabled"
    TEST = "test"


NO_CHANGE = frozenset({"etag", "is_partial", "remote_data", "company", "url", "remote_id"})
"""Members of a record that `changed_fields` never names."""
