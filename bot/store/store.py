"""The store: accepts updates once, hands out what is open in order, and gives every step its transaction."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversation import Mode
from bot.errors import Unknown
from bot.message import Button, Reply
from bot.ports import Delivery, Move, Receipt, Update
from bot.store import aliases, doors, receipts
from bot.store import tables as t
from bot.store.transaction import Transaction
from bot.store.views import Unanswered

SENT_KEPT = 90.0  # seconds; no limit of a platform on one chat looks further back
SWEPT = 500

# Made once: putting a statement together costs more than running it.
_NEXT_ASKED = (
    select(t.inbox)
    .where(t.inbox.c.conversation_id == bindparam("conversation"), t.inbox.c.done_at.is_(None))
    .order_by(t.inbox.c.id)
    .limit(1)
)
_CONVERSATION_OF = select(t.conversation.c.id, t.conversation.c.mode).where(
    t.conversation.c.channel == bindparam("channel"), t.conversation.c.address == bindparam("address")
)
_KNOWN_UPDATE = select(t.inbox.c.id, t.inbox.c.conversation_id).where(
    t.inbox.c.channel == bindparam("channel"), t.inbox.c.update_id == bindparam("update_id")
)


def _next_delivery(engine: AsyncEngine) -> Select[Any]:
    return (
        select(
            t.outbox.c.id,
            t.outbox.c.attempts,
            t.outbox.c.parts_sent,
            t.outbox.c.not_before,
            t.message.c.text,
            t.message.c.locale,
            t.message.c.extra,
            t.message.c.name,
            t.message.c.sender,
            t.conversation.c.channel,
            t.conversation.c.address,
            t.conversation.c.sent,
            t.outbox.c.created_at,
            t.door.c.open_until,
            t.clock(engine).label("clock"),
        )
        .join(t.message, t.message.c.id == t.outbox.c.message_id)
        .join(t.conversation, t.conversation.c.id == t.outbox.c.conversation_id)
        .outerjoin(t.door, t.door.c.conversation_id == t.outbox.c.conversation_id)
        .where(t.outbox.c.conversation_id == bindparam("conversation"), t.outbox.c.state == "waiting")
        .order_by(t.outbox.c.id)
        .limit(1)
    )


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """Where an update went; ``new`` is false if it was there before, ``human`` is true while a Lotse has the conversation."""

    conversation: str
    inbox: int
    new: bool
    human: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The oldest update of a conversation that nobody has handled."""

    inbox: int
    channel: str
    update_id: str
    raw: dict[str, Any]
    received_at: datetime
    attempts: int


class Store:
    """All that is kept. Every public method is one transaction; ``begin`` opens one for a longer step."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._next_delivery = _next_delivery(engine)
        self.insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    @asynccontextmanager
    async def begin(self, *, repeatable: bool = False) -> AsyncIterator[Transaction]:
        """A writing transaction: committed at the end, rolled back on any exception.

        ``repeatable``: if the machine loses its power, the step is taken again; this makes the commit cheaper on SQLite.
        """
        async with self.engine.connect() as connection:
            if repeatable:
                await connection.execution_options(repeatable=True)
            async with connection.begin():
                yield Transaction(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A reading transaction, which never waits for a writer on SQLite."""
        async with self.engine.connect() as connection:
            await connection.execution_options(reading=True)
            yield Transaction(connection)
            await connection.rollback()

    async def ping(self) -> None:
        """Raises whatever the database raises when it is away."""
        async with self.engine.connect() as connection:
            await connection.execution_options(reading=True)
            await connection.execute(select(1))

    @staticmethod
    def is_away(error: BaseException) -> bool:
        """The database itself is in trouble, whatever it was asked."""
        return isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)

    # ---- in

    async def new_chat(self, *, id_: str, token_hash: str, locale: str, now: datetime, topic: str = "") -> None:
        """A web chat whose key only the browser knows; ``topic`` is the entry its page was opened at."""
        dialogue = {"last_topic": topic} if topic else {}
        fresh = _fresh(id_, "web", id_, locale, now) | {"token_hash": token_hash, "dialogue": dialogue}
        async with self.engine.begin() as connection:
            await connection.execute(insert(t.conversation).values(fresh))

    async def chat_token_hash(self, id_: str) -> str | None:
        """The hash of a web chat's key, or none if there is no such chat."""
        async with self.read() as reading:
            row = await reading.one(select(t.conversation.c.token_hash).where(t.conversation.c.id == id_))
        return str(row["token_hash"]) if row and row["token_hash"] else None

    async def accept(self, update_: Update, *, locale: str, now: datetime) -> Accepted:
        """Keep an update, once: the same key again changes nothing. When this returns, it is safe.

        A repeated update of an erased conversation belongs to none any more; its ``conversation`` is empty. So it is for
        what changes nothing: a correction without a difference, or news of somebody who never wrote.
        """
        return (await self.accept_all([update_], locale=locale, now=now))[0]

    async def accept_all(
        self,
        updates: Sequence[Update],
        *,
        locale: str,
        now: datetime,
        moves: Sequence[Move] = (),
        reports: Sequence[Receipt] = (),
    ) -> list[Accepted]:
        """The same for all that came in one request, together with changed names and reports on our own messages.

        The reports' conversations are told apart by ``inbox`` 0. Each kind of row is taken in one order everywhere, so that
        two requests about the same people never wait for each other in a ring.
        """
        async with self.begin() as transaction:
            taken = {
                number: await self._accept(transaction, updates[number], locale, now)
                for number in sorted(range(len(updates)), key=lambda number: updates[number].address)
            }
            accepted = [taken[number] for number in range(len(updates))]
            opened: dict[str, datetime] = {}
            for one, update_ in zip(accepted, updates, strict=True):
                if one.new and update_.open_until:
                    opened[one.conversation] = max(update_.open_until, opened.get(one.conversation, update_.open_until))
            for conversation in sorted(opened):
                await doors.open_for(transaction, conversation, opened[conversation], now)
            for move in moves:
                await aliases.move(transaction, move)
            noted = [await receipts.note(transaction, report, now) for report in sorted(reports, key=lambda r: r.key)]
        about = [Accepted(conversation=conversation, inbox=0, new=False) for conversation in noted if conversation]
        return [*accepted, *about]

    async def _accept(self, transaction: Transaction, update_: Update, locale: str, now: datetime) -> Accepted:
        connection = transaction.connection
        key = {"channel": update_.channel, "update_id": update_.id}
        if old := (await connection.execute(_KNOWN_UPDATE, key)).one_or_none():
            return Accepted(conversation=old.conversation_id or "", inbox=old.id, new=False)
        conversation, mode = await self._conversation_of(transaction, update_, locale, now)
        if not conversation or (update_.edited and not await self._corrects(transaction, conversation, update_)):
            return Accepted(conversation="", inbox=0, new=False)
        row = self.insert(t.inbox).values(
            channel=update_.channel, update_id=update_.id, conversation_id=conversation, raw=update_.raw, received_at=now,
            message=update_.message or None,
        )  # fmt: skip
        new = (await connection.execute(row.on_conflict_do_nothing().returning(t.inbox.c.id))).scalar_one_or_none()
        if new is not None:
            return Accepted(conversation=conversation, inbox=new, new=True, human=mode == Mode.HUMAN)
        return Accepted(
            conversation=conversation, inbox=(await connection.execute(_KNOWN_UPDATE, key)).one().id, new=False
        )

    async def _conversation_of(
        self, transaction: Transaction, update_: Update, locale: str, now: datetime
    ) -> tuple[str, str]:
        connection = transaction.connection
        name = {"channel": update_.channel, "address": update_.address}
        found = await aliases.owner(transaction, update_)
        if found := found or (await connection.execute(_CONVERSATION_OF, name)).one_or_none():
            await aliases.add(transaction, update_, found.id)
            return found.id, found.mode
        if update_.channel == "web":  # only opening a chat makes one; this one was erased a moment ago
            raise Unknown("There is no such chat. It was erased or never existed.")
        if not update_.opens:
            return "", ""
        row = (
            self.insert(t.conversation)
            .values(_fresh(str(uuid.uuid4()), update_.channel, update_.address, locale, now))
            .on_conflict_do_nothing()
        )
        await connection.execute(row)
        made = (await connection.execute(_CONVERSATION_OF, name)).one()
        await aliases.add(transaction, update_, made.id)
        return made.id, made.mode

    @staticmethod
    async def _corrects(transaction: Transaction, conversation: str, update_: Update) -> bool:
        """Whether an edited message differs from what is known of it; what was erased stays so."""
        known = (
            select(t.inbox.c.raw)
            .where(t.inbox.c.conversation_id == conversation, t.inbox.c.message == update_.message)
            .order_by(t.inbox.c.id.desc())
            .limit(1)
        )
        row = await transaction.one(known)
        return row is not None and "message" in row["raw"] and row["raw"]["message"] != update_.raw.get("message")

    async def next_asked(self, conversation: str, now: datetime) -> Asked | None:
        """The oldest open update; none while that one waits for its next try, so the order is kept."""
        async with self.read() as reading:
            row = await reading.one(_NEXT_ASKED, conversation=conversation)
        if row is None or (row["not_before"] and row["not_before"] > now):
            return None
        return Asked(
            inbox=row["id"],
            channel=row["channel"],
            update_id=row["update_id"],
            raw=row["raw"],
            received_at=row["received_at"],
            attempts=row["attempts"],
        )

    async def last_raw(self, conversation: str) -> dict[str, Any]:
        """The newcomer's last update as the channel kept it."""
        query = select(t.inbox.c.raw).where(t.inbox.c.conversation_id == conversation)
        async with self.read() as reading:
            row = await reading.one(query.order_by(t.inbox.c.id.desc()).limit(1))
        return dict(row["raw"]) if row else {}

    async def try_again(self, inbox: int, not_before: datetime) -> None:
        """Handling failed; keep the update for later."""
        async with self.engine.begin() as connection:
            await connection.execute(
                update(t.inbox)
                .where(t.inbox.c.id == inbox)
                .values(attempts=t.inbox.c.attempts + 1, not_before=not_before)
            )

    # ---- out

    async def next_delivery(self, conversation: str, now: datetime) -> Delivery | None:
        """The oldest unsent reply; none while that one waits for its next try, so the order is kept."""
        async with self.read() as reading:
            row = await reading.one(self._next_delivery, conversation=conversation)
        if row is None or (row["not_before"] and row["not_before"] > now):
            return None
        buttons = tuple(Button(**button) for button in row["extra"].get("buttons", ()))
        return Delivery(
            id=row["id"],
            conversation=conversation,
            channel=row["channel"],
            address=row["address"],
            attempts=row["attempts"],
            parts_sent=row["parts_sent"],
            reply=Reply(text=row["text"], locale=row["locale"], buttons=buttons),
            sender=row["name"] or "" if row["sender"] == "lotse" else "",
            open_until=row["open_until"],
            to=row["extra"].get("to", ""),
            urgent=row["extra"].get("decision") == "emergency",
            age=(now - row["created_at"]).total_seconds(),
            ages=tuple(row["clock"] - moment for moment in row["sent"] or ()),
        )

    async def delivered(self, delivery: int, now: datetime, keys: Sequence[str] = (), first_part: int = 1) -> None:
        """It reached the channel; ``keys`` are those under which the platform will report on its parts."""
        await self._settle(delivery, "sent", now, keys=keys, first_part=first_part)

    async def part_delivered(self, delivery: int, parts_sent: int) -> None:
        """A part of it reached the channel, the next one follows."""
        async with self.begin(repeatable=True) as transaction:
            if row := await transaction.one(self._last_sent(delivery)):
                await self._note_sent(transaction, row)
            await transaction.connection.execute(
                update(t.outbox).where(t.outbox.c.id == delivery).values(parts_sent=parts_sent, not_before=None)
            )

    async def wait_for_room(self, delivery: int, not_before: datetime) -> None:
        """The chat has had all it may have for the moment."""
        async with self.begin(repeatable=True) as transaction:
            await transaction.connection.execute(
                update(t.outbox).where(t.outbox.c.id == delivery).values(not_before=not_before)
            )

    async def deliver_later(
        self, delivery: int, not_before: datetime, parts_sent: int = 0, *, keys: Sequence[str] = ()
    ) -> None:
        """The channel could not take it, or the rest of it, now."""
        later = update(t.outbox).where(t.outbox.c.id == delivery)
        async with self.begin() as transaction:
            await transaction.connection.execute(
                later.values(attempts=t.outbox.c.attempts + 1, not_before=not_before, parts_sent=parts_sent)
            )
            await receipts.attach(transaction, delivery, parts_sent - len(keys) + 1, keys, not_before)

    async def give_up(self, delivery: int, now: datetime, why: str = "", *, unreachable: bool = False) -> None:
        """It will never arrive; it stays visible as dead, with the reason, and so does that its reader cannot be reached."""
        await self._settle(delivery, "dead", now, why=why, unreachable=unreachable)

    def _last_sent(self, delivery: int) -> Select[Any]:
        return (
            select(
                t.outbox.c.conversation_id,
                t.message.c.extra,
                t.conversation.c.channel,
                t.conversation.c.sent,
                t.clock(self.engine).label("clock"),
            )
            .join(t.message, t.message.c.id == t.outbox.c.message_id)
            .join(t.conversation, t.conversation.c.id == t.outbox.c.conversation_id)
            .where(t.outbox.c.id == delivery)
        )

    @staticmethod
    async def _note_sent(transaction: Transaction, row: RowMapping) -> None:
        """Write down when a message left, for the limits of its chat."""
        if row["channel"] == "web":
            return
        moments = [moment for moment in row["sent"] or () if moment > row["clock"] - SENT_KEPT]
        await transaction.connection.execute(
            update(t.conversation)
            .where(t.conversation.c.id == row["conversation_id"])
            .values(sent=[*moments, row["clock"]])
        )

    async def _settle(
        self,
        delivery: int,
        state: str,
        now: datetime,
        *,
        why: str = "",
        keys: Sequence[str] = (),
        first_part: int = 1,
        unreachable: bool = False,
    ) -> None:
        """The end of a delivery; a farewell takes the conversation with it, unless she wrote again in the meantime.

        The conversation is written before the outbox, as every turn does, so that two processes never wait in a ring.
        """
        async with self.begin(repeatable=True) as transaction:
            row = await transaction.one(self._last_sent(delivery))
            if row and state == "sent":
                await self._note_sent(transaction, row)
            if row and unreachable:
                await transaction.unreachable(row["conversation_id"], now)
            await transaction.connection.execute(
                update(t.outbox).where(t.outbox.c.id == delivery).values(state=state, done_at=now, why=why[:40] or None)
            )
            await receipts.attach(transaction, delivery, first_part, keys, now)
            if (
                row
                and row["extra"].get("farewell")
                and row["channel"] != "web"
                and not await self._goes_on(transaction, row["conversation_id"])
            ):
                await transaction.forget(row["conversation_id"])

    @staticmethod
    async def _goes_on(transaction: Transaction, conversation: str) -> bool:
        """Something was received or waits to be sent."""
        open_in = select(t.inbox.c.id).where(t.inbox.c.conversation_id == conversation, t.inbox.c.done_at.is_(None))
        open_out = select(t.outbox.c.id).where(
            t.outbox.c.conversation_id == conversation, t.outbox.c.state == "waiting"
        )
        return bool(await transaction.all(open_in.limit(1)) or await transaction.all(open_out.limit(1)))

    # ---- by the clock

    async def left_behind(self, now: datetime, channels: Iterable[str] = ()) -> list[str]:
        """Conversations with open updates, unsent replies or knocks that are due, longest waiting first; on these channels
        only, if any are named."""
        since_in, since_out = func.min(t.inbox.c.received_at), func.min(t.outbox.c.created_at)
        due_in = (
            select(t.inbox.c.conversation_id, since_in.label("since"))
            .where(
                t.inbox.c.done_at.is_(None),
                t.inbox.c.conversation_id.is_not(None),
                or_(t.inbox.c.not_before.is_(None), t.inbox.c.not_before <= now),
                *([t.inbox.c.channel.in_(channels)] if channels else []),
            )
            .group_by(t.inbox.c.conversation_id)
            .order_by(since_in)
            .limit(SWEPT)
        )
        due_out = (
            select(t.outbox.c.conversation_id, since_out.label("since"))
            .where(t.outbox.c.state == "waiting", or_(t.outbox.c.not_before.is_(None), t.outbox.c.not_before <= now))
            .group_by(t.outbox.c.conversation_id)
            .order_by(since_out)
            .limit(SWEPT)
        )
        if channels:
            due_out = due_out.join(t.conversation).where(t.conversation.c.channel.in_(channels))
        due_knocks = (
            select(t.door.c.conversation_id, t.door.c.knock_at.label("since"))
            .where(t.door.c.knock_at <= now)
            .order_by(t.door.c.knock_at)
            .limit(SWEPT)
        )
        async with self.read() as reading:
            rows = [*await reading.all(due_in), *await reading.all(due_out), *await reading.all(due_knocks)]
        return list(dict.fromkeys(row["conversation_id"] for row in sorted(rows, key=lambda row: row["since"])))

    async def delete_older_than(self, days: int, now: datetime) -> int:
        """Delete conversations nobody wrote in for so long, and the keys of updates after twice that time."""
        limit = now - timedelta(days=days)
        async with self.begin() as transaction:
            rows = await transaction.all(select(t.conversation.c.id).where(t.conversation.c.active_at < limit))
            over = [row["id"] for row in rows if not await self._goes_on(transaction, row["id"])]
            for conversation in over:
                await transaction.forget(conversation)
            old_texts = select(t.message.c.id).where(t.message.c.at < limit)
            await transaction.connection.execute(delete(t.message).where(t.message.c.id.in_(old_texts)))
            await transaction.connection.execute(
                update(t.inbox).where(t.inbox.c.received_at < limit, t.inbox.c.done_at.is_not(None)).values(raw={})
            )
            await transaction.connection.execute(
                delete(t.inbox).where(
                    t.inbox.c.received_at < now - timedelta(days=2 * days), t.inbox.c.done_at.is_not(None)
                )
            )
            closed = select(t.case.c.id).where(t.case.c.closed_at < limit)
            await transaction.connection.execute(delete(t.case).where(t.case.c.id.in_(closed)))
            await transaction.connection.execute(delete(t.key).where(t.key.c.until < now))
            unclaimed = t.receipt.c.conversation_id.is_(None) & (t.receipt.c.at < now - timedelta(days=1))
            await transaction.connection.execute(delete(t.receipt).where(unclaimed))
        return len(over)

    async def move(self, channel: str, old: str, new: str) -> None:
        """A group chat has another address now; what waits for the old one goes to the new one."""

        def at(address: str) -> Select[Any]:
            own = t.conversation.c.channel == channel, t.conversation.c.address == address
            return select(t.conversation.c.id).where(*own).with_for_update()

        async with self.begin() as transaction:
            moved, there = await transaction.one(at(old)), await transaction.one(at(new))
            if moved and there:
                for table in (t.inbox, t.message, t.outbox):
                    own = table.c.conversation_id == moved["id"]
                    await transaction.connection.execute(update(table).where(own).values(conversation_id=there["id"]))
                await transaction.forget(moved["id"])
            elif moved:
                same = t.conversation.c.id == moved["id"]
                await transaction.connection.execute(update(t.conversation).where(same).values(address=new))

    async def leave(self, channel: str, address: str) -> None:
        """We are no longer in this chat: forget it."""
        query = select(t.conversation.c.id).where(
            t.conversation.c.channel == channel, t.conversation.c.address == address
        )
        async with self.begin() as transaction:
            if row := await transaction.one(query):
                await transaction.forget(row["id"])

    async def tallies(self, since: str) -> list[tuple[str, str, str, int]]:
        """Counts since a day: locale, outcome, topic, number."""
        async with self.read() as reading:
            rows = await reading.all(select(t.tally).where(t.tally.c.day >= since))
        return [(row["locale"], row["outcome"], row["topic"], row["number"]) for row in rows]

    async def unanswered(self, since: datetime, limit: int = 2000) -> list[Unanswered]:
        """What newcomers wrote since then and nobody answered, the newest first, as long as their conversations are there."""
        async with self.read() as reading:
            return await reading.unanswered(since, limit)

    async def erase_chat(self, conversation: str) -> None:
        """Delete a web chat with everything that hangs on it."""
        async with self.begin() as transaction:
            await transaction.forget(conversation)


def _fresh(id_: str, channel: str, address: str, locale: str, now: datetime) -> dict[str, Any]:
    return {
        "id": id_,
        "channel": channel,
        "address": address,
        "locale": locale,
        "mode": Mode.BOT.value,
        "dialogue": {},
        "created_at": now,
        "active_at": now,
    }
