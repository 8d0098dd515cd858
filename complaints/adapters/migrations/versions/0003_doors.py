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
    """Add tables; of the old ones ``deliveries`` and ``cases`` get columns."""
    op.add_column("deliveries", sa.Column("content", sa.String(64)))
    _add_authorities()
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
    op.create_index("ix_signs_sign", "signs", ["kind", "sign", "reference"])
    _add_announcements()


def _add_authorities() -> None:
    op.add_column("cases", sa.Column("authority", sa.String(600)))
    op.add_column("cases", sa.Column("authority_number", sa.String(600)))
    forwarded = sa.text("authority IS NOT NULL")
    op.create_index(
        "uq_cases_authority_number",
        "cases",
        ["authority", "authority_number"],
        unique=True,
        postgresql_where=forwarded,
        sqlite_where=forwarded,
    )


def _add_announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer, primary_key=True),
        _reference(nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
    op.create_index("ix_announcements_at", "announcements", ["at"])
    op.create_table(
        "dispatches",
        sa.Column("announcement", sa.Integer, sa.ForeignKey("announcements.id"), primary_key=True),
        sa.Column("receiver", sa.String(64), primary_key=True),
        sa.Column("reference", sa.String(24), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("next_at", _instant()),
        sa.Column("give_up_at", _instant()),
        sa.Column("delivered_at", _instant()),
        sa.Column("failure", sa.String(200)),
    )
    waiting = sa.text("next_at IS NOT NULL")
    for name, columns in (
        ("ix_dispatches_next_at", ["receiver", "next_at"]),
        ("ix_dispatches_waiting", ["reference", "receiver", "announcement"]),
    ):
        op.create_index(name, "dispatches", columns, postgresql_where=waiting, sqlite_where=waiting)
