"""Running for real: which workers live."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a table; no other is touched."""
    op.create_table(
        "workers",
        sa.Column("identifier", sa.String(160), primary_key=True),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True)),
        sa.Column("heir", sa.String(160)),
    )
