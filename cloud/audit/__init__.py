"""The audit log: every privileged act with who and why, append-only and chained."""

from cloud.audit.log import AuditFilter, AuditPage, actions, actors, latest, page, record

__all__ = ["AuditFilter", "AuditPage", "actions", "actors", "latest", "page", "record"]
