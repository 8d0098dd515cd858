"""Deadlines: clocks say what they are, alerts wait to be told, the firm adds rules of its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns, tables and indexes; every step leaves a table of millions of rows readable."""
    op.add_column("firm", sa.Column("rules_version", sa.Integer, nullable=False, server_default="0"))
    _extend_clocks()
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("reference", sa.String(24), sa.ForeignKey("cases.reference"), nullable=False),
        sa.Column("clock", sa.String(80), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("percent", sa.Integer),
        sa.Column("tell", sa.String(200), nullable=False),
        sa.Column("due_at", _instant(), nullable=False),
        sa.Column("send_after", _instant(), nullable=False),
        sa.Column("announcing_since", _instant()),
        sa.Column("announced_at", _instant()),
        sa.Column("sending_since", _instant()),
        sa.Column("sent_at", _instant()),
    )
    for name, column, waiting in (
        ("ix_alerts_unannounced", "id", sa.text("announced_at IS NULL")),
        ("ix_alerts_unsent", "send_after", sa.text("sent_at IS NULL")),
    ):
        op.create_index(name, "alerts", [column], postgresql_where=waiting, sqlite_where=waiting)
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("added_at", _instant(), nullable=False),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.UniqueConstraint("kind", "name", "version", name="uq_rules_version"),
    )


def _extend_clocks() -> None:
    with op.batch_alter_table("clocks") as clocks:  # the clock of a further regime carries the regime's name
        clocks.alter_column("name", type_=sa.String(80), existing_type=sa.String(32), existing_nullable=False)
    true, false = sa.true(), sa.false()
    op.add_column("clocks", sa.Column("running", sa.Boolean, nullable=False, server_default=true))
    op.add_column("clocks", sa.Column("paused", sa.Boolean, nullable=False, server_default=false))
    op.add_column("clocks", sa.Column("nature", sa.String(8), nullable=False, server_default="duty"))
    op.add_column("clocks", sa.Column("calendar", sa.String(32), nullable=False, server_default=""))
    op.add_column("clocks", sa.Column("standing", sa.String(8), nullable=False, server_default=""))
    op.add_column("clocks", sa.Column("shown", sa.String(8), nullable=False, server_default=""))
    op.execute("UPDATE clocks SET nature = 'wait' WHERE name = 'follow-up'")
    op.execute(
        "UPDATE clocks SET running = false WHERE EXISTS (SELECT 1 FROM ledger WHERE "
        "ledger.reference = clocks.reference AND ledger.kind = 'clock_met' "
        "AND ledger.facts LIKE '%\"clock\":\"' || clocks.name || '\"%')"
    )
    op.execute("UPDATE clocks SET running = false WHERE nature = 'wait' AND next_at IS NULL")
    op.execute("UPDATE clocks SET standing = 'late' WHERE running AND missed")
    op.execute(
        "UPDATE clocks SET standing = 'soon' WHERE running AND NOT missed AND nature = 'duty' AND next_at = due_at"
    )
    op.drop_index("ix_clocks_next_at", "clocks")  # the sweep goes on from where it was, however many are due at once
    for name, columns, where, on_sqlite in (
        ("ix_clocks_next_at", ["next_at", "reference", "name"], "next_at IS NOT NULL", "next_at IS NOT NULL"),
        ("ix_clocks_running", ["due_at"], "running", "running = 1"),
        ("ix_clocks_to_show", ["reference", "name"], "shown <> standing", "shown <> standing"),
    ):
        op.create_index(name, "clocks", columns, postgresql_where=sa.text(where), sqlite_where=sa.text(on_sqlite))
