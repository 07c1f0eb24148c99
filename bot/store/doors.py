"""Doors that close: some platforms take free text only for a while after the newcomer wrote. What is late waits, a knock goes out.

An unsent reply has the state ``door`` while it waits there. The newcomer's next message, or her tap under the knock, opens
the door and puts everything back into the outbox, oldest first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import Knock
from bot.store import tables as t
from bot.store.transaction import Transaction

if TYPE_CHECKING:
    from bot.store.store import Store

KNOCK_AGAIN_AFTER = timedelta(hours=24)
_SHUT = {"knock_at": None, "knocked_at": None, "attempts": 0, "why": None}


async def open_for(transaction: Transaction, conversation: str, until: datetime, now: datetime) -> None:
    """The newcomer wrote: remember how long the door stays open and let out what waited at it.

    A message that comes so late that the door is closed again changes nothing.
    """
    dialect = postgresql if transaction.connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(t.door).values(conversation_id=conversation, open_until=until)
    if until <= now:
        await transaction.connection.execute(row.on_conflict_do_nothing())
        return
    await transaction.connection.execute(
        row.on_conflict_do_update(index_elements=[t.door.c.conversation_id], set_={"open_until": until, **_SHUT})
    )
    await transaction.connection.execute(
        update(t.outbox)
        .where(t.outbox.c.conversation_id == conversation, t.outbox.c.state == "door")
        .values(state="waiting", not_before=None)
    )


async def close_for(transaction: Transaction, outbox: int, sent: int, now: datetime) -> None:
    """Put one reply to the door; ``sent`` of its parts went out before. An answer knocks, at most once a day; what the bot
    mentions in passing waits without."""
    said = await transaction.one(
        select(t.message.c.conversation_id, t.message.c.sender, t.message.c.extra)
        .join(t.outbox, t.outbox.c.message_id == t.message.c.id)
        .where(t.outbox.c.id == outbox)
    )
    if said is None:
        return
    await transaction.connection.execute(
        update(t.outbox).where(t.outbox.c.id == outbox).values(state="door", parts_sent=sent, not_before=None)
    )
    door = await transaction.one(select(t.door).where(t.door.c.conversation_id == said["conversation_id"]))
    if door is None:
        await transaction.connection.execute(
            insert(t.door).values(conversation_id=said["conversation_id"], open_until=now)
        )
    values: dict[str, object] = {} if door and door["open_until"] <= now else {"open_until": now}
    answers = said["sender"] == "lotse" or said["extra"].get("decision") != "silent"
    lately = door and door["knocked_at"] and door["knocked_at"] > now - KNOCK_AGAIN_AFTER
    if answers and not lately and not (door and door["knock_at"]):
        values |= {"knock_at": now, "attempts": 0}
    if values:
        await set_door(transaction, said["conversation_id"], **values)


async def set_door(transaction: Transaction, conversation: str, **values: object) -> None:
    """Change what is known of a door."""
    await transaction.connection.execute(
        update(t.door).where(t.door.c.conversation_id == conversation).values(**values)
    )


async def next_knock(store: Store, conversation: str, now: datetime) -> Knock | None:
    """The knock that is due, if one is."""
    query = (
        select(t.door.c.attempts, t.conversation.c.channel, t.conversation.c.address, t.conversation.c.locale)
        .join(t.conversation, t.conversation.c.id == t.door.c.conversation_id)
        .where(t.door.c.conversation_id == conversation, t.door.c.knock_at <= now)
    )
    async with store.read() as reading:
        row = await reading.one(query)
    return Knock(conversation=conversation, **row) if row else None


async def knock_failed(store: Store, conversation: str, why: str, again: datetime | None) -> None:
    """The knock did not go out; what waits goes on waiting, and the Lotse sees why."""
    async with store.begin() as transaction:
        await set_door(transaction, conversation, knock_at=again, attempts=t.door.c.attempts + 1, why=why[:40])
