"""Telegram through python-telegram-bot: raw updates to messages, replies to messages with inline buttons, errors by remedy.

Only this module knows the library. Texts go out without any parse mode, so nothing a newcomer or an editor writes can
break or inject formatting. Limits: https://core.telegram.org/bots/api (4,096 UTF-16 units, 64 bytes of callback data).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.text import signed, split_text
from bot.errors import OurFault, RetryLater, Stop, place_of
from bot.links import from_payload
from bot.message import Button, Kind, Message, Reply, clean_text
from bot.ports import Delivery, Update
from locales import Phrases, offered, phrases

log = structlog.get_logger(__name__)

LONGEST_MESSAGE = 4096
CALLBACK_BYTES = 64
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
_MEDIA = {
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


class Telegram:
    """One bot account. ``accept`` keeps an update; it is handed every update that belongs to a private chat."""

    name = "telegram"

    def __init__(self, *, token: str, api_url: str) -> None:
        request = HTTPXRequest(
            connection_pool_size=16, connect_timeout=10, read_timeout=15, write_timeout=15, pool_timeout=10
        )
        polling = HTTPXRequest(connection_pool_size=2, connect_timeout=10, read_timeout=45, pool_timeout=10)
        self._bot = Bot(
            token,
            base_url=api_url,
            base_file_url=api_url.replace("/bot", "/file/bot"),
            request=request,
            get_updates_request=polling,
        )

        self._acknowledging: set[asyncio.Task[None]] = set()

    # ---- in

    def parse(self, raw: dict[str, Any]) -> Message:
        """The neutral message in an update that ``to_update`` let through."""
        if query := raw.get("callback_query"):
            return Message(kind=Kind.BUTTON, button=clean_text(str(query.get("data", ""))), locale=_locale(query))
        message = raw.get("message") or raw.get("edited_message") or {}
        text = clean_text(str(message.get("text") or message.get("caption") or ""))
        for field, kind in _MEDIA.items():
            if field in message:
                return Message(kind=kind, text=text, locale=_locale(message))
        if text.startswith("/start"):
            _, _, payload = text.partition(" ")
            return Message(kind=Kind.START, button=_start_button(payload.strip()), locale=_locale(message))
        return Message(
            kind=Kind.TEXT if text else Kind.OTHER,
            text=text.replace(f"@{self._username}", "") if self._username else text,
            locale=_locale(message),
        )

    _username = ""

    async def deliver(self, delivery: Delivery) -> None:
        """Send a reply in as many messages as it needs, the buttons under the last one."""
        say = phrases(delivery.reply.locale)
        text = signed(delivery.reply.text, delivery.sender, say)
        parts = split_text(text, LONGEST_MESSAGE)
        for number, part in enumerate(parts[delivery.parts_sent :], delivery.parts_sent + 1):
            try:
                await self._send(delivery.address, part, _keyboard(delivery.reply) if number == len(parts) else None)
            except RetryLater as later:
                later.sent = number - 1
                raise

    async def _send(self, chat: str, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
        await _translated(
            self._bot.send_message(
                chat_id=int(chat),
                text=text,
                reply_markup=keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )

    async def tell_lotsen(self, chat: int, text: str) -> None:
        """A line without any content of a newcomer for the group of the Lotsen."""
        await _translated(self._bot.send_message(chat_id=chat, text=text))

    def acknowledge_soon(self, raw: dict[str, Any]) -> None:
        """The same without holding anybody up."""
        if "callback_query" in raw:
            task = asyncio.create_task(self.acknowledge(raw))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def acknowledge(self, raw: dict[str, Any]) -> None:
        """Stop the spinner on a tapped button; a lost acknowledgement does no harm."""
        if query := raw.get("callback_query"):
            try:
                await self._bot.answer_callback_query(str(query.get("id", "")))
            except TelegramError as error:
                log.info("tap not acknowledged", error=type(error).__name__)

    # ---- the account

    async def start(self) -> None:
        """Learn the account's name and put the commands into the menu, in every offered language."""
        await _translated(self._bot.initialize())
        self._username = self._bot.username
        for language in offered():
            say = phrases(language.tag)
            commands = [BotCommand(name, text) for name, text in _commands(say)]
            await _translated(
                self._bot.set_my_commands(commands, language_code="" if language.tag == "en" else language.tag)
            )

    async def stop(self) -> None:
        """Close the connections."""
        await self._bot.shutdown()

    async def set_webhook(self, url: str, secret: str) -> None:
        """Have updates sent to us."""
        await _translated(
            self._bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, max_connections=40)
        )

    async def poll(self, accept: Callable[[Update, str], Awaitable[None]]) -> None:
        """Fetch updates until cancelled; an update is confirmed to Telegram only after it was accepted."""
        await self._with_patience(lambda: _translated(self._bot.delete_webhook()))
        offset = 0
        while True:
            for update in await self._with_patience(partial(self._fetch, offset)):
                raw = update.to_dict()
                if ours := to_update(raw):
                    await self._with_patience(partial(accept, ours, language_hint(raw)))
                    self.acknowledge_soon(raw)
                offset = update.update_id + 1

    async def _fetch(self, offset: int) -> tuple[Any, ...]:
        call = self._bot.get_updates(offset=offset, timeout=30, allowed_updates=ALLOWED_UPDATES)
        return tuple(await _translated(call))

    async def _with_patience(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Try until it works: polling must survive a bad network, a Telegram in trouble and a busy database."""
        pause = 1.0
        while True:
            try:
                return await call()
            except Exception as error:
                wait = error.seconds if isinstance(error, RetryLater) and error.seconds else pause
                log.warning("polling has to wait", error=type(error).__name__, where=place_of(error), again_in=wait)
                await asyncio.sleep(wait)
                pause = min(pause * 2, 30.0)


def to_update(raw: dict[str, Any]) -> Update | None:
    """The update with its key and sender, or none for what is ignored by design: groups, channels, other bots, edits of answered texts,
    and kinds we do not know."""
    update_id = raw.get("update_id")
    query = raw.get("callback_query")
    content = query or raw.get("message")
    if not isinstance(update_id, int) or not isinstance(content, dict):
        return None
    message = content.get("message") if query else content
    sender = content.get("from")
    chat = message.get("chat") if isinstance(message, dict) else None
    if not isinstance(chat, dict) or chat.get("type") != "private" or not isinstance(chat.get("id"), int):
        return None
    if isinstance(sender, dict) and sender.get("is_bot"):
        return None
    return Update(channel="telegram", id=str(update_id), address=str(chat["id"]), raw=_kept(raw))


def language_hint(raw: dict[str, Any]) -> str:
    """The language the sender's app is set to."""
    return _locale(raw.get("callback_query") or raw.get("message") or {})


def _kept(raw: dict[str, Any]) -> dict[str, Any]:
    """Only what ``parse`` needs: no names, no profile, no file ids."""
    if query := raw.get("callback_query"):
        return {
            "callback_query": {
                "data": str(query.get("data", ""))[:CALLBACK_BYTES],
                "from": {"language_code": _locale(query)},
            }
        }
    message = raw["message"]
    kept: dict[str, Any] = {"from": {"language_code": _locale(message)}}
    kept |= {field: message[field] for field in ("text", "caption") if isinstance(message.get(field), str)}
    kept |= {field: True for field in _MEDIA if field in message}
    return {"message": kept}


def _locale(content: dict[str, Any]) -> str:
    sender = content.get("from")
    return str(sender.get("language_code") or "")[:16] if isinstance(sender, dict) else ""


def _start_button(payload: str) -> str:
    """What a start link stands for; ``lang_ar`` only chooses the language."""
    if not payload:
        return "start"
    if payload.startswith("lang_"):
        return f"lang:{payload.removeprefix('lang_')}"
    return from_payload(payload).button


def _keyboard(reply: Reply) -> InlineKeyboardMarkup | None:
    rows: list[list[InlineKeyboardButton]] = []
    for button in reply.buttons:
        tap = InlineKeyboardButton(button.label, callback_data=button.id[:CALLBACK_BYTES])
        if rows and len(rows[-1]) == 1 and _short(button) and len(reply.buttons) > 4:
            rows[-1].append(tap)
        else:
            rows.append([tap])
    return InlineKeyboardMarkup(rows) if rows else None


def _short(button: Button) -> bool:
    return len(button.label) <= 20


def _commands(say: Phrases) -> tuple[tuple[str, str], ...]:
    return (
        ("start", say("Start again")),
        ("menu", say("All topics")),
        ("language", say("Another language")),
        ("person", say("Talk to a person")),
        ("emergency", say("Emergency numbers")),
        ("privacy", say("What is stored")),
        ("help", say("What the chatbot can do")),
        ("loeschen", say("Erase everything")),
    )


async def _translated(call: Awaitable[Any]) -> Any:
    """The result of a call to the library; its errors sorted by what we can do."""
    try:
        return await call
    except RetryAfter as error:
        seconds = error.retry_after
        raise RetryLater(
            "Telegram asks us to wait", seconds=float(seconds if isinstance(seconds, int) else seconds.total_seconds())
        ) from error
    except Forbidden as error:
        raise Stop("the newcomer blocked the bot or left") from error
    except ChatMigrated as error:
        raise OurFault(f"the group has moved: set TELEGRAM_LOTSEN_CHAT to {error.new_chat_id}") from error
    except BadRequest as error:
        if "chat not found" in error.message.lower():
            raise Stop("the chat is gone") from error
        raise OurFault("Telegram refused the request") from error
    except InvalidToken as error:
        raise OurFault("TELEGRAM_TOKEN is not valid") from error
    except TelegramError as error:
        raise RetryLater(type(error).__name__) from error
