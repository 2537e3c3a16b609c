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
    QUOTA_WARNING = "quota:warning"
    QUOTA_EXHAUSTED = "quota:exhausted"
