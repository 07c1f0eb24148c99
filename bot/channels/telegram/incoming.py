"""What Telegram tells us, sorted before anything is kept: whom it is from, whether it is meant for us, and the few fields we need.

Private chats are read whole. In groups only what is addressed to the bot gets past this module: commands with its name,
mentions, replies to its own messages and taps on its buttons. Knows neither the library nor the store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.links import from_payload
from bot.message import Kind, Message, clean_text
from bot.ports import Update

CHANNEL = "telegram"
CALLBACK_BYTES = 64
LONGEST_TEXT = 4096
PRIVATELY = "privately"  # the payload with which somebody comes from a group
ANONYMOUS_ADMIN = 1087968824  # under this account Telegram shows administrators who hide in their own group
MEDIA = {
    "voice": Kind.VOICE,
    "audio": Kind.VOICE,
    "video_note": Kind.VOICE,
    "photo": Kind.PHOTO,
    "video": Kind.PHOTO,
    "animation": Kind.STICKER,
    "document": Kind.DOCUMENT,
    "location": Kind.LOCATION,
    "venue": Kind.LOCATION,
    "sticker": Kind.STICKER,
    "dice": Kind.STICKER,
    "contact": Kind.OTHER,
    "poll": Kind.OTHER,
}
_COMMAND = re.compile(r"^(/\w+)@(\w+)")
_GROUPS = ("group", "supergroup")
_GONE = ("left", "kicked")


@dataclass(frozen=True, kw_only=True)
class Me:
    """The bot's own account, as others write to it."""

    id: int
    username: str


@dataclass(frozen=True, kw_only=True)
class GroupMoved:
    """A group became a supergroup and has another number now."""

    old: int
    new: int


@dataclass(frozen=True, kw_only=True)
class GroupLeft:
    """The bot was removed from a group."""

    chat: int


News = Update | GroupMoved | GroupLeft | None


def chat_of(raw: dict[str, Any]) -> dict[str, Any]:
    """The chat an update belongs to, or an empty one."""
    query = _part(raw, "callback_query")
    holder = (
        _part(query, "message") or _part(raw, "message") or _part(raw, "edited_message") or _part(raw, "my_chat_member")
    )
    return _part(holder, "chat")


def in_group(raw: dict[str, Any]) -> bool:
    """Whether it comes from a group, where most of what is said is not for us."""
    return chat_of(raw).get("type") in _GROUPS


def to_news(raw: dict[str, Any], me: Me) -> News:
    """What an update means for us; none for what is ignored by design: channels, other bots, talk in groups that is not
    addressed to the bot, and kinds we do not know."""
    chat = chat_of(raw)
    if not isinstance(raw.get("update_id"), int) or not isinstance(chat.get("id"), int):
        return None
    group = chat.get("type") in _GROUPS
    if not group and chat.get("type") != "private":
        return None
    if change := _part(raw, "my_chat_member"):
        return _membership(raw, change, chat["id"], group)
    content = _part(raw, "callback_query") or _part(raw, "message") or _part(raw, "edited_message")
    if moved := _move(content, chat["id"]):
        return moved
    sender = _part(content, "from")
    if sender.get("is_bot") and not (group and sender.get("id") == ANONYMOUS_ADMIN):
        return None
    if group:
        return _from_group(raw, content, chat["id"], me)
    edited = "edited_message" in raw and not _part(raw, "message") and not _part(raw, "callback_query")
    if edited and not _words(content):
        return None  # live locations and the like
    return _update(raw, content, chat["id"], edited=edited)


def parse(raw: dict[str, Any]) -> Message:
    """The neutral message in what ``to_news`` kept of an update."""
    if status := raw.get("my_chat_member"):
        return Message(kind=Kind.UNBLOCKED if status == "member" else Kind.BLOCKED)
    around: dict[str, Any] = {
        "said_at": datetime.fromtimestamp(raw["date"], UTC) if raw.get("date") else None,
        "edited": bool(raw.get("edited")),
        "group": bool(raw.get("group")),
        "to": str(raw.get("to", "")),
    }
    if query := raw.get("callback_query"):
        return Message(
            kind=Kind.BUTTON, button=clean_text(str(query.get("data", ""))), locale=locale_of(query), **around
        )
    message = raw.get("message") or {}
    text = clean_text(str(message.get("text") or message.get("caption") or ""))
    for field, kind in MEDIA.items():
        if field in message:
            return Message(kind=kind, text=text, locale=locale_of(message), **around)
    if text.startswith("/start"):
        _, _, payload = text.partition(" ")
        return Message(kind=Kind.START, button=_start_button(payload.strip()), locale=locale_of(message), **around)
    return Message(kind=Kind.TEXT if text else Kind.OTHER, text=text, locale=locale_of(message), **around)


def language_hint(raw: dict[str, Any]) -> str:
    """The language the sender's app is set to."""
    return locale_of(_part(raw, "callback_query") or _part(raw, "message") or _part(raw, "edited_message"))


def locale_of(content: dict[str, Any]) -> str:
    """The language in an update's ``from``, which may be missing or odd."""
    return str(_part(content, "from").get("language_code") or "")[:16]


def _membership(raw: dict[str, Any], change: dict[str, Any], chat: int, group: bool) -> News:
    status = _part(change, "new_chat_member").get("status")
    if group:
        return GroupLeft(chat=chat) if status in _GONE else None
    if status not in ("member", *_GONE):
        return None
    kept = {"my_chat_member": status}
    return Update(channel=CHANNEL, id=str(raw["update_id"]), address=str(chat), raw=kept, opens=False)


def _move(content: dict[str, Any], chat: int) -> GroupMoved | None:
    if isinstance(new := content.get("migrate_to_chat_id"), int):
        return GroupMoved(old=chat, new=new)
    if isinstance(old := content.get("migrate_from_chat_id"), int):
        return GroupMoved(old=old, new=chat)
    return None


def _from_group(raw: dict[str, Any], content: dict[str, Any], chat: int, me: Me) -> Update | None:
    if "callback_query" in raw:
        return _update(raw, content, chat, to=str(_part(content, "message").get("message_id", "")))
    if "message" not in raw or content.get("is_automatic_forward") or not _addressed(content, me):
        return None
    thread = f"/{content['message_thread_id']}" if content.get("is_topic_message") else ""
    return _update(raw, _without_name(content, me), chat, to=f"{content.get('message_id', '')}{thread}")


def _addressed(message: dict[str, Any], me: Me) -> bool:
    words = _words(message)
    if not words:
        return False
    if command := _COMMAND.match(words):
        return command[2].lower() == me.username.lower()
    if _mention(me).search(words) or any(_part(entity, "user").get("id") == me.id for entity in _entities(message)):
        return True
    answered = _part(message, "reply_to_message")
    return _part(answered, "from").get("id") == me.id and "forum_topic_created" not in answered


def _mention(me: Me) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@/])@{re.escape(me.username)}(?!\w)", re.IGNORECASE)


def _without_name(message: dict[str, Any], me: Me) -> dict[str, Any]:
    """The words without the bot's name in front; the name alone is a greeting."""
    words = _mention(me).sub("", _COMMAND.sub(r"\1", _words(message))).strip(" \t,:;")
    return {key: value for key, value in message.items() if key != "caption"} | {"text": words or "/start"}


def _entities(message: dict[str, Any]) -> list[dict[str, Any]]:
    found = message.get("entities") or message.get("caption_entities") or []
    return [entity for entity in found if isinstance(entity, dict)] if isinstance(found, list) else []


def _words(message: dict[str, Any]) -> str:
    return next((message[field] for field in ("text", "caption") if isinstance(message.get(field), str)), "")


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that should be an object; anything else counts as an empty one."""
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _update(raw: dict[str, Any], content: dict[str, Any], chat: int, *, edited: bool = False, to: str = "") -> Update:
    """Only what is needed later: no names, no profile, no file ids."""
    kept: dict[str, Any] = {"from": {"language_code": locale_of(content)}}
    if "data" in content or "callback_query" in raw:
        around: dict[str, Any] = {"callback_query": kept | {"data": str(content.get("data", ""))[:CALLBACK_BYTES]}}
    else:
        kept |= {
            field: _COMMAND.sub(r"\1", content[field][:LONGEST_TEXT])
            for field in ("text", "caption")
            if isinstance(content.get(field), str)
        }
        kept |= {field: True for field in MEDIA if field in content}
        around = {"message": kept}
        around |= {"date": content["date"]} if isinstance(content.get("date"), int) else {}
    around |= {"edited": True} if edited else {}
    around |= {"group": True, "to": to} if to else {}
    message = content.get("message_id")
    return Update(
        channel=CHANNEL,
        id=str(raw["update_id"]),
        address=str(chat),
        raw=around,
        message=str(message) if isinstance(message, int) else "",
        edited=edited,
        opens=not edited,
    )


def _start_button(payload: str) -> str:
    """What a start link stands for; ``lang_ar`` only chooses the language."""
    if payload in ("", PRIVATELY):
        return "start"
    if payload.startswith("lang_"):
        return f"lang:{payload.removeprefix('lang_')}"
    return from_payload(payload).button
