"""Statistics: what summaries and returns count, as columns of ``cases``."""

import sqlalchemy as sa
from alembic import op

from complaints.adapters.migrations.refilling import refill

revision = "0006"
down_revision = "0005"

_LONG_AGO = sa.text("'1970-01-01 00:00:00'")  # stays where a ledger cannot be read


def upgrade() -> None:
    """Add columns, and fill them from each case's ledger."""
    columns = (
        sa.Column("sub_product", sa.String(500)),
        sa.Column("issue", sa.String(500)),
        sa.Column("represented", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("forwarded", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("is_group", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
        sa.Column("merged_into", sa.String(24)),
        sa.Column("merged_at", sa.DateTime(timezone=True)),
        sa.Column("reopened", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reopened_at", sa.DateTime(timezone=True)),
        sa.Column("review", sa.String(16)),
        sa.Column("review_asked_at", sa.DateTime(timezone=True)),
        sa.Column("review_told_at", sa.DateTime(timezone=True)),
        sa.Column("payments", sa.Text),
        sa.Column("handler", sa.String(64)),
        sa.Column("breach_cause", sa.String(32)),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=_LONG_AGO),
    )
    for column in columns:
        op.add_column("cases", column)
    # A clock that stands still has no limit; before, the one that it had was kept.
    refill(op.get_bind(), ["decision_due_at", *(column.name for column in columns)])
