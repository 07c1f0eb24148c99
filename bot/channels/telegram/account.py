"""One bot account: takes updates in, sends replies, fetches updates where Telegram cannot reach us.

Limits: https://core.telegram.org/bots/api (4,096 UTF-16 units, 64 bytes of callback data).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.stopped import STOPPED
from bot.channels.telegram.incoming import (
    CALLBACK_BYTES,
    CHANNEL,
    LONGEST_TEXT,
    PRIVATELY,
    GroupLeft,
    GroupMoved,
    Me,
    in_group,
    language_hint,
    parse,
    to_news,
)
from bot.channels.telegram.outgoing import keyboard_rows
from bot.channels.telegram.profile import ALLOWED_UPDATES, Notes, Profile, Webhook
from bot.channels.telegram.remedies import TokenRefused, translated
from bot.channels.text import signed, split_text
from bot.errors import MoreToSend, Moved, OurFault, RetryLater, place_of
from bot.message import Button, Message, Reply
from bot.pace import Limit
from bot.ports import Delivery, Update
from locales import known, phrases

log = structlog.get_logger(__name__)

IN_A_GROUP = Limit(number=20, seconds=60.0)
TRIES_TO_ACCEPT = 10  # two minutes and a half
CONNECTIONS = 40  # a few more than messages a second, so that slow calls do not hold up the others


class Accepted(Protocol):
    """Where an update went."""

    @property
    def conversation(self) -> str: ...
    @property
    def new(self) -> bool: ...


class Inbox(Protocol):
    """What keeps what comes in; the store is one."""

    async def accept(self, update_: Update, *, locale: str, now: datetime) -> Accepted: ...
    async def move(self, channel: str, old: str, new: str) -> None: ...
    async def leave(self, channel: str, address: str) -> None: ...


class Telegram:
    """One bot account. ``trouble`` says why it may not send at the moment, if it may not."""

    name = CHANNEL

    def __init__(
        self, *, token: str, api_url: str, notes: Notes, lotsen_chat: int | None = None, seconds_per_chat: float = 1.0
    ) -> None:
        request = HTTPXRequest(
            connection_pool_size=CONNECTIONS, connect_timeout=10, read_timeout=15, write_timeout=15, pool_timeout=10
        )
        polling = HTTPXRequest(connection_pool_size=2, connect_timeout=10, read_timeout=45, pool_timeout=10)
        self._bot = _Bot(
            token,
            base_url=api_url,
            base_file_url=api_url.replace("/bot", "/file/bot"),
            request=request,
            get_updates_request=polling,
        )
        self._notes = notes
        self._in_a_chat = Limit(number=1, seconds=seconds_per_chat)
        self._lotsen_chats = [] if lotsen_chat is None else [lotsen_chat]
        self._followed = False
        self._me: Me | None = None
        self._asking = asyncio.Lock()
        self._acknowledging: set[asyncio.Task[None]] = set()
        self.trouble = ""
        STOPPED.labels(self.name).set(0)

    # ---- in

    async def receive(self, raw: dict[str, Any], inbox: Inbox, now: datetime) -> str:
        """Keep what an update brings, once; returns the conversation that has something to do, or nothing.

        Raises:
            RetryLater: if it may be addressed to us in a group and we do not know our own name yet.
        """
        news = to_news(raw, await self.me() if in_group(raw) else _ANYBODY)
        if isinstance(news, GroupMoved):
            await self._moved(news, inbox)
        elif isinstance(news, GroupLeft):
            await inbox.leave(CHANNEL, str(news.chat))
        elif news and int(news.address) not in await self._all_lotsen_chats():
            accepted = await inbox.accept(news, locale=known(language_hint(raw)) or "de", now=now)
            if accepted.new:
                self._acknowledge_soon(raw)
            return accepted.conversation
        return ""

    def parse(self, raw: dict[str, Any]) -> Message:
        """The neutral message in an update that ``receive`` kept."""
        return parse(raw)

    def _acknowledge_soon(self, raw: dict[str, Any]) -> None:
        """Stop the spinner on a tapped button without holding anybody up."""
        if "callback_query" in raw:
            task = asyncio.create_task(self._acknowledge(str(raw["callback_query"].get("id", ""))))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge(self, query: str) -> None:
        """A lost acknowledgement does no harm."""
        try:
            await self._bot.answer_callback_query(query)
        except TelegramError as error:
            log.info("tap not acknowledged", error=type(error).__name__)

    # ---- out

    async def deliver(self, delivery: Delivery) -> None:
        """Send the next part of a reply, with the buttons under the last one."""
        say = phrases(delivery.reply.locale)
        parts = split_text(signed(delivery.reply.text, delivery.sender, say), LONGEST_TEXT)
        if not parts:
            raise OurFault("there are no words in this reply")
        number = min(delivery.parts_sent, len(parts) - 1)
        is_last = number == len(parts) - 1
        keyboard = await self._keyboard(delivery.reply) if is_last else None
        answered, _, thread = delivery.to.partition("/")
        to = (
            ReplyParameters(int(answered), allow_sending_without_reply=True)
            if answered.isdigit() and number == 0
            else None
        )
        await self._send(
            self._bot.send_message(
                chat_id=int(delivery.address),
                text=parts[number],
                reply_markup=keyboard,
                reply_parameters=to,
                message_thread_id=int(thread) if thread else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )
        if not is_last:
            raise MoreToSend(number + 1)

    async def _keyboard(self, reply: Reply) -> InlineKeyboardMarkup | None:
        rows = [[await self._tap(button) for button in row] for row in keyboard_rows(reply)]
        return InlineKeyboardMarkup(rows) if rows else None

    async def _tap(self, button: Button) -> InlineKeyboardButton:
        """Callback data is the button's own id, which means the same after every restart and under every old message."""
        if button.id == "private":
            return InlineKeyboardButton(
                button.label, url=f"https://t.me/{(await self.me()).username}?start={PRIVATELY}"
            )
        if len(button.id.encode()) > CALLBACK_BYTES:
            raise OurFault(f"a button's id is longer than {CALLBACK_BYTES} bytes")
        return InlineKeyboardButton(button.label, callback_data=button.id)

    async def tell_lotsen(self, text: str) -> None:
        """A line without any content of a newcomer for the group of the Lotsen."""
        if not (chats := await self._all_lotsen_chats()):
            return
        chat = chats[-1]
        try:
            await self._send(self._bot.send_message(chat_id=chat, text=text))
        except Moved as moved:
            await self._remember_move(chat, int(moved.address))
            await self._send(self._bot.send_message(chat_id=int(moved.address), text=text))

    async def _send(self, call: Awaitable[Any]) -> None:
        """Send, and note whether Telegram takes our token."""
        try:
            await translated(call)
        except TokenRefused as error:
            if not self.trouble:
                log.error("telegram stopped", why=str(error))
            self.trouble = str(error)
            STOPPED.labels(self.name).set(1)
            raise
        if self.trouble:
            self.trouble = ""
            STOPPED.labels(self.name).set(0)

    def limits(self, address: str) -> Sequence[Limit]:
        """How many messages Telegram takes for one chat; groups have negative numbers."""
        return (self._in_a_chat, IN_A_GROUP) if address.startswith("-") else (self._in_a_chat,)

    # ---- the account

    async def me(self) -> Me:
        """The bot's own id and name, asked for once."""
        async with self._asking:
            if self._me is None:
                await translated(self._bot.initialize())
                self._me = Me(id=self._bot.id, username=self._bot.username)
        return self._me

    async def _all_lotsen_chats(self) -> list[int]:
        """The group of the Lotsen under all its numbers; where it is now comes last."""
        if self._lotsen_chats and not self._followed:
            moves = await self._notes.recall(_MOVED)
            while new := moves.pop(f"{_MOVED}{self._lotsen_chats[-1]}", None):
                self._lotsen_chats.append(int(new))
            self._followed = True
        return self._lotsen_chats

    async def _moved(self, news: GroupMoved, inbox: Inbox) -> None:
        if (chats := await self._all_lotsen_chats()) and news.old == chats[-1]:
            await self._remember_move(news.old, news.new)
        await inbox.move(CHANNEL, str(news.old), str(news.new))

    async def _remember_move(self, old: int, new: int) -> None:
        """Only the Lotsen's group is named in the settings, so only its moves have to be remembered."""
        log.warning("the Lotsen's group has moved", set_telegram_lotsen_chat_to=new)
        await self._notes.remember(f"{_MOVED}{old}", new)
        self._lotsen_chats.append(new)

    async def set_up(self, webhook: Webhook | None) -> None:
        """Commands, descriptions, menu button and webhook; returns when all of it is as it should be."""
        await Profile(self._bot, self._notes).set_up(webhook)

    async def stop(self) -> None:
        """Close the connections."""
        await self._bot.shutdown()

    async def poll(self, accept: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Fetch updates until cancelled; an update is confirmed to Telegram only after it was accepted."""
        await self._with_patience(self._no_webhook)
        offset = 0
        while True:
            for raw in await self._with_patience(lambda: translated(self._bot.raw_updates(offset))):  # noqa: B023
                await self._with_patience(partial(accept, raw), TRIES_TO_ACCEPT)
                offset = raw["update_id"] + 1

    async def _no_webhook(self) -> None:
        """Telegram hands updates out to those who ask only while there is no webhook."""
        if (await translated(self._bot.get_webhook_info())).url:
            await translated(self._bot.delete_webhook())

    async def _with_patience(self, call: Callable[[], Awaitable[Any]], tries: int = 0) -> Any:
        """Try until it works: polling must survive a bad network, a Telegram in trouble and a busy database.

        With ``tries``, what fails so often for a reason of its own is left out, so that it does not hold up all others.
        """
        pause, failed = 1.0, 0
        while True:
            try:
                return await call()
            except Exception as error:
                failed += not isinstance(error, RetryLater)
                if tries and failed >= tries:
                    log.critical("update left out", error=type(error).__name__, where=place_of(error))
                    return None
                wait = error.seconds if isinstance(error, RetryLater) and error.seconds else pause
                log.warning("polling has to wait", error=type(error).__name__, where=place_of(error), again_in=wait)
                await asyncio.sleep(wait)
                pause = min(pause * 2, 30.0)


class _Bot(Bot):
    """The library's bot, with updates as they come: one that the library cannot read must not hold up all others."""

    async def raw_updates(self, offset: int) -> list[dict[str, Any]]:
        wanted = {"offset": offset, "timeout": 30, "allowed_updates": list(ALLOWED_UPDATES)}
        found = await self._post("getUpdates", wanted)
        return [one for one in found if isinstance(one, dict) and isinstance(one.get("update_id"), int)]


_ANYBODY = Me(id=0, username="")
_MOVED = "telegram:moved:"
