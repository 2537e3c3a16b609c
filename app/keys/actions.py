"""What the audit log tells of: every action an entry may have."""

_DEEDS: dict[str, tuple[str, ...]] = {
    "account_token": ("created",),
    "api_key": ("created", "revoked"),
    "authentication": ("failed",),
    "authorization": ("failed",),
    "environment": ("created",),
    "environment_integration": ("created", "updated", "deleted"),
    "field_mapping": ("updated",),
    "inbound": ("installed", "removed"),
    "integrated_account": (
        "created",
        "reconnected",
        "changed",
        "status_changed",
        "upsert_changed",
        "deleted",
    ),
    "integration": ("client_refused", "client_accepted"),
    "link_token": ("created", "code_received"),
    "record": (
        *("created", "updated", "deleted", "found", "unchanged", "forwarded", "attach", "detach"),
        *("delete-refund", "accept", "activate", "apply", "approve", "authorise", "cancel", "categorize"),
        *("convert", "deactivate", "decline", "email", "exclude", "import-statement", "invite", "issue"),
        *("mark-billed", "mark-draft", "match", "post", "refund", "reject", "remind", "restore", "reverse"),
        *("submit", "unapply", "unmatch", "void", "write-off"),
    ),
    "sync_job": ("created", "changed", "deleted"),
    "sync_job_run": ("started", "paused", "resumed", "stopped"),
    "webhook": ("created", "changed", "deleted", "secret_rotated", "tested"),
    "webhook_message": ("replayed",),
    "write": ("resolved",),
}

ACTIONS = tuple(f"{subject}.{deed}" for subject, deeds in _DEEDS.items() for deed in deeds)
"""Those of an environment; the key ring's are read with `ledgerway audit`."""
