"""WhatsApp's door: the handshake, then signed requests; 200 only after everything in them is committed."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse

from bot.channels.whatsapp import read_webhook, signature
from bot.hub import DESK
from bot.web.keys import same
from bot.web.parts import Has

router = APIRouter(prefix="/whatsapp/webhook", include_in_schema=False)


@router.get("", response_class=PlainTextResponse)
async def verify(
    parts: Has,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    token: Annotated[str, Query(alias="hub.verify_token")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=1000)] = "",
) -> str:
    """Prove to Meta that this address is ours."""
    expected = parts.settings.whatsapp_verify_token.get_secret_value()
    if not expected or mode != "subscribe" or not same(token, expected):
        raise HTTPException(403, "The verify token is missing or wrong.")
    return challenge


@router.post("")
async def receive(
    request: Request, parts: Has, signed: Annotated[str, Header(alias="X-Hub-Signature-256")] = ""
) -> dict[str, bool]:
    """Messages, reports and changed numbers; what is of an unknown kind is taken and ignored."""
    secret = parts.settings.whatsapp_app_secret.get_secret_value()
    body = await request.body()
    if parts.whatsapp is None or not secret or not same(signed, signature(secret, body)):
        raise HTTPException(403, "The signature is missing or wrong.")
    raw: Any = json.loads(body) if body else None
    if not isinstance(raw, dict):
        raise HTTPException(400, "A notification is a JSON object.")
    now = parts.clock()
    arrived = read_webhook(raw, parts.settings.whatsapp_phone_number_id, now)
    accepted = await parts.store.accept_all(
        arrived.updates, locale="de", now=now, moves=arrived.moves, reports=arrived.reports
    )
    for one in accepted:
        parts.jobs.wake(one.conversation)
        if not one.inbox:
            parts.hub.tell(DESK, one.conversation)
    newest = {
        one.conversation: update
        for update, one in zip(arrived.updates, accepted, strict=False)
        if one.new and not one.human
    }
    for conversation, update in newest.items():
        parts.whatsapp.acknowledge_soon(conversation, str(update.raw["id"]), typing=True)
    return {"ok": True}
