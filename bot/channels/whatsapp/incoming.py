"""What Meta posts to the webhook: one request may hold many messages, reports on ours, and changed numbers, of many people.

Read as plain JSON, leniently: what is of an unknown kind is left out, what is there is taken in order. Limits and fields:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.channels.whatsapp.remedies import remedy
from bot.message import Kind, clean_text
from bot.ports import Fate, Move, Receipt, Update

log = structlog.get_logger(__name__)

WINDOW = timedelta(hours=24)
BELIEVED = timedelta(days=8)  # Meta repeats a webhook for a week at most; an older time is no time
LONGEST_NAME = 128
LONGEST_BUTTON = 256
TEMPLATE_TROUBLE = ("REJECTED", "PAUSED", "DISABLED", "FLAGGED")
_MEDIA = {
    "audio": Kind.VOICE,
    "image": Kind.PHOTO,
    "video": Kind.PHOTO,
    "document": Kind.DOCUMENT,
    "location": Kind.LOCATION,
    "sticker": Kind.STICKER,
}
_NO_MESSAGES = frozenset({"reaction", "edit", "revoke", "system"})
_FATES = {"sent": Fate.SENT, "delivered": Fate.DELIVERED, "read": Fate.READ, "played": Fate.READ, "failed": Fate.FAILED}


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """All that one request brought for our number, in order."""

    updates: tuple[Update, ...]
    reports: tuple[Receipt, ...]
    moves: tuple[Move, ...]


def signature(secret: str, body: bytes) -> str:
    """What ``X-Hub-Signature-256`` must say for this body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def key_of(wamid: str) -> str:
    """Under which name we keep a message's id: Meta's own holds the phone number in base64."""
    return hashlib.sha256(wamid.encode()).hexdigest()


def read_webhook(body: dict[str, Any], phone_number_id: str, now: datetime) -> Arrived:
    """Sort one request. What is for other numbers of the account is left out."""
    updates, reports, moves = [], [], []
    for field, value in _changes(body):
        if field == "message_template_status_update" and value.get("event") in TEMPLATE_TROUBLE:
            log.error("template cannot be used", template=value.get("message_template_name"), state=value["event"])
        if field != "messages" or _dict(value, "metadata").get("phone_number_id", phone_number_id) != phone_number_id:
            continue
        for error in _dicts(value, "errors"):
            log.error("whatsapp reports trouble", code=error.get("code"))
        updates += [update for message in _dicts(value, "messages") if (update := _update(message, value, now))]
        moves += [move for message in _dicts(value, "messages") if (move := _move(message))]
        reports += [report for status in _dicts(value, "statuses") if (report := _report(status))]
    return Arrived(updates=tuple(updates), reports=tuple(reports), moves=tuple(moves))


def _changes(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if body.get("object") != "whatsapp_business_account":
        return
    for entry in _dicts(body, "entry"):
        for change in _dicts(entry, "changes"):
            yield str(change.get("field")), _dict(change, "value")


# ---- messages


def _update(message: dict[str, Any], value: dict[str, Any], now: datetime) -> Update | None:
    """One message, or none for what asks for no answer: groups, thumbs, edits and notes of the system."""
    wamid, type_ = message.get("id"), message.get("type")
    names = _names(message, value)
    if not isinstance(wamid, str) or not wamid or not names or type_ in _NO_MESSAGES or "group_id" in message:
        return None
    kind, text, button = _content(str(type_), message)
    return Update(
        channel="whatsapp",
        id=key_of(wamid),
        address=names[0],
        aliases=names,
        raw={"id": wamid, "kind": kind.value, "text": text, "button": button},
        open_until=_time(message.get("timestamp"), now) + WINDOW,
    )


def _names(message: dict[str, Any], value: dict[str, Any]) -> tuple[str, ...]:
    """Phone number first, then the business-scoped id; somebody with a user name may come without the number."""
    phone, user = _name(message.get("from")), _name(message.get("from_user_id"))
    contact = _contact(_dicts(value, "contacts"), phone, user)
    found = (phone, _name(contact.get("wa_id")), user, _name(contact.get("user_id")))
    return tuple(dict.fromkeys(name for name in found if name))


def _contact(contacts: list[dict[str, Any]], phone: str, user: str) -> dict[str, Any]:
    """Whoever among the contacts wrote the message."""
    for contact in contacts:
        theirs = _name(contact.get("wa_id")), _name(contact.get("user_id"))
        if (phone and phone == theirs[0]) or (user and user == theirs[1]):
            return contact
    return contacts[0] if len(contacts) == 1 and not phone and not user else {}


def _name(value: object) -> str:
    text = clean_text(value).lstrip("+") if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_NAME else ""


def _content(type_: str, message: dict[str, Any]) -> tuple[Kind, str, str]:
    part = _dict(message, type_)
    if type_ == "text":
        text = _text(part.get("body"))
        return (Kind.TEXT if text else Kind.OTHER), text, ""
    if type_ == "button":
        return Kind.BUTTON, "", _button(part.get("payload") or part.get("text"))
    if type_ == "interactive":
        reply = _dict(part, "button_reply") or _dict(part, "list_reply")
        return (Kind.BUTTON, "", _button(reply.get("id"))) if reply else (Kind.OTHER, "", "")
    if type_ == "request_welcome":
        return Kind.START, "", "start"
    return _MEDIA.get(type_, Kind.OTHER), _text(part.get("caption")), ""


def _text(value: object) -> str:
    return clean_text(value) if isinstance(value, str) else ""


def _button(value: object) -> str:
    return _text(value)[:LONGEST_BUTTON]


def _time(value: object, now: datetime) -> datetime:
    """When it was written, by WhatsApp's clock; now, if that cannot be."""
    try:
        written = datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return written if now - BELIEVED < written < now else now


# ---- reports and changed names


def _report(status: dict[str, Any]) -> Receipt | None:
    fate = _FATES.get(str(status.get("status")))
    if fate is None or not isinstance(status.get("id"), str):
        return None
    errors = _dicts(status, "errors") if fate is Fate.FAILED else []
    code = errors[0].get("code") if errors else 0
    number = code if isinstance(code, int) else 0
    helps = remedy(number).after_failing if number else "never"
    return Receipt(key=key_of(status["id"]), fate=fate, code=number, remedy=helps)


def _move(message: dict[str, Any]) -> Move | None:
    system = _dict(message, "system")
    if message.get("type") != "system" or not str(system.get("type", "")).startswith(
        ("user_changed_", "customer_changed_")
    ):
        return None
    old = (_name(message.get("from")), _name(system.get("customer")), _name(message.get("from_user_id")))
    new = (_name(system.get("wa_id") or system.get("new_wa_id")), _name(system.get("user_id")))
    was, is_ = tuple(filter(None, old)), tuple(name for name in new if name and name not in old)
    return Move(channel="whatsapp", old=was, new=is_) if was and is_ else None


def _dict(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _dicts(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
