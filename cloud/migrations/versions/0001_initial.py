"""Initial. Frozen: once released it is never edited, what follows is a new revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cloud.database import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the database here from the revision before."""
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("kind", "owner", "unit", name=op.f("uq_account_kind_owner_unit")),
    )
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("stores", sa.String(), nullable=False),
        sa.Column("created_ms", BIG_INT, nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.Column("revoked_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_api_token")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", BIG_INT, nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    append_only.install(op.get_bind(), "audit_entry")
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["subject"], unique=False)
    op.create_table(
        "audit_link",
        sa.Column("number", BIG_INT, autoincrement=False, nullable=False),
        sa.Column("entry_id", BIG_INT, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_link_entry_id")),
    )
    append_only.install(op.get_bind(), "audit_link")
    op.create_table(
        "balance",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("may_owe", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount >= 0 OR may_owe", name=op.f("ck_balance_covered")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balance")),
    )
    op.create_table(
        "basket_void",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basket_void")),
    )
    op.create_index("ix_basket_void_store_id_business_date", "basket_void", ["store_id", "business_date"], unique=False)
    op.create_table(
        "beside_undone",
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("points", BIG_INT, nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_beside_undone")),
    )
    op.create_table(
        "budget_counted",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("promotion", sa.String(length=128), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("uses", BIG_INT, nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("back_uses", BIG_INT, nullable=False),
        sa.Column("back_minor", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "promotion", name=op.f("pk_budget_counted")),
    )
    op.create_table(
        "budget_set_aside",
        sa.Column("promotion", sa.String(length=128), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=False),
        sa.Column("until_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("promotion", "member_id", name=op.f("pk_budget_set_aside")),
    )
    op.create_table(
        "budget_share",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promotion", sa.String(length=128), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("most_uses", BIG_INT, nullable=True),
        sa.Column("most_minor", BIG_INT, nullable=True),
        sa.Column("ceiling_uses", BIG_INT, nullable=True),
        sa.Column("ceiling_minor", BIG_INT, nullable=True),
        sa.Column("used_uses", BIG_INT, nullable=False),
        sa.Column("used_minor", BIG_INT, nullable=False),
        sa.Column("heard_serial", sa.Integer(), nullable=False),
        sa.Column("short", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("closing", sa.Boolean(), nullable=False),
        sa.Column("changed_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_share")),
    )
    op.create_index(op.f("ix_budget_share_agent_id"), "budget_share", ["agent_id"], unique=False)
    op.create_index("ix_budget_share_promotion_store_id", "budget_share", ["promotion", "store_id"], unique=False)
    op.create_table(
        "budget_use",
        sa.Column("promotion", sa.String(length=128), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("uses", BIG_INT, nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("promotion", "member_id", "day", "store_id", name=op.f("pk_budget_use")),
    )
    op.create_table(
        "budgeted_promotion",
        sa.Column("promotion", sa.String(length=128), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("promotion", name=op.f("pk_budgeted_promotion")),
    )
    op.create_table(
        "cash_movement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_movement")),
    )
    op.create_index(
        "ix_cash_movement_store_id_business_date", "cash_movement", ["store_id", "business_date"], unique=False
    )
    op.create_table(
        "chain_setting",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chain_setting")),
    )
    op.create_table(
        "console_person",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_ms", BIG_INT, nullable=False),
        sa.Column("left_ms", BIG_INT, nullable=True),
        sa.Column("once_until_ms", BIG_INT, nullable=True),
        sa.Column("seen_ms", BIG_INT, nullable=True),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("failed_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_console_person")),
    )
    op.create_table(
        "coupon",
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("given_ms", BIG_INT, nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("reserved_until_ms", BIG_INT, nullable=True),
        sa.Column("used_sale", sa.Uuid(), nullable=True),
        sa.Column("used_ms", BIG_INT, nullable=True),
        sa.Column("used_store", sa.String(length=32), nullable=False),
        sa.Column("off_minor", BIG_INT, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("given_sale", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupon")),
    )
    op.create_index(
        "ix_coupon_basket_id_reserved",
        "coupon",
        ["basket_id"],
        unique=False,
        postgresql_where=sa.text("state = 'reserved'"),
        sqlite_where=sa.text("state = 'reserved'"),
    )
    op.create_index(op.f("ix_coupon_batch"), "coupon", ["batch"], unique=False)
    op.create_index(op.f("ix_coupon_given_sale"), "coupon", ["given_sale"], unique=False)
    op.create_index(op.f("ix_coupon_member_id"), "coupon", ["member_id"], unique=False)
    op.create_index(op.f("ix_coupon_run_id"), "coupon", ["run_id"], unique=False)
    op.create_index(op.f("ix_coupon_used_sale"), "coupon", ["used_sale"], unique=False)
    op.create_table(
        "coupon_batch",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("promotion", sa.String(), nullable=False),
        sa.Column("promotion_kind", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("days_valid", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("per_member", sa.Integer(), nullable=False),
        sa.Column("released_by_return", sa.Boolean(), nullable=False),
        sa.Column("public_code", sa.String(length=13), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_batch")),
        sa.UniqueConstraint("public_code", name=op.f("uq_coupon_batch_public_code")),
    )
    op.create_index(op.f("ix_coupon_batch_promotion"), "coupon_batch", ["promotion"], unique=False)
    op.create_table(
        "coupon_conflict",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_ms", BIG_INT, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "code", name=op.f("pk_coupon_conflict")),
    )
    op.create_table(
        "deployment",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incarnation", sa.Uuid(), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_deployment")),
    )
    op.create_table(
        "device_token_seen",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_device_token_seen")),
    )
    op.create_index(op.f("ix_device_token_seen_expires_ms"), "device_token_seen", ["expires_ms"], unique=False)
    op.create_table(
        "drawer_opening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("kicked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drawer_opening")),
    )
    op.create_index(
        "ix_drawer_opening_store_id_business_date", "drawer_opening", ["store_id", "business_date"], unique=False
    )
    op.create_table(
        "duplicate_pair",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("reasons", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("found_ms", BIG_INT, nullable=False),
        sa.Column("decided_ms", BIG_INT, nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_duplicate_pair")),
    )
    op.create_index(op.f("ix_duplicate_pair_second_id"), "duplicate_pair", ["second_id"], unique=False)
    op.create_index(op.f("ix_duplicate_pair_status"), "duplicate_pair", ["status"], unique=False)
    op.create_table(
        "earning_rule",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_earning_rule")),
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("seq", BIG_INT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
    )
    op.create_table(
        "gift",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("names", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("per_member", sa.Integer(), nullable=False),
        sa.Column("hold_days", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift")),
    )
    op.create_table(
        "gift_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gift_id", sa.String(length=32), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("left_after", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_move")),
    )
    op.create_index(op.f("ix_gift_move_gift_id"), "gift_move", ["gift_id"], unique=False)
    op.create_table(
        "gift_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gift_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_order")),
    )
    op.create_index("ix_gift_order_gift_id_state", "gift_order", ["gift_id", "state"], unique=False)
    op.create_index(op.f("ix_gift_order_member_id"), "gift_order", ["member_id"], unique=False)
    op.create_table(
        "gift_picture",
        sa.Column("gift_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("gift_id", name=op.f("pk_gift_picture")),
    )
    op.create_table(
        "gift_stock",
        sa.Column("gift_id", sa.String(length=32), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.CheckConstraint('"left" >= 0', name=op.f("ck_gift_stock_not_oversold")),
        sa.PrimaryKeyConstraint("gift_id", "store_id", name=op.f("pk_gift_stock")),
    )
    op.create_index(op.f("ix_gift_stock_store_id"), "gift_stock", ["store_id"], unique=False)
    op.create_table(
        "goods_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.String(), nullable=True),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("receipt_series", sa.String(), nullable=False),
        sa.Column("receipt_number", BIG_INT, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.Column("book_version", BIG_INT, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_return")),
    )
    op.create_index("ix_goods_return_at_ms", "goods_return", ["at_ms"], unique=False)
    op.create_index(
        "ix_goods_return_store_id_business_date", "goods_return", ["store_id", "business_date"], unique=False
    )
    op.create_table(
        "goods_return_line",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("quantity", BIG_INT, nullable=False),
        sa.Column("price_minor", BIG_INT, nullable=False),
        sa.Column("price_basis", sa.Integer(), nullable=False),
        sa.Column("refund_minor", BIG_INT, nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("tax_minor", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("return_id", "n", name=op.f("pk_goods_return_line")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("captured", BIG_INT, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("till", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=True),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("valid_until_ms", BIG_INT, nullable=False),
        sa.Column("ended_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_agent_id"), "hold", ["agent_id"], unique=False)
    op.create_index(op.f("ix_hold_basket_id"), "hold", ["basket_id"], unique=False)
    op.create_index(op.f("ix_hold_member_id"), "hold", ["member_id"], unique=False)
    op.create_index(
        "ix_hold_valid_until_ms_open",
        "hold",
        ["valid_until_ms"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
        sqlite_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "hold_lot",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("account_kind", sa.String(length=32), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("left", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "lot_id", name=op.f("pk_hold_lot")),
    )
    op.create_table(
        "hold_part",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("account_kind", sa.String(length=32), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("left", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "n", name=op.f("pk_hold_part")),
    )
    op.create_table(
        "ingest_commit",
        sa.Column("no", BIG_INT, nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("audited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_ingest_commit")),
    )
    op.create_index(
        "ix_ingest_commit_to_audit",
        "ingest_commit",
        ["no"],
        unique=False,
        postgresql_where=sa.text("NOT audited"),
        sqlite_where=sa.text("NOT audited"),
    )
    op.create_index(
        "ix_ingest_commit_to_seal",
        "ingest_commit",
        ["no"],
        unique=False,
        postgresql_where=sa.text("NOT sealed"),
        sqlite_where=sa.text("NOT sealed"),
    )
    op.create_table(
        "ingest_worker",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_ingest_worker")),
    )
    op.create_table(
        "journal",
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("till", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("cause", "purpose", name=op.f("pk_journal")),
    )
    append_only.install(op.get_bind(), "journal")
    op.create_index(op.f("ix_journal_commit_no"), "journal", ["commit_no"], unique=False)
    op.create_table(
        "ledger_proof",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_ms", BIG_INT, nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("proofs", sa.Integer(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("longest_ms", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("found", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger_proof")),
    )
    op.create_index(op.f("ix_ledger_proof_day"), "ledger_proof", ["day"], unique=False)
    op.create_table(
        "ledger_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_request")),
    )
    op.create_table(
        "ledger_seal",
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("journals", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger_seal")),
        sa.UniqueConstraint("commit_no", name=op.f("uq_ledger_seal_commit_no")),
    )
    append_only.install(op.get_bind(), "ledger_seal")
    op.create_table(
        "legal_entity",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_entity")),
    )
    op.create_table(
        "lot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("left", BIG_INT, nullable=False),
        sa.Column("available_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint('"left" >= 0', name=op.f("ck_lot_not_below_zero")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
    )
    op.create_index(
        "ix_lot_account_id_open",
        "lot",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text('"left" > 0'),
        sqlite_where=sa.text('"left" > 0'),
    )
    op.create_index(op.f("ix_lot_cause"), "lot", ["cause"], unique=False)
    op.create_index(
        "ix_lot_expires_on_open",
        "lot",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text('"left" > 0'),
        sqlite_where=sa.text('"left" > 0'),
    )
    op.create_table(
        "lot_back",
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("of_cause", sa.Uuid(), nullable=False),
        sa.Column("of_purpose", sa.String(length=32), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("cause", "purpose", "lot_id", name=op.f("pk_lot_back")),
    )
    append_only.install(op.get_bind(), "lot_back")
    op.create_index(op.f("ix_lot_back_of_cause"), "lot_back", ["of_cause"], unique=False)
    op.create_table(
        "lot_use",
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("given_back", BIG_INT, nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("cause", "purpose", "lot_id", name=op.f("pk_lot_use")),
    )
    op.create_table(
        "member_day",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("spend_minor", BIG_INT, nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day", name=op.f("pk_member_day")),
    )
    op.create_table(
        "member_dirty",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "commit_no", "store_id", name=op.f("pk_member_dirty")),
    )
    op.create_table(
        "member_key",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("blind_index", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "blind_index", "member_id", name=op.f("pk_member_key")),
    )
    op.create_index(op.f("ix_member_key_member_id"), "member_key", ["member_id"], unique=False)
    op.create_table(
        "member_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("keep_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("moved", sa.String(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("undo_until_ms", BIG_INT, nullable=False),
        sa.Column("undone_ms", BIG_INT, nullable=True),
        sa.Column("undone_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_merge")),
    )
    op.create_index(op.f("ix_member_merge_gone_id"), "member_merge", ["gone_id"], unique=False)
    op.create_index(op.f("ix_member_merge_keep_id"), "member_merge", ["keep_id"], unique=False)
    op.create_table(
        "member_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=True),
        sa.Column("recipient_index", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("next_ms", BIG_INT, nullable=False),
        sa.Column("until_ms", BIG_INT, nullable=False),
        sa.Column("sent_ms", BIG_INT, nullable=True),
        sa.Column("changed_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_message")),
    )
    op.create_index(op.f("ix_member_message_changed_ms"), "member_message", ["changed_ms"], unique=False)
    op.create_index(op.f("ix_member_message_member_id"), "member_message", ["member_id"], unique=False)
    op.create_index(
        "ix_member_message_next_ms_queued",
        "member_message",
        ["next_ms"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
        sqlite_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_member_message_recipient_index_made_ms", "member_message", ["recipient_index", "made_ms"], unique=False
    )
    op.create_index(op.f("ix_member_message_state"), "member_message", ["state"], unique=False)
    op.create_table(
        "member_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("taken_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_notice")),
    )
    op.create_index("ix_member_notice_kind_subject", "member_notice", ["kind", "subject", "due_on"], unique=False)
    op.create_index(op.f("ix_member_notice_member_id"), "member_notice", ["member_id"], unique=False)
    op.create_table(
        "member_opening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("undone", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("started_ms", BIG_INT, nullable=False),
        sa.Column("started_by", sa.String(length=120), nullable=False),
        sa.Column("loaded_ms", BIG_INT, nullable=True),
        sa.Column("closed_ms", BIG_INT, nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("sales_credited", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_opening")),
    )
    op.create_table(
        "member_rule",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_member_rule")),
    )
    op.create_table(
        "member_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_member_session")),
    )
    op.create_index(op.f("ix_member_session_expires_ms"), "member_session", ["expires_ms"], unique=False)
    op.create_index(op.f("ix_member_session_member_id"), "member_session", ["member_id"], unique=False)
    op.create_table(
        "member_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.Column("proven_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_member_sign_in_token_hash")),
    )
    op.create_index(op.f("ix_member_sign_in_expires_ms"), "member_sign_in", ["expires_ms"], unique=False)
    op.create_index(
        "ix_member_sign_in_made_ms_asked",
        "member_sign_in",
        ["made_ms"],
        unique=False,
        postgresql_where=sa.text("code_hash IS NULL AND phone IS NOT NULL"),
        sqlite_where=sa.text("code_hash IS NULL AND phone IS NOT NULL"),
    )
    op.create_index(op.f("ix_member_sign_in_phone_index"), "member_sign_in", ["phone_index"], unique=False)
    op.create_table(
        "member_standing",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_standing")),
    )
    op.create_index("ix_member_standing_tier", "member_standing", ["tier"], unique=False)
    op.create_index("ix_member_standing_until", "member_standing", ["until"], unique=False)
    op.create_table(
        "member_wechat",
        sa.Column("openid_index", sa.LargeBinary(), nullable=False),
        sa.Column("openid", sa.LargeBinary(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("linked_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("openid_index", name=op.f("pk_member_wechat")),
    )
    op.create_index(op.f("ix_member_wechat_member_id"), "member_wechat", ["member_id"], unique=False)
    op.create_table(
        "member_year",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("spend_minor", BIG_INT, nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("visits", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("member_id", "year", name=op.f("pk_member_year")),
    )
    op.create_table(
        "opening_card",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_opening_card")),
    )
    op.create_index(op.f("ix_opening_card_member_id"), "opening_card", ["member_id"], unique=False)
    op.create_index(op.f("ix_opening_card_opening_id"), "opening_card", ["opening_id"], unique=False)
    op.create_table(
        "opening_total",
        sa.Column("opening_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("opening_id", "kind", "unit", name=op.f("pk_opening_total")),
    )
    op.create_table(
        "opening_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("unread_cards", sa.Integer(), nullable=False),
        sa.Column("totals", sa.String(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("problems", sa.String(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_ms", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("checked_ms", BIG_INT, nullable=True),
        sa.Column("finished_ms", BIG_INT, nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.Column("runner", sa.String(length=36), nullable=False),
        sa.Column("beat_ms", BIG_INT, nullable=True),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_upload")),
    )
    op.create_index(op.f("ix_opening_upload_status"), "opening_upload", ["status"], unique=False)
    op.create_table(
        "owed_report",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.Column("off", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_owed_report")),
    )
    op.create_table(
        "parked_event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("seq", BIG_INT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("waits_for", sa.Uuid(), nullable=True),
        sa.Column("parked_ms", BIG_INT, nullable=False),
        sa.Column("resolved_ms", BIG_INT, nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_parked_event")),
    )
    op.create_index(op.f("ix_parked_event_agent_id"), "parked_event", ["agent_id"], unique=False)
    op.create_index(
        "ix_parked_event_open",
        "parked_event",
        ["parked_ms"],
        unique=False,
        postgresql_where=sa.text("resolved_ms IS NULL"),
        sqlite_where=sa.text("resolved_ms IS NULL"),
    )
    op.create_index(
        "ix_parked_event_waits_for",
        "parked_event",
        ["waits_for"],
        unique=False,
        postgresql_where=sa.text("resolved_ms IS NULL AND waits_for IS NOT NULL"),
        sqlite_where=sa.text("resolved_ms IS NULL AND waits_for IS NOT NULL"),
    )
    op.create_table(
        "phone_look",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("till", sa.String(length=64), nullable=False),
        sa.Column("cashier", sa.String(length=64), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_look")),
    )
    op.create_index("ix_phone_look_store_id_till", "phone_look", ["store_id", "till", "at_ms"], unique=False)
    op.create_table(
        "pickup",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("names", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("done_ms", BIG_INT, nullable=True),
        sa.Column("done_store", sa.String(length=32), nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_pickup")),
        sa.UniqueConstraint("subject", name=op.f("uq_pickup_subject")),
    )
    op.create_index(op.f("ix_pickup_member_id"), "pickup", ["member_id"], unique=False)
    op.create_index(
        "ix_pickup_until_waiting",
        "pickup",
        ["until"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "picture",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_picture")),
    )
    op.create_table(
        "points_review",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("computed", sa.Integer(), nullable=False),
        sa.Column("noted_ms", BIG_INT, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_ms", BIG_INT, nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("by_till", sa.Integer(), nullable=False),
        sa.Column("by_hq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_points_review")),
    )
    op.create_table(
        "points_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("taker_id", sa.Uuid(), nullable=False),
        sa.Column("points", BIG_INT, nullable=False),
        sa.Column("fee", BIG_INT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_transfer")),
    )
    op.create_index("ix_points_transfer_giver_id", "points_transfer", ["giver_id", "at_ms"], unique=False)
    op.create_index(op.f("ix_points_transfer_taker_id"), "points_transfer", ["taker_id"], unique=False)
    op.create_table(
        "posting",
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("cause", "purpose", "n", name=op.f("pk_posting")),
    )
    append_only.install(op.get_bind(), "posting")
    op.create_index(op.f("ix_posting_account_id"), "posting", ["account_id"], unique=False)
    op.create_table(
        "price_audit",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("book_version", BIG_INT, nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("difference", sa.String(), nullable=False),
        sa.Column("charged_minor", BIG_INT, nullable=False),
        sa.Column("expected_minor", BIG_INT, nullable=True),
        sa.Column("audited_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", name=op.f("pk_price_audit")),
    )
    op.create_index("ix_price_audit_store_id_business_date", "price_audit", ["store_id", "business_date"], unique=False)
    op.create_table(
        "price_audit_day",
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("sales", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "business_date", "verdict", name=op.f("pk_price_audit_day")),
    )
    op.create_table(
        "price_body",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("base", BIG_INT, nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("buckets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "scope", "version", name=op.f("pk_price_body")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_price_body_hash"), "price_body", ["hash"], unique=False)
    op.create_table(
        "price_draft",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("targets", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("writers", sa.String(), nullable=False),
        sa.Column("created_ms", BIG_INT, nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_ms", BIG_INT, nullable=True),
        sa.Column("asked_note", sa.String(), nullable=False),
        sa.Column("returned_by", sa.String(), nullable=False),
        sa.Column("returned_ms", BIG_INT, nullable=True),
        sa.Column("returned_why", sa.String(), nullable=False),
        sa.Column("of_plan", sa.String(length=36), nullable=True),
        sa.Column("takes_back", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_draft")),
    )
    op.create_index(op.f("ix_price_draft_takes_back"), "price_draft", ["takes_back"], unique=False)
    op.create_table(
        "price_row",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("row", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "scope", "bucket", "key", "version", name=op.f("pk_price_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "prize_draw",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("names", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=True),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("per_member", sa.Integer(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=True),
        sa.Column("next_ticket", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("ended_ms", BIG_INT, nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prize_draw")),
    )
    op.create_table(
        "prize_stock",
        sa.Column("draw_id", sa.String(length=32), nullable=False),
        sa.Column("prize", sa.String(length=32), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False),
        sa.CheckConstraint('"left" >= 0', name=op.f("ck_prize_stock_not_overdrawn")),
        sa.PrimaryKeyConstraint("draw_id", "prize", name=op.f("pk_prize_stock")),
    )
    op.create_table(
        "prize_ticket",
        sa.Column("draw_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("landed", sa.String(length=32), nullable=False),
        sa.Column("prize", sa.String(length=32), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("draw_id", "number", name=op.f("pk_prize_ticket")),
        sa.UniqueConstraint("request", name=op.f("uq_prize_ticket_request")),
    )
    op.create_index(op.f("ix_prize_ticket_member_id"), "prize_ticket", ["member_id"], unique=False)
    op.create_table(
        "promotion_plan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("promotion", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("typed", sa.String(), nullable=False),
        sa.Column("targets", sa.String(), nullable=False),
        sa.Column("activates_local", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_ms", BIG_INT, nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_ms", BIG_INT, nullable=False),
        sa.Column("writers", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_ms", BIG_INT, nullable=True),
        sa.Column("asked_note", sa.String(), nullable=False),
        sa.Column("returned_by", sa.String(), nullable=False),
        sa.Column("returned_ms", BIG_INT, nullable=True),
        sa.Column("returned_why", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_ms", BIG_INT, nullable=True),
        sa.Column("price_draft", sa.String(length=36), nullable=True),
        sa.Column("version", BIG_INT, nullable=True),
        sa.Column("cloned_from", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_plan")),
    )
    op.create_index(op.f("ix_promotion_plan_price_draft"), "promotion_plan", ["price_draft"], unique=False)
    op.create_index(op.f("ix_promotion_plan_promotion"), "promotion_plan", ["promotion"], unique=False)
    op.create_table(
        "purse",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("legal_entity_id", sa.String(length=32), nullable=True),
        sa.Column("opened_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purse")),
    )
    op.create_index("ix_purse_legal_entity_id_opened_ms", "purse", ["legal_entity_id", "opened_ms", "id"], unique=False)
    op.create_index("ix_purse_opened_ms", "purse", ["opened_ms", "id"], unique=False)
    op.create_index(op.f("ix_purse_owner"), "purse", ["owner"], unique=False)
    op.create_index("ix_purse_state_opened_ms", "purse", ["state", "opened_ms", "id"], unique=False)
    op.create_index("ix_purse_store_id_opened_ms", "purse", ["store_id", "opened_ms", "id"], unique=False)
    op.create_index(
        "uq_purse_card_id",
        "purse",
        ["card_id"],
        unique=True,
        postgresql_where=sa.text("card_id IS NOT NULL"),
        sqlite_where=sa.text("card_id IS NOT NULL"),
    )
    op.create_index(
        "uq_purse_member_id_currency",
        "purse",
        ["member_id", "currency"],
        unique=True,
        postgresql_where=sa.text("member_id IS NOT NULL"),
        sqlite_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_table(
        "purse_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purse_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("applied_by", sa.String(), nullable=False),
        sa.Column("applied_ms", BIG_INT, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_ms", BIG_INT, nullable=True),
        sa.Column("fee_minor", BIG_INT, nullable=False),
        sa.Column("paid_minor", BIG_INT, nullable=False),
        sa.Column("forfeited_minor", BIG_INT, nullable=False),
        sa.Column("recovered_minor", BIG_INT, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("handed_by", sa.String(), nullable=True),
        sa.Column("handed_ms", BIG_INT, nullable=True),
        sa.Column("handed_how", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purse_return")),
    )
    op.create_index(op.f("ix_purse_return_purse_id"), "purse_return", ["purse_id"], unique=False)
    op.create_index(
        "uq_purse_return_open",
        "purse_return",
        ["purse_id"],
        unique=True,
        postgresql_where=sa.text("state = 'applied'"),
        sqlite_where=sa.text("state = 'applied'"),
    )
    op.create_table(
        "receipt_claim",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("cashier", sa.String(length=64), nullable=False),
        sa.Column("claimed_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", name=op.f("pk_receipt_claim")),
    )
    op.create_index(op.f("ix_receipt_claim_member_id"), "receipt_claim", ["member_id"], unique=False)
    op.create_index(
        "ix_receipt_claim_store_id_cashier", "receipt_claim", ["store_id", "cashier", "claimed_ms"], unique=False
    )
    op.create_table(
        "receipt_copy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("copy_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_copy")),
    )
    op.create_index(
        "ix_receipt_copy_store_id_business_date", "receipt_copy", ["store_id", "business_date"], unique=False
    )
    op.create_table(
        "receipt_elsewhere",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("till", sa.String(length=64), nullable=False),
        sa.Column("cashier", sa.String(length=64), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.Column("points", BIG_INT, nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_elsewhere")),
    )
    op.create_index(op.f("ix_receipt_elsewhere_business_date"), "receipt_elsewhere", ["business_date"], unique=False)
    op.create_index(op.f("ix_receipt_elsewhere_member_id"), "receipt_elsewhere", ["member_id"], unique=False)
    op.create_table(
        "receipt_number",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("number", BIG_INT, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("store_id", "till_id", "series", "number", name=op.f("pk_receipt_number")),
    )
    op.create_index(
        "ix_receipt_number_unlinked",
        "receipt_number",
        ["store_id"],
        unique=False,
        postgresql_where=sa.text("head IS NULL"),
        sqlite_where=sa.text("head IS NULL"),
    )
    op.create_table(
        "receipt_series",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("opened_ms", BIG_INT, nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("previous_series", sa.String(), nullable=False),
        sa.Column("previous_number", BIG_INT, nullable=False),
        sa.Column("previous_head", sa.LargeBinary(), nullable=False),
        sa.Column("complete_to", BIG_INT, nullable=False),
        sa.Column("highest", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "till_id", "series", name=op.f("pk_receipt_series")),
    )
    op.create_table(
        "referral",
        sa.Column("friend_id", sa.Uuid(), nullable=False),
        sa.Column("referrer_id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("least_minor", BIG_INT, nullable=False),
        sa.Column("points", BIG_INT, nullable=False),
        sa.Column("friend_points", BIG_INT, nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("found_ms", BIG_INT, nullable=False),
        sa.Column("changed_ms", BIG_INT, nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("friend_id", name=op.f("pk_referral")),
    )
    op.create_index(op.f("ix_referral_referrer_id"), "referral", ["referrer_id"], unique=False)
    op.create_index("ix_referral_sale_id", "referral", ["sale_id"], unique=False)
    op.create_index("ix_referral_state", "referral", ["state", "due_on"], unique=False)
    op.create_table(
        "reversal",
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("of_cause", sa.Uuid(), nullable=False),
        sa.Column("of_purpose", sa.String(length=32), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("cause", "purpose", "n", name=op.f("pk_reversal")),
    )
    append_only.install(op.get_bind(), "reversal")
    op.create_index(op.f("ix_reversal_of_cause"), "reversal", ["of_cause"], unique=False)
    op.create_table(
        "review_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("cashier", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("opened_ms", BIG_INT, nullable=False),
        sa.Column("decided_ms", BIG_INT, nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_case")),
    )
    op.create_index(op.f("ix_review_case_member_id"), "review_case", ["member_id"], unique=False)
    op.create_index("ix_review_case_status_day", "review_case", ["status", "day"], unique=False)
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("changed_ms", BIG_INT, nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.Column("approved_ms", BIG_INT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
    )
    op.create_index("ix_rule_draft_state", "rule_draft", ["state"], unique=False)
    op.create_table(
        "rule_trial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("last_member", sa.Uuid(), nullable=True),
        sa.Column("tally", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_ms", BIG_INT, nullable=False),
        sa.Column("finished_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_trial")),
    )
    op.create_index(op.f("ix_rule_trial_draft_id"), "rule_trial", ["draft_id"], unique=False)
    op.create_index("ix_rule_trial_state", "rule_trial", ["state"], unique=False)
    op.create_table(
        "sale",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.String(), nullable=True),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("till_kind", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("receipt_series", sa.String(), nullable=False),
        sa.Column("receipt_number", BIG_INT, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("opened_ms", BIG_INT, nullable=False),
        sa.Column("priced_ms", BIG_INT, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("tax_mode", sa.String(), nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.Column("saved_minor", BIG_INT, nullable=False),
        sa.Column("tax_minor", BIG_INT, nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("member_tier", sa.String(), nullable=True),
        sa.Column("member_problem", sa.String(), nullable=True),
        sa.Column("book_version", BIG_INT, nullable=False),
        sa.Column("book_manifest", sa.LargeBinary(), nullable=False),
        sa.Column("engine", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("device_ms", BIG_INT, nullable=False),
        sa.Column("hq_offset_ms", BIG_INT, nullable=False),
        sa.Column("time_quality", sa.String(), nullable=False),
        sa.Column("points_promised", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale")),
    )
    op.create_index("ix_sale_at_ms", "sale", ["at_ms"], unique=False)
    op.create_index(
        "ix_sale_card_id",
        "sale",
        ["card_id"],
        unique=False,
        postgresql_where=sa.text("card_id IS NOT NULL AND member_id IS NULL"),
        sqlite_where=sa.text("card_id IS NOT NULL AND member_id IS NULL"),
    )
    op.create_index("ix_sale_commit_no", "sale", ["commit_no"], unique=False)
    op.create_index(
        "ix_sale_member_id",
        "sale",
        ["member_id"],
        unique=False,
        postgresql_where=sa.text("member_id IS NOT NULL"),
        sqlite_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_index("ix_sale_store_id_business_date", "sale", ["store_id", "business_date"], unique=False)
    op.create_table(
        "sale_adjustment",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("line_n", sa.Integer(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "n", name=op.f("pk_sale_adjustment")),
    )
    op.create_table(
        "sale_age_check",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("checked_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "n", name=op.f("pk_sale_age_check")),
    )
    op.create_table(
        "sale_coupon",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("line_n", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("supplier_minor", BIG_INT, nullable=False),
        sa.Column("chain_minor", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "n", name=op.f("pk_sale_coupon")),
    )
    op.create_table(
        "sale_discount",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("line_n", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("chain_minor", BIG_INT, nullable=False),
        sa.Column("store_minor", BIG_INT, nullable=False),
        sa.Column("supplier_minor", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "line_n", "n", name=op.f("pk_sale_discount")),
    )
    op.create_table(
        "sale_line",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("quantity", BIG_INT, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("price_minor", BIG_INT, nullable=False),
        sa.Column("price_basis", sa.Integer(), nullable=False),
        sa.Column("gross_minor", BIG_INT, nullable=False),
        sa.Column("net_minor", BIG_INT, nullable=False),
        sa.Column("tax_code", sa.String(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("tax_minor", BIG_INT, nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("cost_minor", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("sale_id", "n", name=op.f("pk_sale_line")),
    )
    op.create_table(
        "sale_pricing",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("facts", sa.String(), nullable=True),
        sa.Column("uses", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sale_id", name=op.f("pk_sale_pricing")),
    )
    op.create_table(
        "sale_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("original_sale_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.String(), nullable=True),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("till_kind", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("receipt_series", sa.String(), nullable=False),
        sa.Column("receipt_number", BIG_INT, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.Column("tax_minor", BIG_INT, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("device_ms", BIG_INT, nullable=False),
        sa.Column("hq_offset_ms", BIG_INT, nullable=False),
        sa.Column("time_quality", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_return")),
    )
    op.create_index("ix_sale_return_at_ms", "sale_return", ["at_ms"], unique=False)
    op.create_index("ix_sale_return_commit_no", "sale_return", ["commit_no"], unique=False)
    op.create_index("ix_sale_return_original_sale_id", "sale_return", ["original_sale_id"], unique=False)
    op.create_index("ix_sale_return_store_id_business_date", "sale_return", ["store_id", "business_date"], unique=False)
    op.create_index(
        "ix_sale_return_void",
        "sale_return",
        ["at_ms"],
        unique=False,
        postgresql_where=sa.text("void"),
        sqlite_where=sa.text("void = 1"),
    )
    op.create_table(
        "sale_return_line",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("of_line", sa.Integer(), nullable=False),
        sa.Column("original_sale_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("quantity", BIG_INT, nullable=False),
        sa.Column("refund_minor", BIG_INT, nullable=False),
        sa.Column("tax_minor", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("return_id", "of_line", name=op.f("pk_sale_return_line")),
    )
    op.create_index(
        "ix_sale_return_line_original_sale_id", "sale_return_line", ["original_sale_id", "of_line"], unique=False
    )
    op.create_table(
        "sale_tender",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("change_minor", BIG_INT, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("sale_id", "n", name=op.f("pk_sale_tender")),
    )
    op.create_table(
        "sale_void",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("receipt_series", sa.String(), nullable=False),
        sa.Column("receipt_number", BIG_INT, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_void")),
    )
    op.create_table(
        "segment",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("changed_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_segment")),
    )
    op.create_table(
        "shard_lease",
        sa.Column("shard", sa.String(length=2), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("fence", BIG_INT, nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_shard_lease")),
    )
    op.create_table(
        "shift_report",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("opened_ms", BIG_INT, nullable=False),
        sa.Column("closed_ms", BIG_INT, nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("sales", BIG_INT, nullable=False),
        sa.Column("sales_minor", BIG_INT, nullable=False),
        sa.Column("returns", BIG_INT, nullable=False),
        sa.Column("returns_minor", BIG_INT, nullable=False),
        sa.Column("cash_expected_minor", BIG_INT, nullable=False),
        sa.Column("counted_minor", BIG_INT, nullable=False),
        sa.Column("unsent", BIG_INT, nullable=False),
        sa.Column("because", sa.Uuid(), nullable=True),
        sa.Column("totals", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("shift_id", "version", name=op.f("pk_shift_report")),
    )
    op.create_index(
        "ix_shift_report_store_id_business_date", "shift_report", ["store_id", "business_date"], unique=False
    )
    op.create_table(
        "spending",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("given_back", BIG_INT, nullable=False),
        sa.Column("shortfall", sa.Boolean(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("sale_id", "n", name=op.f("pk_spending")),
    )
    op.create_table(
        "staff",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("pin", sa.String(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("adult", sa.Boolean(), nullable=False),
        sa.Column("left_ms", BIG_INT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_staff")),
    )
    op.create_table(
        "staff_act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("staff_code", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_act")),
    )
    op.create_index("ix_staff_act_store_id_business_date", "staff_act", ["store_id", "business_date"], unique=False)
    op.create_table(
        "staff_card",
        sa.Column("staff_code", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("staff_code", "member_id", name=op.f("pk_staff_card")),
    )
    op.create_index(op.f("ix_staff_card_member_id"), "staff_card", ["member_id"], unique=False)
    op.create_table(
        "store",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("tax_mode", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("price_zone", sa.String(length=32), nullable=False),
        sa.Column("day_cutoff_minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store")),
    )
    op.create_index(op.f("ix_store_price_zone"), "store", ["price_zone"], unique=False)
    op.create_table(
        "store_day",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("sales", BIG_INT, nullable=False),
        sa.Column("lines", BIG_INT, nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.Column("returns", BIG_INT, nullable=False),
        sa.Column("refund_minor", BIG_INT, nullable=False),
        sa.Column("voids", BIG_INT, nullable=False),
        sa.Column("void_minor", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "business_date", name=op.f("pk_store_day")),
    )
    op.create_table(
        "store_group",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_group")),
    )
    op.create_table(
        "store_hour",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("sales", BIG_INT, nullable=False),
        sa.Column("total_minor", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("store_id", "business_date", "hour", name=op.f("pk_store_hour")),
    )
    op.create_index("ix_store_hour_business_date", "store_hour", ["business_date"], unique=False)
    op.create_table(
        "swipe",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("till_kind", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swipe")),
    )
    op.create_index("ix_swipe_store_id_business_date", "swipe", ["store_id", "business_date"], unique=False)
    op.create_table(
        "tier_change",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(length=32), nullable=False),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("gifts_ms", BIG_INT, nullable=True),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_tier_change")),
    )
    op.create_index("ix_tier_change_day", "tier_change", ["day"], unique=False)
    op.create_index(
        "ix_tier_change_gifts_open",
        "tier_change",
        ["member_id"],
        unique=False,
        postgresql_where=sa.text("gifts_ms IS NULL"),
        sqlite_where=sa.text("gifts_ms IS NULL"),
    )
    op.create_table(
        "tier_floor",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_tier_floor")),
    )
    op.create_index(op.f("ix_tier_floor_until"), "tier_floor", ["until"], unique=False)
    op.create_table(
        "tier_gift",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("benefit", sa.String(length=64), nullable=False),
        sa.Column("occasion", sa.String(length=16), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("points", BIG_INT, nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("given_ms", BIG_INT, nullable=False),
        sa.Column("problem", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "benefit", "occasion", name=op.f("pk_tier_gift")),
    )
    op.create_index("ix_tier_gift_problem", "tier_gift", ["problem"], unique=False)
    op.create_table(
        "tier_rule",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_tier_rule")),
    )
    op.create_table(
        "tier_turn",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("version", "zone", name=op.f("pk_tier_turn")),
    )
    op.create_table(
        "till_shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("staff_code", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("opened_ms", BIG_INT, nullable=False),
        sa.Column("float_minor", BIG_INT, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_shift")),
    )
    op.create_index("ix_till_shift_store_id_business_date", "till_shift", ["store_id", "business_date"], unique=False)
    op.create_table(
        "top_up_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purse_id", sa.Uuid(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("gift_minor", BIG_INT, nullable=False),
        sa.Column("gift_months", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("valid_until_ms", BIG_INT, nullable=False),
        sa.Column("sold", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up_offer")),
    )
    op.create_index(op.f("ix_top_up_offer_purse_id"), "top_up_offer", ["purse_id"], unique=False)
    op.create_table(
        "value_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_ms", BIG_INT, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_ms", BIG_INT, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_correction")),
    )
    op.create_index(op.f("ix_value_correction_owner"), "value_correction", ["owner"], unique=False)
    op.create_index("ix_value_correction_state_asked_ms", "value_correction", ["state", "asked_ms"], unique=False)
    op.create_table(
        "value_payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.String(), nullable=True),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("receipt_series", sa.String(), nullable=False),
        sa.Column("receipt_number", BIG_INT, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("of_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_payment")),
        sa.UniqueConstraint("of_id", name=op.f("uq_value_payment_of_id")),
    )
    op.create_index(
        "ix_value_payment_store_id_business_date", "value_payment", ["store_id", "business_date"], unique=False
    )
    op.create_table(
        "value_rule",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_value_rule")),
    )
    op.create_table(
        "value_rule_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_ms", BIG_INT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_rule_draft")),
    )
    op.create_table(
        "value_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parameters", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("total", BIG_INT, nullable=False),
        sa.Column("posted_items", sa.Integer(), nullable=False),
        sa.Column("posted_total", BIG_INT, nullable=False),
        sa.Column("units", sa.String(), nullable=False),
        sa.Column("far", sa.Uuid(), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_ms", BIG_INT, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("posted_ms", BIG_INT, nullable=True),
        sa.Column("reversed_by", sa.String(), nullable=True),
        sa.Column("reversed_items", sa.Integer(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_run")),
    )
    op.create_table(
        "value_run_item",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("amount", BIG_INT, nullable=False),
        sa.Column("posted", BIG_INT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "subject", name=op.f("pk_value_run_item")),
    )
    op.create_table(
        "value_sale",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commit_no", BIG_INT, nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("legal_entity_id", sa.String(), nullable=True),
        sa.Column("till_id", sa.String(), nullable=False),
        sa.Column("cashier", sa.String(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("receipt_series", sa.String(), nullable=False),
        sa.Column("receipt_number", BIG_INT, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("exponent", sa.Integer(), nullable=False),
        sa.Column("minor", BIG_INT, nullable=False),
        sa.Column("gift_minor", BIG_INT, nullable=False),
        sa.Column("purse_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("gift_card", sa.Boolean(), nullable=False),
        sa.Column("identified", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_sale")),
        sa.UniqueConstraint("offer_id", name=op.f("uq_value_sale_offer_id")),
    )
    op.create_index(op.f("ix_value_sale_purse_id"), "value_sale", ["purse_id"], unique=False)
    op.create_index("ix_value_sale_store_id_business_date", "value_sale", ["store_id", "business_date"], unique=False)
    op.create_table(
        "wallet_look",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("till", sa.String(length=64), nullable=False),
        sa.Column("cashier", sa.String(length=64), nullable=False),
        sa.Column("by_card", sa.Boolean(), nullable=False),
        sa.Column("found", sa.Boolean(), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_look")),
    )
    op.create_index("ix_wallet_look_store_id_till", "wallet_look", ["store_id", "till", "at_ms"], unique=False)
    op.create_table(
        "agent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("shard", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("card_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_ms", BIG_INT, nullable=False),
        sa.Column("revoked_ms", BIG_INT, nullable=True),
        sa.Column("connection", sa.Uuid(), nullable=True),
        sa.Column("connected_ms", BIG_INT, nullable=True),
        sa.Column("seen_ms", BIG_INT, nullable=True),
        sa.Column("drained_ms", BIG_INT, nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("hq_offset_ms", BIG_INT, nullable=True),
        sa.Column("reported", sa.LargeBinary(), nullable=True),
        sa.Column("desired_serial", sa.Integer(), nullable=False),
        sa.Column("desired_digest", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_agent_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )
    op.create_index(op.f("ix_agent_shard"), "agent", ["shard"], unique=False)
    op.create_index(op.f("ix_agent_store_id"), "agent", ["store_id"], unique=False)
    op.create_table(
        "claim_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_ms", BIG_INT, nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.Column("used_ms", BIG_INT, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_claim_code_store_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_claim_code")),
    )
    op.create_index(op.f("ix_claim_code_store_id"), "claim_code", ["store_id"], unique=False)
    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.Column("expires_ms", BIG_INT, nullable=False),
        sa.Column("seen_ms", BIG_INT, nullable=True),
        sa.ForeignKeyConstraint(["person"], ["console_person.name"], name=op.f("fk_console_session_person")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_session")),
    )
    op.create_index(op.f("ix_console_session_person"), "console_session", ["person"], unique=False)
    op.create_table(
        "item_picture",
        sa.Column("item", sa.String(length=128), nullable=False),
        sa.Column("picture", sa.String(length=64), nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("set_ms", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["picture"], ["picture.hash"], name=op.f("fk_item_picture_picture")),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_item_picture")),
    )
    op.create_index(op.f("ix_item_picture_picture"), "item_picture", ["picture"], unique=False)
    op.create_table(
        "member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("masked_name", sa.String(), nullable=False),
        sa.Column("home_store", sa.String(), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("signup_store", sa.String(length=32), nullable=True),
        sa.Column("signup_cashier", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("created_ms", BIG_INT, nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=True),
        sa.Column("referred_by", sa.Uuid(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["home_store"], ["store.id"], name=op.f("fk_member_home_store")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("reference", name=op.f("uq_member_reference")),
    )
    op.create_index(op.f("ix_member_home_store"), "member", ["home_store"], unique=False)
    op.create_index(op.f("ix_member_import_id"), "member", ["import_id"], unique=False)
    op.create_index(op.f("ix_member_merged_into"), "member", ["merged_into"], unique=False)
    op.create_table(
        "price_draft_approval",
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_ms", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["price_draft.id"], name=op.f("fk_price_draft_approval_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_price_draft_approval")),
    )
    op.create_table(
        "price_draft_row",
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("row", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["price_draft.id"], name=op.f("fk_price_draft_row_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "kind", "scope", "key", name=op.f("pk_price_draft_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "price_version",
        sa.Column("version", BIG_INT, autoincrement=False, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("parent", BIG_INT, nullable=True),
        sa.Column("draft_id", sa.String(length=36), nullable=True),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("published_ms", BIG_INT, nullable=False),
        sa.Column("activates_local", sa.String(), nullable=False),
        sa.Column("engine", sa.Integer(), nullable=False),
        sa.Column("changed_rows", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("rollback_of", BIG_INT, nullable=True),
        sa.Column("rebuilt_from", BIG_INT, nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["price_draft.id"], name=op.f("fk_price_version_draft_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_price_version")),
    )
    op.create_index(op.f("ix_price_version_draft_id"), "price_version", ["draft_id"], unique=False)
    op.create_table(
        "promotion_preview",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=True),
        sa.Column("draft_id", sa.String(length=36), nullable=True),
        sa.Column("row", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("targets", sa.String(), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_ms", BIG_INT, nullable=False),
        sa.Column("beat_ms", BIG_INT, nullable=False),
        sa.Column("runner", sa.String(length=36), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("done", BIG_INT, nullable=False),
        sa.Column("total", BIG_INT, nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column("finished_ms", BIG_INT, nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["price_draft.id"], name=op.f("fk_promotion_preview_draft_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["promotion_plan.id"], name=op.f("fk_promotion_preview_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_preview")),
    )
    op.create_index(op.f("ix_promotion_preview_draft_id"), "promotion_preview", ["draft_id"], unique=False)
    op.create_index("ix_promotion_preview_plan_id_asked_ms", "promotion_preview", ["plan_id", "asked_ms"], unique=False)
    op.create_index(op.f("ix_promotion_preview_status"), "promotion_preview", ["status"], unique=False)
    op.create_table(
        "staff_store",
        sa.Column("staff_code", sa.String(length=32), nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["staff_code"], ["staff.code"], name=op.f("fk_staff_store_staff_code")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_staff_store_store_id")),
        sa.PrimaryKeyConstraint("staff_code", "store_id", name=op.f("pk_staff_store")),
    )
    op.create_index(op.f("ix_staff_store_store_id"), "staff_store", ["store_id"], unique=False)
    op.create_table(
        "store_group_member",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["store_group.id"], name=op.f("fk_store_group_member_group_id")),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_group_member_store_id")),
        sa.PrimaryKeyConstraint("group_id", "store_id", name=op.f("pk_store_group_member")),
    )
    op.create_index(op.f("ix_store_group_member_store_id"), "store_group_member", ["store_id"], unique=False)
    op.create_table(
        "store_manifest",
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_manifest_store_id")),
        sa.PrimaryKeyConstraint("version", "store_id", name=op.f("pk_store_manifest")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_store_manifest_store_id"), "store_manifest", ["store_id"], unique=False)
    op.create_table(
        "store_member",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("seen_ms", BIG_INT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_member_store_id")),
        sa.PrimaryKeyConstraint("store_id", "member_id", name=op.f("pk_store_member")),
    )
    op.create_index(op.f("ix_store_member_member_id"), "store_member", ["member_id"], unique=False)
    op.create_index("ix_store_member_store_id_seen_ms", "store_member", ["store_id", "seen_ms"], unique=False)
    op.create_index("ix_store_member_store_id_version", "store_member", ["store_id", "version"], unique=False)
    op.create_table(
        "store_members",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_members_store_id")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_store_members")),
    )
    op.create_table(
        "store_ownership",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("legal_entity_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entity.id"], name=op.f("fk_store_ownership_legal_entity_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_ownership_store_id")),
        sa.PrimaryKeyConstraint("store_id", "from_date", name=op.f("pk_store_ownership")),
    )
    op.create_index(op.f("ix_store_ownership_legal_entity_id"), "store_ownership", ["legal_entity_id"], unique=False)
    op.create_table(
        "store_terminals",
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_store_terminals_store_id")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_store_terminals")),
    )
    op.create_table(
        "till",
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_till_store_id")),
        sa.PrimaryKeyConstraint("store_id", "id", name=op.f("pk_till")),
    )
    op.create_table(
        "timeline_entry",
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.Column("activates_ms", BIG_INT, nullable=False),
        sa.Column("activates_local", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"], name=op.f("fk_timeline_entry_store_id")),
        sa.PrimaryKeyConstraint("store_id", "version", name=op.f("pk_timeline_entry")),
    )
    op.create_table(
        "agent_epoch",
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("watermark", BIG_INT, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("opened_ms", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_epoch_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "epoch", name=op.f("pk_agent_epoch")),
    )
    op.create_table(
        "agent_gap",
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("first", BIG_INT, nullable=False),
        sa.Column("last", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("declared_ms", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_gap_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "epoch", "first", name=op.f("pk_agent_gap")),
    )
    op.create_table(
        "card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("blind_index", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("first_seen_ms", BIG_INT, nullable=False),
        sa.Column("attached_ms", BIG_INT, nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("noticed_ms", BIG_INT, nullable=True),
        sa.Column("changed_ms", BIG_INT, nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_card_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("blind_index", name=op.f("uq_card_blind_index")),
    )
    op.create_index(op.f("ix_card_expires_on"), "card", ["expires_on"], unique=False)
    op.create_index(op.f("ix_card_member_id"), "card", ["member_id"], unique=False)
    op.create_index(
        "uq_card_in_use",
        "card",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("status = 'active' AND member_id IS NOT NULL"),
        sqlite_where=sa.text("status = 'active' AND member_id IS NOT NULL"),
    )
    op.create_table(
        "certificate",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("issued_ms", BIG_INT, nullable=False),
        sa.Column("not_after_ms", BIG_INT, nullable=False),
        sa.Column("revoked_ms", BIG_INT, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_certificate_agent_id")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_agent_id"), "certificate", ["agent_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("given_ms", BIG_INT, nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("withdrawn_ms", BIG_INT, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id")),
        sa.PrimaryKeyConstraint("member_id", "channel", "given_ms", name=op.f("pk_consent")),
    )
    op.create_table(
        "device_change",
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("at_ms", BIG_INT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("power", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("conditions", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_device_change_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "device", "at_ms", name=op.f("pk_device_change")),
    )
    op.create_table(
        "family_member",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("joined_ms", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_family_member_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_family_member")),
    )
    op.create_index(op.f("ix_family_member_family_id"), "family_member", ["family_id"], unique=False)
    op.create_table(
        "member_block",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_block_member_id")),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_member_block")),
    )
    op.create_table(
        "member_field",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("blind_index", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("set_ms", BIG_INT, nullable=False),
        sa.Column("retention", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_field_member_id")),
        sa.PrimaryKeyConstraint("member_id", "name", name=op.f("pk_member_field")),
    )
    op.create_index(op.f("ix_member_field_blind_index"), "member_field", ["blind_index"], unique=False)
    op.create_table(
        "member_past_block",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.Column("until_ms", BIG_INT, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("lifted_reason", sa.String(length=500), nullable=False),
        sa.Column("lifted_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_past_block_member_id")),
        sa.PrimaryKeyConstraint("member_id", "n", name=op.f("pk_member_past_block")),
    )
    op.create_table(
        "member_segment",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("segment", sa.String(length=32), nullable=False),
        sa.Column("since_ms", BIG_INT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_segment_member_id")),
        sa.PrimaryKeyConstraint("member_id", "segment", name=op.f("pk_member_segment")),
    )
    op.create_index(op.f("ix_member_segment_segment"), "member_segment", ["segment"], unique=False)
    op.create_table(
        "till_devices",
        sa.Column("store_id", sa.String(length=32), nullable=False),
        sa.Column("till_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id", "till_id"], ["till.store_id", "till.id"], name=op.f("fk_till_devices_store_id_till_id")
        ),
        sa.PrimaryKeyConstraint("store_id", "till_id", name=op.f("pk_till_devices")),
    )
