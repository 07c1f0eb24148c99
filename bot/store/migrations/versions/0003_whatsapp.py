"""What WhatsApp needs: second names of a person, doors that close, receipts of the platform, and why a reply did not go out."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("why", sa.String(length=40), nullable=True))
    op.create_index(
        "ix_outbox_door",
        "outbox",
        ["conversation_id"],
        sqlite_where=sa.text("state = 'door'"),
        postgresql_where=sa.text("state = 'door'"),
    )

    op.create_table(
        "alias",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("alias", sa.String(length=128), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_alias_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel", "alias", name=op.f("pk_alias")),
    )
    op.create_index("ix_alias_conversation", "alias", ["conversation_id"])

    op.create_table(
        "door",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("knock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("knocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_door_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_door")),
    )
    op.create_index(
        "ix_door_knock",
        "door",
        ["knock_at"],
        sqlite_where=sa.text("knock_at IS NOT NULL"),
        postgresql_where=sa.text("knock_at IS NOT NULL"),
    )

    op.create_table(
        "receipt",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("part", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("remedy", sa.String(length=8), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_receipt_conversation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_receipt_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_receipt")),
    )
    op.create_index("ix_receipt_conversation", "receipt", ["conversation_id"])
    op.create_index("ix_receipt_message", "receipt", ["message_id"])
