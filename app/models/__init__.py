"""All tables. Importing this package completes `Base.metadata`."""

from app.models.api_keys import ApiKey
from app.models.audit_log import AuditEntry, AuditHead, AuditSeal, AuditSigner
from app.models.base import Base, Document, Instant
from app.models.call_log import CallLog
from app.models.client_alarms import ClientAlarm
from app.models.data_keys import DataKey, KeyringCheck
from app.models.environments import Environment
from app.models.events import Event, EventHead
from app.models.executors import Executor
from app.models.field_mappings import FieldMapping
from app.models.grants import Grant
from app.models.inbound import Hint, InboundDelivery, InboundEndpoint, InboundHook, Reread
from app.models.integrated_accounts import IntegratedAccount
from app.models.link_tokens import LinkToken, OAuthState
from app.models.oauth_clients import OAuthClient
from app.models.quota import Quota
from app.models.sync_destinations import SyncDestination
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncCursor, SyncRun
from app.models.synced_records import QuarantinedRecord, SyncedRecord
from app.models.webhooks import Webhook, WebhookAttempt, WebhookMessage
from app.models.writes import Write

__all__ = [
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "AuditSigner",
    "Base",
    "CallLog",
    "ClientAlarm",
    "DataKey",
    "Document",
    "Environment",
    "Event",
    "EventHead",
    "Executor",
    "FieldMapping",
    "Grant",
    "Hint",
    "InboundDelivery",
    "InboundEndpoint",
    "InboundHook",
    "Instant",
    "IntegratedAccount",
    "KeyringCheck",
    "LinkToken",
    "OAuthClient",
    "OAuthState",
    "QuarantinedRecord",
    "Quota",
    "Reread",
    "SyncCursor",
    "SyncDestination",
    "SyncJob",
    "SyncRun",
    "SyncedRecord",
    "Webhook",
    "WebhookAttempt",
    "WebhookMessage",
    "Write",
]
