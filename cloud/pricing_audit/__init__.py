"""The audit of prices: what each till charged, priced again by HQ from the sale's own record."""

from cloud.pricing_audit.auditing import Audited, Waiting, audit_pending, waiting
from cloud.pricing_audit.books import AuditBook, BookSource

__all__ = ["AuditBook", "Audited", "BookSource", "Waiting", "audit_pending", "waiting"]
