"""The doors: runs to be started, signs of repeated complaints, and what other systems are told."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime(timezone=True)


def _reference(**options: Any) -> sa.Column[Any]:
    return sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), **options)


def upgrade() -> None:
    """Add tables; of the old ones only ``deliveries`` gets a column."""
    op.add_column("deliveries", sa.Column("content", sa.String(64)))
    op.create_table(
        "starts",
        _reference(primary_key=True),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("filed_at", _instant(), nullable=False),
    )
    op.create_index("ix_starts_filed_at", "starts", ["urgent", "filed_at"])
    op.create_table(
        "signs",
        _reference(primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("sign", sa.String(32), primary_key=True),
    )
    op.create_index("ix_signs_sign", "signs", ["kind", "sign"])
    _add_announcements()


def _add_announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer, primary_key=True),
        _reference(nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
    op.create_table(
        "dispatches",
        sa.Column("announcement", sa.Integer, sa.ForeignKey("announcements.id"), primary_key=True),
        sa.Column("receiver", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("next_at", _instant()),
        sa.Column("delivered_at", _instant()),
        sa.Column("failure", sa.String(200)),
    )
    waiting = sa.text("next_at IS NOT NULL")
    op.create_index("ix_dispatches_next_at", "dispatches", ["next_at"], postgresql_where=waiting, sqlite_where=waiting)
