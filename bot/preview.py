"""An answer as each messenger shows it, for editors: the very messages that would be sent, with their lengths, and which labels do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.telegram.incoming import LONGEST_TEXT as TELEGRAM_TEXT
from bot.channels.telegram.outgoing import keyboard_rows
from bot.channels.text import split_text, utf16_length
from bot.channels.whatsapp.outgoing import LONGEST_BODY, LONGEST_TEXT, Outgoing, render
from bot.compose import compose
from bot.conversation import Conversation
from bot.decide import decide
from bot.message import Kind, Message, Reply
from bot.service import Service
from faq import Catalogue
from intents.understanding import Thresholds, Understanding
from locales import phrases

NOT_READ = Understanding(text="", thresholds=Thresholds(answer=100, ahead=100, ask=100))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button or a row of a list: what stands on it, and what stands below it."""

    label: str
    below: str = ""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message on a messenger, with its length as the messenger counts it and the rows of buttons under it.

    ``opens`` is the label of the button behind which WhatsApp keeps a list.
    """

    text: str
    length: int
    limit: int
    rows: tuple[tuple[Choice, ...], ...] = ()
    opens: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A reply on one messenger. ``cut`` are the labels that had to be shortened."""

    messages: tuple[Sent, ...]
    cut: tuple[str, ...] = ()


def answer(catalogue: Catalogue, topic: str, locale: str, now: datetime) -> tuple[Reply, ...]:
    """What a newcomer with this language gets who taps the topic."""
    return _tapped(f"topic:{topic}", locale, catalogue, now)


def background(said: tuple[Reply, ...], locale: str, catalogue: Catalogue, now: datetime) -> tuple[Reply, ...]:
    """What follows a tap on "more about this", if the answer offers it."""
    offered = [button.id for reply in said for button in reply.buttons if button.id.startswith("more:")]
    return tuple(reply for button in offered for reply in _tapped(button, locale, catalogue, now))


def _tapped(button: str, locale: str, catalogue: Catalogue, now: datetime) -> tuple[Reply, ...]:
    message = Message(kind=Kind.BUTTON, button=button)
    conversation = Conversation(id="preview", channel="preview", address="", locale=locale, locale_chosen=True)
    return compose(decide(Service.turn(message, conversation, NOT_READ, catalogue)), catalogue, now)


def on_telegram(reply: Reply) -> Shown:
    """Split as Telegram's channel splits, the keyboard under the last message."""
    parts = split_text(reply.text, TELEGRAM_TEXT)
    rows = tuple(tuple(Choice(label=button.label) for button in row) for row in keyboard_rows(reply))
    return Shown(
        messages=tuple(
            Sent(text=part, length=utf16_length(part), limit=TELEGRAM_TEXT, rows=rows if part is parts[-1] else ())
            for part in parts
        )
    )


def on_whatsapp(reply: Reply) -> Shown:
    """As WhatsApp's channel renders it: texts, then up to three buttons or lists."""
    messages = tuple(_sent(message) for message in render(reply.text, reply.buttons, phrases(reply.locale)))
    whole = {choice.label for message in messages for row in message.rows for choice in row}
    return Shown(messages=messages, cut=tuple(one.label for one in reply.buttons if one.label not in whole))


def _sent(message: Outgoing) -> Sent:
    content = message.content
    if message.type == "text":
        return Sent(text=content["body"], length=utf16_length(content["body"]), limit=LONGEST_TEXT)
    text, action = content["body"]["text"], content["action"]
    return Sent(
        text=text,
        length=utf16_length(text),
        limit=LONGEST_BODY,
        rows=tuple((choice,) for choice in _choices(action)),
        opens=action.get("button", ""),
    )


def _choices(action: dict[str, Any]) -> list[Choice]:
    if "buttons" in action:
        return [Choice(label=button["reply"]["title"]) for button in action["buttons"]]
    rows = [row for section in action["sections"] for row in section["rows"]]
    return [Choice(label=row["title"], below=row.get("description", "")) for row in rows]
