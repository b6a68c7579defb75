"""${message.capitalize()}. Frozen: once released it is never edited, what follows is a new revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

BIG_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the database here from the revision before."""
    ${"\n".join(line for line in upgrades.splitlines() if "###" not in line).strip()}
