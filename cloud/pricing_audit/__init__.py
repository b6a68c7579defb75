"""The audit of prices: what each till charged, priced again by HQ from the sale's own record."""

from cloud.pricing_audit.auditing import Audited, audit_pending
from cloud.pricing_audit.books import AuditBook, BookSource

__all__ = ["AuditBook", "Audited", "BookSource", "audit_pending"]
