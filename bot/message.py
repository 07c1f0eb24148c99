"""What a newcomer sends and what goes back, the same on every channel. Knows no channel and no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from faq import Card

LONGEST_TEXT = 4000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str) -> str:
    """A newcomer's text without control characters and broken characters, cut to what the bot reads."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:LONGEST_TEXT].strip()


class Kind(StrEnum):
    """What a message is made of."""

    TEXT = "text"
    BUTTON = "button"
    START = "start"
    VOICE = "voice"
    PHOTO = "photo"
    DOCUMENT = "document"
    LOCATION = "location"
    STICKER = "sticker"
    OTHER = "other"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One thing a newcomer sent.

    ``text`` is what was typed (or the caption of a photo), ``button`` the id of a tapped button or the payload of a
    start link; ``locale`` is the language the app says it is set to, a hint only. ``said_at`` is when it was written, if
    the channel tells. ``edited``: it corrects an earlier message. ``group``: everybody in a group reads along, and ``to``
    is what an answer is attached to there. ``BLOCKED`` and ``UNBLOCKED`` are no words but news of the newcomer's account.
    """

    kind: Kind = Kind.TEXT
    text: str = ""
    button: str = ""
    locale: str = ""
    said_at: datetime | None = None
    edited: bool = False
    group: bool = False
    to: str = ""


@dataclass(frozen=True, kw_only=True)
class Button:
    """A choice under a reply; ``id`` is stable, so an old button still works."""

    id: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One message back. ``card`` is the same content in parts, for channels that can show them."""

    text: str
    locale: str
    buttons: tuple[Button, ...] = ()
    card: Card | None = None
