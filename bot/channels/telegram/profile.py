"""The bot's account at Telegram: webhook, commands, descriptions and the menu button, in every language the bot speaks.

What was set is noted with a fingerprint, so a start changes only what differs. Telegram limits these calls strictly and they
matter less than messages: they run beside everything else, the webhook first, and are tried again until they have worked.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from telegram import Bot, BotCommand, MenuButtonCommands

from bot.channels.telegram.remedies import translated
from bot.errors import LotsenbotError, RetryLater
from locales import Phrases, offered, phrases

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
CONNECTIONS = 40
LONGEST_PAUSE = 600.0


class Notes(Protocol):
    """Small values that outlive the process."""

    async def recall(self, beginning: str) -> dict[str, Any]: ...
    async def remember(self, name: str, value: Any) -> None: ...
    async def forget(self, beginning: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Where Telegram shall send updates, and how it proves that it is Telegram."""

    url: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class _Item:
    name: str
    wanted: Any
    put: Callable[[], Awaitable[Any]]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.wanted, sort_keys=True).encode()).hexdigest()


class Profile:
    """Brings one bot account into the wanted state."""

    def __init__(self, bot: Bot, notes: Notes) -> None:
        self._bot, self._notes = bot, notes

    async def set_up(self, webhook: Webhook | None) -> None:
        """Change what differs, until everything is as it should be; nothing that goes wrong here ends it."""
        pause = 1.0
        while True:
            try:
                open_ = await self._differing(webhook)
                break
            except Exception as error:
                pause = await self._rest("telegram's account cannot be read", error, pause)
        pause = 1.0
        while open_:
            failed: list[_Item] = []
            for number, item in enumerate(open_):
                try:
                    await translated(item.put())
                    await self._notes.remember(item.name, item.fingerprint)
                except RetryLater as error:
                    failed += open_[number:]
                    pause = await self._rest("telegram's account has to wait", error, pause, item)
                    break
                except Exception as error:
                    failed.append(item)
                    pause = await self._rest("telegram's account refuses a setting", error, pause, item)
            open_ = failed

    async def _differing(self, webhook: Webhook | None) -> list[_Item]:
        """What has another fingerprint than noted. Where others changed the account, the notes are worth nothing."""
        await translated(self._bot.initialize())
        own = f"telegram:{self._bot.id}:"
        items = [*self._webhook(own, webhook), *self._words(f"{own}words:")]
        for name, kept in (("webhook", self._has_webhook(webhook)), ("words:", self._has_commands())):
            if not await kept:
                await self._notes.forget(own + name)
        noted = await self._notes.recall(own)
        return [item for item in items if noted.get(item.name) != item.fingerprint]

    async def _has_webhook(self, webhook: Webhook | None) -> bool:
        """One look; an account that does not answer it is trusted to be as it was left."""
        try:
            return webhook is None or (await self._bot.get_webhook_info()).url == webhook.url
        except Exception as error:
            log.info("telegram's account not compared", error=type(error).__name__)
            return True

    async def _has_commands(self) -> bool:
        try:
            shown = await self._bot.get_my_commands()
            return [(one.command, one.description) for one in shown] == list(commands(phrases("en")))
        except Exception as error:
            log.info("telegram's account not compared", error=type(error).__name__)
            return True

    def _webhook(self, own: str, webhook: Webhook | None) -> Iterable[_Item]:
        if webhook is None:
            return []
        # The secret goes into the fingerprint together with the token, so that it cannot be guessed from the note.
        wanted = [webhook.url, webhook.secret, self._bot.token, CONNECTIONS, ALLOWED_UPDATES]
        return [
            _Item(
                name=f"{own}webhook",
                wanted=wanted,
                put=lambda: self._bot.set_webhook(
                    webhook.url,
                    secret_token=webhook.secret,
                    allowed_updates=list(ALLOWED_UPDATES),
                    max_connections=CONNECTIONS,
                ),
            )
        ]

    def _words(self, own: str) -> Iterable[_Item]:
        tags = [
            language.tag for language in offered() if re.fullmatch("[a-z]{2}", language.tag)
        ]  # as Telegram knows them
        yield from (self._commands(own, tag) for tag in tags)
        yield _Item(
            name=f"{own}menu",
            wanted="commands",
            put=lambda: self._bot.set_chat_menu_button(menu_button=MenuButtonCommands()),
        )
        yield from (self._short(own, tag) for tag in tags)
        yield from (self._description(own, tag) for tag in tags)

    def _commands(self, own: str, tag: str) -> _Item:
        wanted = commands(phrases(tag))
        shown = [BotCommand(name, text) for name, text in wanted]
        return _Item(
            name=f"{own}commands:{tag}",
            wanted=wanted,
            put=lambda: self._bot.set_my_commands(shown, language_code=_code(tag)),
        )

    def _short(self, own: str, tag: str) -> _Item:
        say = phrases(tag)
        text = say("Answers in your language about living in Osnabrück, and people who help.")
        return _Item(
            name=f"{own}short:{tag}",
            wanted=text,
            put=lambda: self._bot.set_my_short_description(text, language_code=_code(tag)),
        )

    def _description(self, own: str, tag: str) -> _Item:
        text = description(phrases(tag))
        return _Item(
            name=f"{own}description:{tag}",
            wanted=text,
            put=lambda: self._bot.set_my_description(text, language_code=_code(tag)),
        )

    @staticmethod
    async def _rest(what: str, error: Exception, pause: float, item: _Item | None = None) -> float:
        """Wait; returns how long the next pause will be."""
        wait = error.seconds if isinstance(error, RetryLater) and error.seconds else pause
        why = str(error)[:100] if isinstance(error, LotsenbotError) else ""
        log.error(what, item=item.name if item else "", error=type(error).__name__, why=why, again_in=wait)
        await asyncio.sleep(wait)
        return min(pause * 2, LONGEST_PAUSE)


def commands(say: Phrases) -> tuple[tuple[str, str], ...]:
    """The menu of commands with what each does."""
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


def description(say: Phrases) -> str:
    """What an empty chat shows above the button to begin."""
    return say(
        "Questions about living in Osnabrück? Ask in your own language, for example about registering, housing, doctors, German courses or work. If the chatbot is not sure, a volunteer guide helps you. In danger: call {police} (police) or {rescue} (ambulance, fire)."
    ).format(police=say.isolate("110"), rescue=say.isolate("112"))


def _code(tag: str) -> str:
    """Telegram shows what is set without a language to everybody whose language has nothing of its own."""
    return "" if tag == "en" else tag
