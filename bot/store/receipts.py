"""What the platform reports on each message it took from us: sent, delivered, read or failed.

A report may come before we have noted that the message was taken, twice, or in the wrong order; what counts is how far it came.
The keys are hashes, because a platform's own id may hold a phone number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.errors import DoorClosed
from bot.ports import Delivery, Fate, Receipt
from bot.store import tables as t
from bot.store.doors import close_for, set_door
from bot.store.transaction import Transaction
from bot.store.views import Progress

if TYPE_CHECKING:
    from bot.store.store import Store

TRIES_AFTER_FAILING, LONGEST_PAUSE = 20, 600
_SENT_AS = {Fate.ACCEPTED: "sent", Fate.SENT: "sent", Fate.DELIVERED: "delivered", Fate.READ: "read"}


async def note(transaction: Transaction, receipt: Receipt, now: datetime) -> str:
    """Keep one report. Returns the conversation it belongs to, or nothing if that is not known (yet)."""
    row = await _row(transaction, receipt.key, now)
    if receipt.fate > row["state"]:
        await _set(
            transaction,
            receipt.key,
            state=int(receipt.fate),
            code=receipt.code or None,
            remedy=receipt.remedy,
            at=now,
        )
        if receipt.fate is Fate.FAILED:
            await _failed(transaction, row["conversation_id"], row["message_id"], receipt.key, now)
        elif row["state"] == Fate.FAILED and row["message_id"]:  # it arrived after all, on another phone for example
            arrived = update(t.outbox).where(t.outbox.c.message_id == row["message_id"], t.outbox.c.state == "dead")
            await transaction.connection.execute(arrived.values(state="sent", why=None))
    return str(row["conversation_id"] or "")


async def attach(transaction: Transaction, outbox: int, first_part: int, keys: Sequence[str], now: datetime) -> None:
    """The platform took these parts of a reply; it will report on them under these keys."""
    if not keys:
        return
    row = await transaction.one(
        select(t.outbox.c.conversation_id, t.outbox.c.message_id).where(t.outbox.c.id == outbox)
    )
    for part, key in enumerate(keys if row else (), first_part):
        if key and row:
            await _claim(transaction, key, now, row["conversation_id"], row["message_id"], part)


async def wait_at_door(store: Store, delivery: Delivery, door: DoorClosed, now: datetime) -> None:
    """The channel takes a reply, or the rest of it, only after the newcomer has written. A farewell does not wait for that."""
    said = select(t.message.c.extra).join(t.outbox, t.outbox.c.message_id == t.message.c.id)
    async with store.begin() as transaction:
        row = await transaction.one(said.where(t.outbox.c.id == delivery.id))
        if row and not row["extra"].get("farewell"):
            sent = door.sent or delivery.parts_sent
            await attach(transaction, delivery.id, sent - len(door.receipts) + 1, door.receipts, now)
            await close_for(transaction, delivery.id, sent, now)
            return
    await store.give_up(delivery.id, now, "door")


async def knocked(store: Store, conversation: str, key: str, now: datetime) -> None:
    """The platform took the knock."""
    async with store.begin() as transaction:
        await set_door(transaction, conversation, knock_at=None, knocked_at=now, attempts=0, why=None)
        if key:
            await _claim(transaction, key, now, conversation, None, 0)


async def progress(transaction: Transaction, conversation: str) -> dict[int, Progress]:
    """How far each reply has come, by its message."""
    rows = await transaction.all(
        select(t.outbox.c.message_id, t.outbox.c.state, t.outbox.c.why, t.receipt.c.state.label("fate"))
        .outerjoin(t.receipt, t.receipt.c.message_id == t.outbox.c.message_id)
        .where(t.outbox.c.conversation_id == conversation)
    )
    found: dict[int, Progress] = {}
    for row in rows:
        state = _state(row)
        before = found.get(row["message_id"])
        if before is None or _STEPS.index(state) < _STEPS.index(before.state):
            found[row["message_id"]] = Progress(state=state, why=row["why"] or "")
    return found


_STEPS = ("failed", "waiting", "door", "sent", "delivered", "read")


def _state(row: RowMapping) -> str:
    if row["state"] == "dead":
        return "failed"
    if row["state"] != "sent":
        return str(row["state"])
    return _SENT_AS.get(Fate(row["fate"] or 0), "failed")


async def _row(transaction: Transaction, key: str, now: datetime) -> RowMapping:
    """The receipt of one key, made if it is new, and locked."""
    dialect = postgresql if transaction.connection.dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(t.receipt).values(key=key, state=int(Fate.ACCEPTED), at=now)
    await transaction.connection.execute(fresh.on_conflict_do_nothing())
    row = await transaction.one(select(t.receipt).where(t.receipt.c.key == key).with_for_update())
    assert row is not None
    return row


async def _claim(
    transaction: Transaction, key: str, now: datetime, conversation: str, message: int | None, part: int
) -> None:
    """A receipt belongs to this message, or to a knock; a failure that was reported before counts from now on."""
    row = await _row(transaction, key, now)
    await _set(transaction, key, conversation_id=conversation, message_id=message, part=part)
    if row["state"] == Fate.FAILED:
        await _failed(transaction, conversation, message, key, now)


async def _set(transaction: Transaction, key: str, **values: Any) -> None:
    await transaction.connection.execute(update(t.receipt).where(t.receipt.c.key == key).values(**values))


async def _failed(
    transaction: Transaction, conversation: str | None, message: int | None, key: str, now: datetime
) -> None:
    """The platform took it and could not bring it: to the door, once more later, or given up, visibly."""
    row = await _row(transaction, key, now)
    why = str(row["code"] or "")
    if message is None:
        if conversation is not None:
            again = now + timedelta(minutes=10) if row["remedy"] == "later" else None
            await set_door(transaction, conversation, knock_at=again, knocked_at=None, why=why)
        return
    outbox = await transaction.one(select(t.outbox.c.id, t.outbox.c.attempts).where(t.outbox.c.message_id == message))
    if outbox is None:
        return
    sent = max(row["part"] - 1, 0)
    if row["remedy"] == "door":
        await close_for(transaction, outbox["id"], sent, now)
    elif row["remedy"] == "later" and outbox["attempts"] < TRIES_AFTER_FAILING:
        pause = timedelta(seconds=min(4 ** outbox["attempts"], LONGEST_PAUSE))
        await _set_outbox(
            transaction,
            outbox["id"],
            state="waiting",
            attempts=outbox["attempts"] + 1,
            not_before=now + pause,
            parts_sent=sent,
        )
    else:
        await _set_outbox(transaction, outbox["id"], state="dead", why=why)
        return
    await transaction.connection.execute(
        delete(t.receipt).where(t.receipt.c.message_id == message, t.receipt.c.part > sent)
    )


async def _set_outbox(transaction: Transaction, outbox: int, **values: Any) -> None:
    await transaction.connection.execute(update(t.outbox).where(t.outbox.c.id == outbox).values(**values))
