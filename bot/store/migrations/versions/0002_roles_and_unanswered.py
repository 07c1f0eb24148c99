"""Roles of accounts (those there are become Lotsen), and a mark on messages that nobody and nothing answered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lotse", sa.Column("roles", sa.JSON(), server_default='["lotse"]', nullable=False))
    op.add_column("message", sa.Column("unanswered", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_message_unanswered",
        "message",
        ["at"],
        unique=False,
        sqlite_where=sa.text("unanswered"),
        postgresql_where=sa.text("unanswered"),
    )
