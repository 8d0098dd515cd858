"""The spine: firm, cases, ledger, case keys, clocks, letters, deliveries."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime(timezone=True)


def _amount() -> sa.types.TypeEngine[Any]:
    return sa.Numeric(18, 2).with_variant(sa.String(24), "sqlite")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "firm",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.Column("offset_seconds", sa.Integer, nullable=False),
        sa.Column("key_fingerprint", sa.String(16), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_firm_one_row"),
    )
    op.create_table(
        "cases",
        sa.Column("reference", sa.String(24), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("asks", sa.String(16)),
        sa.Column("regime", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("number", sa.String(500)),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("party_type", sa.String(8), nullable=False),
        sa.Column("history", sa.Boolean, nullable=False),
        sa.Column("kind", sa.String(16)),
        sa.Column("category", sa.String(32)),
        sa.Column("cause", sa.String(32)),
        sa.Column("severity", sa.String(16)),
        sa.Column("urgency", sa.String(16)),
        sa.Column("department", sa.String(32)),
        sa.Column("product", sa.String(500)),
        sa.Column("region", sa.String(6)),
        sa.Column("amount", _amount()),
        sa.Column("currency", sa.String(3)),
        sa.Column("received_at", _instant(), nullable=False),
        sa.Column("acknowledged_at", _instant()),
        sa.Column("answered_at", _instant()),
        sa.Column("closed_at", _instant()),
        sa.Column("decision_due_at", _instant()),
        sa.Column("outcome", sa.String(16)),
        sa.Column("remedy", sa.String(16)),
        sa.Column("redress_paid", _amount()),
        sa.Column("redress_currency", sa.String(3)),
        sa.Column("satisfaction", sa.String(16)),
        sa.Column("closure", sa.String(16)),
        sa.Column("late", sa.Boolean),
        sa.UniqueConstraint("sender", "number", name="uq_cases_sender_number"),
    )
    for column in ("stage", "received_at", "closed_at"):
        op.create_index(f"ix_cases_{column}", "cases", [column])
    op.create_table(
        "ledger",
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "case_keys",
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary),
    )
    op.create_table(
        "clocks",
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), primary_key=True),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("due_at", _instant(), nullable=False),
        sa.Column("next_at", _instant()),
        sa.Column("missed", sa.Boolean, nullable=False),
    )
    op.create_index("ix_clocks_next_at", "clocks", ["next_at"])
    op.create_table(
        "letters",
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), primary_key=True),
        sa.Column("letter", sa.String(32), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("sending_since", _instant()),
    )
    op.create_table(
        "deliveries",
        sa.Column("sender", sa.String(64), primary_key=True),
        sa.Column("delivery_id", sa.String(128), primary_key=True),
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), nullable=False),
    )


def downgrade() -> None:
    """The first schema has nothing before it."""
    raise RuntimeError("There is no schema before 0001.")
