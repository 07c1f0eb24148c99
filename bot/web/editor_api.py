"""The API of the editors' pages: what the bot would make of a message. Nothing of it is kept or logged."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from bot.ask import fresh, judged
from bot.message import LONGEST_TEXT, Message, clean_text
from bot.web import editor_shown
from bot.web.desk_auth import Editor
from bot.web.pages import STAFF
from bot.web.parts import Has
from locales import known, phrases

router = APIRouter(prefix="/api/v1/editor", tags=["editor"])


class Tried(BaseModel):
    """A message, the language the newcomer chose (empty: none yet) and the language of the page."""

    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    lang: str = Field(default="", max_length=35)
    locale: str = Field(default="de", max_length=35)


@router.post("/try")
async def try_message(body: Tried, me: Editor, parts: Has, response: Response) -> dict[str, Any]:
    """Candidates, limits, rule and answer of a first message, as in a fresh conversation."""
    conversation, message = fresh(known(body.lang)), Message(text=clean_text(body.text))
    understood = await parts.understand(message.text, conversation.locale if conversation.locale_chosen else "")
    decision, replies = judged(message, conversation, understood, parts.knowledge.catalogue, parts.clock())
    response.headers["Cache-Control"] = "no-store"
    say = phrases(body.locale if body.locale in STAFF else "de")
    return editor_shown.tried(understood, decision, replies, parts.knowledge.catalogue, parts.clock(), say)
