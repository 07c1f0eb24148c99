"""One transaction: everything that a turn or a step at the desk reads and writes, or nothing of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import CaseState, Conversation, Mode
from bot.errors import Unknown
from bot.message import Reply
from bot.roles import Role
from bot.store import tables as t
from bot.store.views import CaseRow, Lotse, Said, Sender, Unanswered

_DIALOGUE = (
    "locale_chosen",
    "questions",
    "offered",
    "denied",
    "question",
    "guesses",
    "alarmed",
    "last_topic",
    "danger",
    "erase_asked",
    "slowed",
)

# Made once: putting a statement together costs more than running it.
_CONVERSATION = select(t.conversation).where(t.conversation.c.id == bindparam("id")).with_for_update()
_DONE_AT = select(t.inbox.c.done_at).where(t.inbox.c.id == bindparam("id"))
_RECEIVED = (
    select(func.count())
    .select_from(t.inbox)
    .where(
        t.inbox.c.conversation_id == bindparam("conversation"),
        t.inbox.c.received_at >= bindparam("since"),
        t.inbox.c.id <= bindparam("up_to"),
    )
)
_NEW_MESSAGE = insert(t.message)
_NEW_REPLY = insert(t.outbox)


class Transaction:
    """The reads and writes of one step; made by ``Store.begin``. ``one``, ``all`` and ``connection`` serve this package only."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    # ---- conversations

    async def conversation(self, id_: str) -> Conversation:
        """The conversation, locked against every other step until the end of this one.

        Raises:
            Unknown: if there is none (any more).
        """
        found = await self.one(_CONVERSATION, id=id_)
        if found is None:
            raise Unknown("There is no such conversation.")
        dialogue = {name: found["dialogue"][name] for name in _DIALOGUE if name in found["dialogue"]}
        for name in ("offered", "denied"):
            dialogue[name] = tuple(dialogue.get(name, ()))
        dialogue["guesses"] = tuple((str(topic), int(share)) for topic, share in dialogue.get("guesses", ()))
        return Conversation(
            id=found["id"],
            channel=found["channel"],
            address=found["address"],
            locale=found["locale"],
            mode=Mode(found["mode"]),
            **dialogue,
        )

    async def save(self, conversation: Conversation, now: datetime, *, heard: bool = False) -> None:
        """Keep what the next decision needs. Whoever was ``heard`` can be reached again."""
        dialogue = {name: value for name, value in asdict(conversation).items() if name in _DIALOGUE}
        here = {"unreachable_since": None} if heard else {}
        await self.connection.execute(
            update(t.conversation)
            .where(t.conversation.c.id == conversation.id)
            .values(locale=conversation.locale, mode=conversation.mode.value, dialogue=dialogue, active_at=now, **here)
        )

    async def unreachable(self, conversation: str, since: datetime | None) -> None:
        """Nothing arrives there any more, or, with none, it does again."""
        await self.connection.execute(
            update(t.conversation).where(t.conversation.c.id == conversation).values(unreachable_since=since)
        )

    async def erase(self, conversation: Conversation) -> None:
        """Forget all that was said; the row itself stays for the farewell and is empty."""
        await self.connection.execute(delete(t.case).where(t.case.c.conversation_id == conversation.id))
        await self.connection.execute(delete(t.outbox).where(t.outbox.c.conversation_id == conversation.id))
        await self.connection.execute(delete(t.message).where(t.message.c.conversation_id == conversation.id))
        await self.connection.execute(delete(t.receipt).where(t.receipt.c.conversation_id == conversation.id))
        await self.connection.execute(
            update(t.inbox)
            .where(t.inbox.c.conversation_id == conversation.id, t.inbox.c.done_at.is_not(None))
            .values(raw={})
        )

    async def forget(self, conversation: str) -> None:
        """Delete the conversation with everything that hangs on it; of its updates only the keys stay."""
        await self.connection.execute(
            update(t.inbox)
            .where(t.inbox.c.conversation_id == conversation)
            .values(raw={}, done_at=func.coalesce(t.inbox.c.done_at, func.current_timestamp()))
        )
        await self.connection.execute(delete(t.conversation).where(t.conversation.c.id == conversation))

    # ---- inbox

    async def is_open(self, inbox_id: int) -> bool:
        """Nobody has handled this update yet."""
        found = await self.one(_DONE_AT, id=inbox_id)
        return found is not None and found["done_at"] is None

    async def done(self, inbox_id: int, outcome: str, now: datetime) -> None:
        """This update is handled."""
        await self.connection.execute(
            update(t.inbox).where(t.inbox.c.id == inbox_id).values(done_at=now, outcome=outcome)
        )

    async def received_since(self, conversation: str, since: datetime, up_to: int) -> int:
        """How many updates came from this newcomer since then, up to and with the given one."""
        values = {"conversation": conversation, "since": since, "up_to": up_to}
        return int((await self.connection.execute(_RECEIVED, values)).scalar_one())

    async def clear(self, inbox_id: int) -> None:
        """Of this update only the key stays."""
        await self.connection.execute(update(t.inbox).where(t.inbox.c.id == inbox_id).values(raw={}))

    # ---- messages and replies

    async def heard(
        self,
        conversation: Conversation,
        text: str,
        client_id: str | None,
        now: datetime,
        extra: Mapping[str, Any] | None = None,
    ) -> int:
        """Write down what the newcomer said."""
        return await self._write(
            conversation.id, "newcomer", None, text, conversation.locale, dict(extra or {}), client_id, now
        )

    async def say(
        self,
        conversation: Conversation,
        reply: Reply,
        now: datetime,
        *,
        sender: Sender = "bot",
        name: str | None = None,
        client_id: str | None = None,
        **extra: Any,
    ) -> int:
        """Write down a reply and put it into the outbox, in one go."""
        extra |= {"buttons": [asdict(button) for button in reply.buttons]}
        if reply.card:
            extra["card"] = asdict(reply.card)
        message = await self._write(conversation.id, sender, name, reply.text, reply.locale, extra, client_id, now)
        await self.connection.execute(
            _NEW_REPLY,
            {"conversation_id": conversation.id, "message_id": message, "created_at": now, "state": "waiting"},
        )
        return message

    async def mark_unanswered(self, conversation: str, text: str) -> None:
        """Note that the newest message of the newcomer with this text found no answer; the note goes with the message."""
        newest = (
            select(func.max(t.message.c.id))
            .where(
                t.message.c.conversation_id == conversation,
                t.message.c.sender == "newcomer",
                t.message.c.text == text,
            )
            .scalar_subquery()
        )
        await self.connection.execute(update(t.message).where(t.message.c.id == newest).values(unanswered=True))

    async def unanswered(self, since: datetime, limit: int) -> list[Unanswered]:
        """The newest messages without an answer, each with the topics of the reply that followed."""
        later = t.message.alias("later")
        reply = (
            select(later.c.extra)
            .where(
                later.c.conversation_id == t.message.c.conversation_id,
                later.c.sender == "bot",
                later.c.id > t.message.c.id,
            )
            .order_by(later.c.id)
            .limit(1)
            .scalar_subquery()
        )
        rows = await self.all(
            select(t.message, reply.label("reply"))
            .where(t.message.c.unanswered, t.message.c.at >= since)
            .order_by(t.message.c.id.desc())
            .limit(limit)
        )
        return [_unanswered(row) for row in rows]

    async def already_said(self, conversation: str, client_id: str) -> int | None:
        """The message that was written under this key before."""
        found = await self.one(
            select(t.message.c.id).where(
                t.message.c.conversation_id == conversation, t.message.c.client_id == client_id
            )
        )
        return int(found["id"]) if found else None

    async def answered_since(self, conversation: str, since: datetime) -> bool:
        """Whether anything was said to the newcomer after this moment."""
        query = select(t.message.c.id).where(
            t.message.c.conversation_id == conversation, t.message.c.sender != "newcomer", t.message.c.at > since
        )
        return bool(await self.all(query.limit(1)))

    async def button_label(self, conversation: str, button: str) -> str:
        """The words on a button that was shown in this conversation; empty if none of the last ones has it."""
        shown = select(t.message.c.extra).where(
            t.message.c.conversation_id == conversation, t.message.c.sender != "newcomer"
        )
        for row in await self.all(shown.order_by(t.message.c.id.desc()).limit(30)):
            for one in row["extra"].get("buttons", ()):
                if one["id"] == button:
                    return str(one["label"])
        return ""

    async def said(self, conversation: str, after: int = 0) -> list[Said]:
        """All messages after the given one, in order."""
        rows = await self.all(
            select(t.message)
            .where(t.message.c.conversation_id == conversation, t.message.c.id > after)
            .order_by(t.message.c.id)
        )
        return [_said(row) for row in rows]

    async def _write(
        self,
        conversation: str,
        sender: str,
        name: str | None,
        text: str,
        locale: str,
        extra: dict[str, Any],
        client_id: str | None,
        now: datetime,
    ) -> int:
        result = await self.connection.execute(
            _NEW_MESSAGE,
            {
                "conversation_id": conversation,
                "sender": sender,
                "name": name,
                "text": text,
                "locale": locale,
                "extra": extra,
                "client_id": client_id,
                "at": now,
            },
        )
        key = result.inserted_primary_key
        assert key is not None
        return int(key[0])

    # ---- cases

    async def open_case(
        self, conversation: Conversation, question: str, understood: Mapping[str, Any], now: datetime
    ) -> str:
        """A new case at the end of the queue."""
        id_ = str(uuid.uuid4())
        await self.connection.execute(
            insert(t.case).values(
                id=id_,
                conversation_id=conversation.id,
                state=CaseState.OPEN.value,
                locale=conversation.locale,
                question=question,
                understood=dict(understood),
                urgent=conversation.alarmed,
                opened_at=now,
                waiting_since=now,
            )
        )
        await self.step(id_, None, "opened", now)
        return id_

    async def case(self, id_: str) -> CaseRow:
        """One case.

        Raises:
            Unknown: if there is none (any more).
        """
        rows = await self._cases(t.case.c.id == id_)
        if not rows:
            raise Unknown("There is no such case.")
        return rows[0]

    async def live_case(self, conversation: str) -> CaseRow | None:
        """The open or claimed case of a conversation."""
        rows = await self._cases(t.case.c.conversation_id == conversation, t.case.c.state != CaseState.CLOSED.value)
        return rows[0] if rows else None

    async def cases(self, state: CaseState, lotse: int | None = None, limit: int = 200) -> list[CaseRow]:
        """The cases in a state, urgent ones first, then longest waiting; of one Lotse if asked."""
        conditions = [t.case.c.state == state.value]
        if lotse is not None:
            conditions.append(t.case.c.claimed_by == lotse)
        return await self._cases(*conditions, limit=limit)

    async def place(self, case: str) -> int:
        """The place in the queue, from 1."""
        own = select(t.case.c.waiting_since).where(t.case.c.id == case).scalar_subquery()
        query = (
            select(func.count())
            .select_from(t.case)
            .where(t.case.c.state == CaseState.OPEN.value, t.case.c.waiting_since < own)
        )
        return int((await self.connection.execute(query)).scalar_one()) + 1

    async def claim(self, case: str, lotse: int, now: datetime) -> bool:
        """Take an open case; false if somebody was faster. One statement with a condition, so there is no race."""
        result = await self.connection.execute(
            update(t.case)
            .where(t.case.c.id == case, t.case.c.state == CaseState.OPEN.value)
            .values(state=CaseState.CLAIMED.value, claimed_by=lotse, claimed_at=now)
        )
        return result.rowcount == 1

    async def set_case(self, case: str, **values: Any) -> None:
        """Change fields of a case."""
        await self.connection.execute(update(t.case).where(t.case.c.id == case).values(**values))

    async def step(self, case: str, lotse: int | None, step: str, now: datetime, note: str | None = None) -> None:
        """The audit: who did what with a case, when."""
        await self.connection.execute(
            insert(t.case_step).values(case_id=case, lotse_id=lotse, step=step, note=note, at=now)
        )

    async def _cases(self, *conditions: Any, limit: int = 200) -> list[CaseRow]:
        unread = (
            select(func.count())
            .select_from(t.message)
            .where(
                t.message.c.conversation_id == t.case.c.conversation_id,
                t.message.c.sender == "newcomer",
                t.message.c.id > t.case.c.seen_message,
            )
            .scalar_subquery()
        )
        query: Select[Any] = (
            select(
                t.case,
                t.conversation.c.channel,
                t.conversation.c.unreachable_since,
                t.lotse.c.name.label("claimed_name"),
                unread.label("unread"),
                t.door.c.open_until,
                t.door.c.knocked_at,
                t.door.c.why.label("knock_failed"),
            )
            .join(t.conversation, t.conversation.c.id == t.case.c.conversation_id)
            .outerjoin(t.lotse, t.lotse.c.id == t.case.c.claimed_by)
            .outerjoin(t.door, t.door.c.conversation_id == t.case.c.conversation_id)
            .where(*conditions)
            .order_by(t.case.c.urgent.desc(), t.case.c.waiting_since, t.case.c.id)
            .limit(limit)
        )
        return [_case(row) for row in await self.all(query)]

    # ---- Lotsen

    async def lotse(self, id_: int) -> Lotse | None:
        """An active account."""
        row = await self.one(select(t.lotse).where(t.lotse.c.id == id_, t.lotse.c.active))
        return as_lotse(row) if row else None

    # ---- counts without texts

    async def tally(self, *, day: str, locale: str, channel: str, outcome: str, topic: str) -> None:
        """Count one turn for the report."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        row = dialect.insert(t.tally).values(
            day=day, locale=locale, channel=channel, outcome=outcome, topic=topic, number=1
        )
        await self.connection.execute(
            row.on_conflict_do_update(
                index_elements=list(t.tally.primary_key.columns), set_={"number": t.tally.c.number + 1}
            )
        )

    async def one(self, query: Select[Any], **values: Any) -> RowMapping | None:
        return (await self.connection.execute(query, values or None)).mappings().one_or_none()

    async def all(self, query: Select[Any]) -> list[RowMapping]:
        return list((await self.connection.execute(query)).mappings().all())


def as_lotse(row: RowMapping) -> Lotse:
    """The account in a row; a role of a newer version is left out."""
    known = frozenset(role for role in Role if role in row["roles"])
    return Lotse(id=row["id"], name=row["name"], languages=tuple(row["languages"]), roles=known)


def _unanswered(row: RowMapping) -> Unanswered:
    return Unanswered(
        id=row["id"],
        conversation=row["conversation_id"],
        text=row["text"],
        locale=row["locale"],
        topics=tuple((row["reply"] or {}).get("topics", ())),
    )


def _said(row: RowMapping) -> Said:
    return Said(
        id=row["id"],
        conversation=row["conversation_id"],
        sender=row["sender"],
        name=row["name"],
        text=row["text"],
        locale=row["locale"],
        extra=row["extra"],
        client_id=row["client_id"],
        at=row["at"],
    )


def _case(row: RowMapping) -> CaseRow:
    return CaseRow(
        id=row["id"],
        conversation=row["conversation_id"],
        state=row["state"],
        channel=row["channel"],
        locale=row["locale"],
        question=row["question"],
        understood=row["understood"],
        urgent=row["urgent"],
        waiting_since=row["waiting_since"],
        closed_at=row["closed_at"],
        claimed_by=row["claimed_name"],
        claimed_by_id=row["claimed_by"],
        unread=row["unread"],
        unreachable_since=row["unreachable_since"],
        open_until=row["open_until"],
        knocked_at=row["knocked_at"],
        knock_failed=row["knock_failed"] or "",
    )
