"""The API of the chat page: open a chat, send, follow, erase."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.compose import place_sentence
from bot.conversation import CaseState
from bot.errors import Unknown
from bot.hub import DESK
from bot.message import LONGEST_TEXT
from bot.ports import Update
from bot.store import Said
from bot.web import shown
from bot.web.events import event, last_event_id, next_hint, stream
from bot.web.keys import key_hash, new_key, same
from bot.web.parts import Has, Parts
from locales import known, phrases

router = APIRouter(prefix="/api/v1/chats", tags=["chat"])


class NewChat(BaseModel):
    """The language of the page, if it is known, and the topic a link opened it at."""

    locale: str = Field(default="", max_length=35)
    topic: str = Field(default="", max_length=64)


class Sent(BaseModel):
    """What the newcomer sends: words or the id of a button."""

    model_config = ConfigDict(str_strip_whitespace=False)

    client_id: uuid.UUID
    text: str | None = Field(default=None, max_length=LONGEST_TEXT)
    button: str | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _one_of_both(self) -> Sent:
        if bool(self.text and self.text.strip()) == bool(self.button):
            raise ValueError("send either text or button, and not an empty one")
        return self


async def chat_of(chat_id: str, parts: Has, authorization: Annotated[str, Header()] = "") -> str:
    """The chat, if the bearer is its key."""
    expected = await parts.store.chat_token_hash(chat_id)
    if expected is None:
        raise HTTPException(404, "There is no such chat. It was erased or never existed.")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not same(key_hash(token.strip()), expected):
        raise HTTPException(401, "The key of this chat is missing or wrong.", {"WWW-Authenticate": "Bearer"})
    return chat_id


Chat = Annotated[str, Depends(chat_of)]


@router.post("", status_code=201)
async def open_chat(body: NewChat, parts: Has) -> dict[str, str]:
    """A new chat and its key, which only the browser keeps."""
    chat_id, token = str(uuid.uuid4()), new_key()
    await parts.store.new_chat(
        id_=chat_id,
        token_hash=key_hash(token),
        locale=known(body.locale) or "de",
        now=parts.clock(),
        topic=body.topic if body.topic in parts.knowledge.catalogue.topics else "",
    )
    return {"chat_id": chat_id, "token": token}


@router.post("/{chat_id}/messages", status_code=202)
async def send(chat: Chat, body: Sent, parts: Has) -> dict[str, str]:
    """Accept a message; the same ``client_id`` again changes nothing. When this answers, the message is safe."""
    raw: dict[str, Any] = {"button": body.button} if body.button else {"text": body.text}
    update = Update(channel="web", id=f"{chat}:{body.client_id}", address=chat, raw=raw)
    accepted = await parts.store.accept(update, locale="de", now=parts.clock())
    parts.jobs.wake(chat)
    return {"message_id": str(accepted.inbox)}


@router.delete("/{chat_id}", status_code=204)
async def erase(chat: Chat, parts: Has) -> Response:
    """Erase everything about this chat, also at the desk."""
    await parts.store.erase_chat(chat)
    parts.hub.tell(chat, "erased")
    parts.hub.tell(DESK, chat)
    return Response(status_code=204)


@router.get("/{chat_id}/events", response_class=StreamingResponse)
async def follow(
    chat: Chat, parts: Has, last_seen: Annotated[str | None, Header(alias="Last-Event-ID")] = None
) -> StreamingResponse:
    """Everything said since ``Last-Event-ID``, then what comes."""
    return stream(_events(chat, parts, last_event_id(last_seen)))


async def _events(chat: str, parts: Parts, after: int) -> AsyncIterator[str]:
    status: dict[str, Any] = {}
    with parts.hub.listen(chat) as hints:
        while True:
            try:
                rows, new_status = await _news(chat, parts, after)
            except Unknown:
                yield event("erased", {})
                return
            for row in rows:
                after = row.id
                if shown.newcomer_view(row):
                    yield event("message", shown.said(row, parts.knowledge.catalogue, parts.clock()), row.id)
            if new_status != status:
                status = new_status
                yield event("status", status)
            hint = await next_hint(hints)
            if hint == "stop":
                return
            if hint == "typing":
                yield event("typing", {"from": "lotse"})
            if not hint:
                yield ": alive\n\n"


async def _news(chat: str, parts: Parts, after: int) -> tuple[list[Said], dict[str, Any]]:
    async with parts.store.read() as reading:
        conversation = await reading.conversation(chat)
        rows = await reading.said(chat, after)
        case = await reading.live_case(chat)
        status: dict[str, Any] = {"mode": conversation.mode.value}
        if case and case.state == CaseState.CLAIMED:
            status["name"] = case.claimed_by
        elif case:
            status["text"] = place_sentence(await reading.place(case.id), phrases(conversation.locale))
    return rows, status
