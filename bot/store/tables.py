"""The tables. Times are UTC; texts of newcomers stand in ``inbox``, ``message``, ``conversation``, ``case`` and ``case_step``,
their phone numbers in ``conversation`` and ``alias``: all of it hangs on the conversation and goes with it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    bindparam,
    cast,
    extract,
    false,
    func,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC times on both databases; SQLite itself forgets the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        return None


def clock(database: AsyncEngine | AsyncConnection) -> ColumnElement[float]:
    """Seconds now, by the one clock that all processes share: PostgreSQL's, or the machine's with SQLite."""
    if database.dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Float(53))
    return bindparam("clock_now", callable_=time.time, type_=Float(53))  # asked at each execution


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("address", String(128), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("dialogue", JSON, nullable=False),
    Column("token_hash", String(64)),
    Column("created_at", UtcTime, nullable=False),
    Column("active_at", UtcTime, nullable=False),
    Column("unreachable_since", UtcTime),
    Column("sent", JSON(none_as_null=True)),  # when the last messages left, in seconds of the database's clock
    UniqueConstraint("channel", "address"),
    Index("ix_conversation_active_at", "active_at"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("update_id", String(128), nullable=False),
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="SET NULL")),
    Column("raw", JSON, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcTime),
    Column("outcome", String(16)),
    Column("message", String(64)),
    UniqueConstraint("channel", "update_id"),
    Index(
        "ix_inbox_open",
        "conversation_id",
        "id",
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
    Index("ix_inbox_recent", "conversation_id", "received_at"),
    sqlite_autoincrement=True,
)

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("sender", String(16), nullable=False),
    Column("name", String(80)),
    Column("text", Text, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("extra", JSON, nullable=False),
    Column("client_id", String(160)),
    Column("at", UtcTime, nullable=False),
    Column("unanswered", Boolean, nullable=False, server_default=false()),
    Index("ix_message_conversation", "conversation_id", "id"),
    Index("ix_message_unanswered", "at", sqlite_where=text("unanswered"), postgresql_where=text("unanswered")),
    UniqueConstraint("conversation_id", "client_id", name="uq_message_client"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", Integer, ForeignKey("message.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("parts_sent", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcTime),
    Column("done_at", UtcTime),
    Column("why", String(40)),
    Index(
        "ix_outbox_waiting",
        "conversation_id",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_outbox_door",
        "conversation_id",
        sqlite_where=text("state = 'door'"),
        postgresql_where=text("state = 'door'"),
    ),
    sqlite_autoincrement=True,
)

alias = Table(
    "alias",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("alias", String(128), primary_key=True),
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Index("ix_alias_conversation", "conversation_id"),
)

door = Table(
    "door",
    metadata,
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("open_until", UtcTime, nullable=False),
    Column("knock_at", UtcTime),
    Column("knocked_at", UtcTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("why", String(40)),
    Index(
        "ix_door_knock",
        "knock_at",
        sqlite_where=text("knock_at IS NOT NULL"),
        postgresql_where=text("knock_at IS NOT NULL"),
    ),
)

receipt = Table(
    "receipt",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="CASCADE")),
    Column("message_id", Integer, ForeignKey("message.id", ondelete="CASCADE")),
    Column("part", Integer, nullable=False, server_default="0"),
    Column("state", Integer, nullable=False),
    Column("code", Integer),
    Column("remedy", String(8)),
    Column("at", UtcTime, nullable=False),
    Index("ix_receipt_conversation", "conversation_id"),
    Index("ix_receipt_message", "message_id"),
)

case = Table(
    "case",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", String(36), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("question", Text, nullable=False),
    Column("understood", JSON, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("waiting_since", UtcTime, nullable=False),
    Column("claimed_by", Integer, ForeignKey("lotse.id")),
    Column("claimed_at", UtcTime),
    Column("seen_message", Integer, nullable=False, server_default="0"),
    Column("closed_at", UtcTime),
    Column("closed_as", String(16)),
    Index("ix_case_state", "state", "waiting_since"),
    Index(
        "uq_case_live",
        "conversation_id",
        unique=True,
        sqlite_where=text("state != 'closed'"),
        postgresql_where=text("state != 'closed'"),
    ),
)

case_step = Table(
    "case_step",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(36), ForeignKey("case.id", ondelete="CASCADE"), nullable=False),
    Column("lotse_id", Integer, ForeignKey("lotse.id")),
    Column("step", String(16), nullable=False),
    Column("note", Text),
    Column("at", UtcTime, nullable=False),
    Index("ix_case_step_case", "case_id"),
)

lotse = Table(
    "lotse",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("languages", JSON, nullable=False),
    Column("roles", JSON, nullable=False, server_default='["lotse"]'),
    Column("telegram", String(32)),
    Column("password_hash", String(255)),
    Column("setup_hash", String(64)),
    Column("setup_until", UtcTime),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

key = Table(
    "key",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("lotse_id", Integer, ForeignKey("lotse.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("until", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)

tally = Table(
    "tally",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("locale", String(16), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("topic", String(40), primary_key=True),
    Column("number", Integer, nullable=False),
)

note = Table(
    "note",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("value", JSON, nullable=False),
)
