"""Doors for the platforms: check that it is they, commit the update to the inbox, then say 200."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request

from bot.errors import RetryLater
from bot.web.keys import same
from bot.web.parts import Has

router = APIRouter(include_in_schema=False)


@router.post("/telegram/webhook")
async def telegram(
    request: Request, parts: Has, secret: Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token")] = ""
) -> dict[str, bool]:
    """One update of Telegram; unknown kinds are taken and ignored."""
    expected = parts.settings.telegram_webhook_secret.get_secret_value()
    if parts.telegram is None or not expected or not same(secret, expected):
        raise HTTPException(403, "The secret token is missing or wrong.")
    body = await request.body()
    raw: Any = json.loads(body) if body else None
    if not isinstance(raw, dict):
        raise HTTPException(400, "An update is a JSON object.")
    try:
        conversation = await parts.telegram.receive(raw, parts.store, parts.clock())
    except RetryLater as error:
        raise HTTPException(503, "Please bring this update again in a moment.") from error
    parts.jobs.wake(conversation)
    return {"ok": True}
