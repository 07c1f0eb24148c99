"""When messages left a chat, who cannot be reached, what a message is called where it comes from, and notes between processes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("unreachable_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("sent", sa.JSON(), nullable=True))
    op.add_column("inbox", sa.Column("message", sa.String(length=64), nullable=True))
    op.create_table(
        "note",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_note")),
    )
