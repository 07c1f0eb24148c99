"""The API of the desk: the queue, a case, what a Lotse does with it, and the live view."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator

from bot import desk
from bot.conversation import CaseState
from bot.errors import Unknown
from bot.hub import DESK
from bot.message import clean_text
from bot.roles import Role
from bot.store import CaseRow, Progress, Transaction, accounts, receipts
from bot.web import shown
from bot.web.desk_auth import AtDesk, Desk
from bot.web.events import event, next_hint, stream
from bot.web.parts import Has, Parts
from faq import card_text, make_card
from locales import known, languages

router = APIRouter(prefix="/api/v1", tags=["desk"])


class Note(BaseModel):
    """A word to the next Lotse."""

    note: str = Field(default="", max_length=500)


class Closing(BaseModel):
    """How a case ended."""

    outcome: Literal["answered", "passed-on", "no-reply", "not-for-us", "abuse"] = "answered"


class FromLotse(BaseModel):
    """Words, or the id of an entry that is sent in the newcomer's language."""

    client_id: uuid.UUID
    text: str | None = Field(default=None, max_length=4000)
    topic: str | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _one_of_both(self) -> FromLotse:
        if bool(self.text and self.text.strip()) == bool(self.topic):
            raise ValueError("send either text or topic, and not an empty one")
        return self


@router.get("/cases")
async def cases(me: Desk, parts: Has, state: Literal["open", "claimed", "closed"] = "open") -> dict[str, Any]:
    """The queue, urgent first, then longest waiting."""
    async with parts.store.read() as reading:
        rows = await reading.cases(CaseState(state), me.lotse.id if state == "closed" else None)
    return {"cases": [shown.case(row, me.lotse.id) for row in rows]}


@router.get("/cases/events", response_class=StreamingResponse)
async def follow(me: Desk, parts: Has, locale: str = "de") -> StreamingResponse:
    """The queue as it changes: ``case``, ``message``, and ``delivery`` for how far a reply has come."""
    return stream(_events(me, parts, known(locale) or "de"))


@router.get("/cases/{case_id}")
async def case(case_id: str, me: Desk, parts: Has, locale: str = "de") -> dict[str, Any]:
    """The case card with the conversation. Opening one's own case marks it as read."""
    async with parts.store.read() as reading:
        row = await reading.case(case_id)
        said = [
            message
            for message in await reading.said(row.conversation)
            if not row.closed_at or message.at <= row.closed_at
        ]
        come = await _come(reading, row)
    if row.claimed_by_id == me.lotse.id and row.unread and said:
        async with parts.store.begin() as transaction:
            await transaction.set_case(case_id, seen_message=said[-1].id)
        await _acknowledge(parts, row, typing=False)
    catalogue, own = parts.knowledge.catalogue, known(locale) or "de"
    return shown.case(row, me.lotse.id, own) | {
        "messages": [
            shown.said(message, catalogue, parts.clock(), come.get(message.id), own)
            for message in said
            if shown.newcomer_view(message)
        ],
        "understood": shown.understood(row, catalogue, own),
    }


@router.post("/cases/{case_id}/claim")
async def claim(case_id: str, me: Desk, parts: Has) -> dict[str, Any]:
    """Take the case; 409 names who has it already."""
    async with parts.store.begin() as transaction:
        conversation = await desk.claim(transaction, case_id, me.lotse, parts.clock())
    return await _changed(case_id, conversation, me, parts)


@router.post("/cases/{case_id}/release")
async def release(case_id: str, me: Desk, parts: Has, body: Note | None = None) -> dict[str, Any]:
    """Give it back at its place in the queue."""
    async with parts.store.begin() as transaction:
        conversation = await desk.release(
            transaction, case_id, me.lotse, parts.clock(), clean_text(body.note) if body else ""
        )
    return await _changed(case_id, conversation, me, parts)


@router.post("/cases/{case_id}/forward")
async def forward(case_id: str, me: Desk, parts: Has, body: Note | None = None) -> dict[str, Any]:
    """Pass it on to whoever takes it next, with a note."""
    return await release(case_id, me, parts, body)


@router.post("/cases/{case_id}/close")
async def close(case_id: str, me: Desk, parts: Has, body: Closing | None = None) -> dict[str, Any]:
    """End it; the newcomer is with the chatbot again."""
    async with parts.store.begin() as transaction:
        conversation = await desk.close(
            transaction, case_id, me.lotse, parts.clock(), body.outcome if body else "answered"
        )
    return await _changed(case_id, conversation, me, parts)


@router.post("/cases/{case_id}/messages", status_code=202)
async def write(case_id: str, body: FromLotse, me: Desk, parts: Has) -> dict[str, str]:
    """Write to the newcomer, or send an entry; the same ``client_id`` again changes nothing."""
    async with parts.store.begin() as transaction:
        now, key = parts.clock(), str(body.client_id)
        if body.topic:
            conversation = await desk.send_entry(
                transaction, case_id, me.lotse, now, key, body.topic, parts.knowledge.catalogue
            )
        else:
            conversation = await desk.write(transaction, case_id, me.lotse, now, key, clean_text(body.text or ""))
    await _changed(case_id, conversation, me, parts)
    return {"client_id": key}


@router.post("/cases/{case_id}/typing", status_code=204)
async def typing(case_id: str, me: Desk, parts: Has) -> Response:
    """Show the newcomer that a person is writing."""
    async with parts.store.read() as reading:
        row = await reading.case(case_id)
    if row.claimed_by_id == me.lotse.id:
        parts.hub.tell(row.conversation, "typing")
        await _acknowledge(parts, row, typing=True)
    return Response(status_code=204)


@router.get("/topics")
async def topics(
    me: Desk, parts: Has, q: Annotated[str, Query(max_length=200)] = "", locale: str = "de", other: str = "de"
) -> dict[str, Any]:
    """Entries whose title, first line or id hold all words of ``q``, with both languages side by side."""
    own, theirs = known(locale) or "de", other if other in languages() else "de"
    words = q.lower().split()
    catalogue, now = parts.knowledge.catalogue, parts.clock()
    found = []
    for topic in catalogue.topics.values():
        card = make_card(catalogue, topic.id, own, now)
        haystack = f"{topic.id} {card.title} {card.lead.text} {catalogue.title(topic.id, 'de')}".lower()
        if all(word in haystack for word in words):
            in_theirs = make_card(catalogue, topic.id, theirs, now)
            found.append(
                {
                    "id": topic.id,
                    "title": card.title,
                    "lead": card.lead.text,
                    "chapter": topic.chapter,
                    "text": card_text(card, with_more=True),
                    "other": {
                        "locale": in_theirs.locale,
                        "title": in_theirs.title,
                        "text": card_text(in_theirs, with_more=True),
                        "complete": in_theirs.locale == theirs,
                    },
                }
            )
    return {"topics": found[:30]}


async def _acknowledge(parts: Parts, row: CaseRow, *, typing: bool) -> None:
    """Show on WhatsApp that a person reads or writes."""
    if parts.whatsapp and row.channel == parts.whatsapp.name:
        last = await parts.store.last_raw(row.conversation)
        parts.whatsapp.person_acknowledges(row.conversation, str(last.get("id", "")), typing=typing)


async def _come(reading: Transaction, row: CaseRow) -> dict[int, Progress]:
    """How far the replies have come; on the web page there is no way to go."""
    return {} if row.channel == "web" else await receipts.progress(reading, row.conversation)


async def _changed(case_id: str, conversation: str, me: AtDesk, parts: Parts) -> dict[str, Any]:
    """Send what was written, wake the pages, and show the case."""
    parts.jobs.wake(conversation)
    parts.hub.tell(conversation)
    parts.hub.tell(DESK, conversation)
    async with parts.store.read() as reading:
        return shown.case(await reading.case(case_id), me.lotse.id)


async def _events(me: AtDesk, parts: Parts, locale: str) -> AsyncIterator[str]:
    """Every live case at the beginning; then the cases that changed and what was said in them."""
    seen: dict[str, Seen] = {}
    with parts.hub.listen(DESK) as hints:
        while True:
            for name, body in await _news(me, parts, seen, locale):
                yield event(name, body)
            hint = await next_hint(hints)
            lotse = await accounts.holder(parts.store, *me.proof, parts.clock())
            if hint == "stop" or lotse is None or Role.LOTSE not in lotse.roles:
                return
            if not hint:
                yield ": alive\n\n"


@dataclass(frozen=True)
class Seen:
    """What one open desk has been told of a case."""

    view: dict[str, Any] = field(default_factory=dict)
    message: int = -1
    come: dict[int, Progress] = field(default_factory=dict)


async def _news(me: AtDesk, parts: Parts, seen: dict[str, Seen], locale: str) -> list[tuple[str, dict[str, Any]]]:
    news: list[tuple[str, dict[str, Any]]] = []
    async with parts.store.read() as reading:
        live = [*await reading.cases(CaseState.OPEN), *await reading.cases(CaseState.CLAIMED)]
        gone = [case_id for case_id in seen if case_id not in {row.id for row in live}]
        for case_id in gone:
            try:
                live.append(await reading.case(case_id))
            except Unknown:
                news.append(("case", seen[case_id].view | {"state": "erased"}))
            del seen[case_id]
        for row in live:
            before = seen.get(row.id, Seen())
            view, come = shown.case(row, me.lotse.id, locale), await _come(reading, row)
            if view != before.view:
                news.append(("case", view))
            said = await reading.said(row.conversation, max(before.message, 0))
            if before.message >= 0:
                news += [
                    (
                        "message",
                        {
                            "case_id": row.id,
                            "message": shown.said(
                                message, parts.knowledge.catalogue, parts.clock(), come.get(message.id), locale
                            ),
                        },
                    )
                    for message in said
                    if shown.newcomer_view(message)
                ]
                news += [
                    ("delivery", {"case_id": row.id, "message_id": message, **shown.delivery(now, locale)})
                    for message, now in come.items()
                    if before.come.get(message, now) != now
                ]
            if row.state != CaseState.CLOSED:
                seen[row.id] = Seen(view, said[-1].id if said else max(before.message, 0), come)
    return news
