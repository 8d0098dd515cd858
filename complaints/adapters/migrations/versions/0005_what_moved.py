"""Finding the cases on which something was recorded lately, without reading the ledger."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add an index; entries come in the order of time, for which PostgreSQL has one that costs nearly nothing."""
    op.create_index("ix_ledger_at", "ledger", ["at"], postgresql_using="brin")
