"""Several names, one person: a channel may know the same newcomer by a phone number and by an id of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import Move, Update
from bot.store import tables as t
from bot.store.transaction import Transaction


async def owner(transaction: Transaction, update_: Update) -> Row[Any] | None:
    """The conversation (id and mode) one of the names belongs to; the address outdoes the others."""
    if not update_.aliases:
        return None  # a channel where everybody has one name that never changes
    return await _owner(transaction, update_.channel, (update_.address, *update_.aliases))


async def add(transaction: Transaction, update_: Update, conversation: str) -> None:
    """Remember that all these names are the person of this conversation, from now on."""
    if not update_.aliases:
        return
    names = {update_.address, *update_.aliases}
    linked = select(t.alias.c.alias).where(
        t.alias.c.channel == update_.channel, t.alias.c.conversation_id == conversation
    )
    missing = names - {row["alias"] for row in await transaction.all(linked)}
    await _link(transaction, update_.channel, missing, conversation)


async def move(transaction: Transaction, move_: Move) -> None:
    """The person is now called otherwise; replies go to the first of the new names unless somebody else has it."""
    found = await _owner(transaction, move_.channel, move_.old)
    if found is None:
        return
    for name in move_.new[:1]:
        taken = select(t.conversation.c.id).where(
            t.conversation.c.channel == move_.channel, t.conversation.c.address == name
        )
        if not await transaction.all(taken):
            await transaction.connection.execute(
                update(t.conversation).where(t.conversation.c.id == found.id).values(address=name)
            )
    await transaction.connection.execute(
        delete(t.alias).where(t.alias.c.channel == move_.channel, t.alias.c.alias.in_(move_.old))
    )
    await _link(transaction, move_.channel, move_.new, found.id)


async def _owner(transaction: Transaction, channel: str, names: tuple[str, ...]) -> Row[Any] | None:
    query = (
        select(t.conversation.c.id, t.conversation.c.mode)
        .join(t.alias, t.alias.c.conversation_id == t.conversation.c.id)
        .where(t.alias.c.channel == channel, t.alias.c.alias.in_(names))
        .order_by(case((t.alias.c.alias == names[0], 0), else_=1))
        .limit(1)
    )
    return (await transaction.connection.execute(query)).one_or_none()


async def _link(transaction: Transaction, channel: str, names: Iterable[str], conversation: str) -> None:
    dialect = postgresql if transaction.connection.dialect.name == "postgresql" else sqlite
    for name in sorted(set(names)):
        row = dialect.insert(t.alias).values(channel=channel, alias=name, conversation_id=conversation)
        await transaction.connection.execute(
            row.on_conflict_do_update(
                index_elements=[t.alias.c.channel, t.alias.c.alias], set_={"conversation_id": conversation}
            )
        )
