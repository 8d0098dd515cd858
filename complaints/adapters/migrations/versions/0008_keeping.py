"""How long each case is kept, whether it is held, whether its person was erased; and the last anchor outside."""

import sqlalchemy as sa
from alembic import op

from complaints.adapters.migrations.refilling import refill

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add columns, filled from each case's ledger; what erasing needs to go on after a kill; what was anchored."""
    columns = (
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("retain_until", sa.DateTime(timezone=True)),
        sa.Column("on_hold", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
    )
    for column in columns:
        op.add_column("cases", column)
    refill(op.get_bind(), [column.name for column in columns])
    op.create_index("ix_cases_retain_until", "cases", ["retain_until"])
    op.create_table(
        "remnants",
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), primary_key=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "erasure_orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("approver", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
    )
    op.add_column("firm", sa.Column("anchor_number", sa.Integer))
    op.add_column("firm", sa.Column("anchor_sha256", sa.String(64)))
    op.add_column("firm", sa.Column("anchor_mark", sa.String(64)))
