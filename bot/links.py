"""Links that open the chat at a topic in a language: what posters and letters print, and what comes back when one is followed.

A link travels in three forms: the payload of a Telegram start link, the last line of a message (WhatsApp can only bring a
text), and the query of the web page. All three become the same button, so ``decide`` knows one thing only. Which topics
exist is not known here: a link may be older than the content.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

import phonenumbers

from bot.errors import WrongSettings
from bot.message import Kind, Message
from locales import known, languages, phrases

VERB = "link"
LONGEST_PAYLOAD = 64
_PAYLOAD = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_PAYLOAD}}}")
_PARTS = re.compile(r"(?:t-([a-z0-9-]+))?_?(?:l-([a-z0-9-]+))?", re.IGNORECASE)
_CODE = re.compile(r"#([a-z0-9][a-z0-9-]{1,63})(?: +([a-z]{2,3}(?:-[a-z0-9-]{1,20})?))?", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_NO_TOPIC = "start"

ChannelName = Literal["web", "telegram", "whatsapp"]


@dataclass(frozen=True, kw_only=True)
class Link:
    """Where a link leads. An empty ``topic`` is the greeting, an empty ``language`` the newcomer's own."""

    topic: str = ""
    language: str = ""

    @property
    def button(self) -> str:
        """The id of the button that a followed link stands for."""
        return f"{VERB}:{self.topic}:{self.language}"

    @property
    def payload(self) -> str:
        """For Telegram's ``?start=``: letters, digits, _ and - only, at most 64."""
        parts = [f"t-{self.topic}"] if self.topic else []
        return "_".join([*parts, f"l-{self.language}"] if self.language else parts)

    @property
    def code(self) -> str:
        """For the last line of a message: ``#register-address uk``."""
        if not (self.topic or self.language):
            return ""
        return f"#{self.topic or _NO_TOPIC} {self.language}".strip()

    @property
    def query(self) -> str:
        """For the web page: ``?topic=…&lang=…``."""
        asked = {"topic": self.topic, "lang": self.language}
        return urlencode({name: value for name, value in asked.items() if value})


NOWHERE = Link(topic="-")


def from_button(object_: str) -> Link:
    """The link in the second half of its button id."""
    topic, _, language = object_.partition(":")
    return Link(topic=topic, language=language)


def from_payload(payload: str) -> Link:
    """The link in a start payload, whoever made it up; ``NOWHERE`` if it is none of ours.

    Older links said ``register-address`` or ``topic_register-address``.
    """
    if not _PAYLOAD.fullmatch(payload):
        return NOWHERE
    if (found := _PARTS.fullmatch(payload)) and (found[1] or found[2]):
        return Link(topic=(found[1] or "").lower(), language=(found[2] or "").lower())
    return Link(topic=payload.removeprefix("topic_").lower())


def followed(message: Message, topics: Collection[str]) -> Message:
    """A message whose last line is the code of a link becomes that link; what she wrote herself above it stays.

    A hashtag that names neither a topic nor a language is left alone.
    """
    words, _, last = message.text.rpartition("\n")
    found = _CODE.fullmatch(_INVISIBLE.sub("", last).replace("\u00a0", " ").strip())
    if message.kind is not Kind.TEXT or not found:
        return message
    topic, language = found[1].lower(), (found[2] or "").lower()
    if topic not in topics and not known(language):
        return message
    link = Link(topic="" if topic == _NO_TOPIC else topic, language=language)
    own = "" if words.strip() in _greetings() else words.strip()
    return replace(message, kind=Kind.START, button=link.button, text=own)


def _greetings() -> frozenset[str]:
    return frozenset(greeting(tag) for tag in languages())


def greeting(language: str) -> str:
    """What a WhatsApp link writes into the newcomer's text box, above the code."""
    say = phrases(language)
    # Translators: a newcomer sends this to the chatbot; it is already in the text box when the chat opens. Keep it short.
    return say("Hello, I have a question.")


# ---- addresses


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the public finds us; an empty one does not exist. ``whatsapp`` is the number with its country, ``+49…``."""

    web: str = ""
    telegram: str = ""
    whatsapp: str = ""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A link on one channel: ``url`` for machines and codes, ``shown`` for people who type."""

    channel: ChannelName
    url: str
    shown: str


def addresses(link: Link, places: Places) -> tuple[Address, ...]:
    """The link on every channel that exists, the web page first.

    Raises:
        WrongSettings: if none exists.
    """
    found: list[Address] = []
    if places.web:
        query = f"?{link.query}" if link.query else ""
        found.append(Address(channel="web", url=f"{places.web}/{query}", shown=_typed(places.web, link.language)))
    if places.telegram:
        start = f"?start={link.payload}" if link.payload else ""
        found.append(
            Address(channel="telegram", url=f"https://t.me/{places.telegram}{start}", shown=f"@{places.telegram}")
        )
    if places.whatsapp:
        text = "\n".join(filter(None, (greeting(link.language), link.code)))
        number = phonenumbers.parse(places.whatsapp)
        found.append(
            Address(
                channel="whatsapp",
                url=f"https://wa.me/{places.whatsapp.removeprefix('+')}?text={quote(text, safe='')}",
                shown=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
            )
        )
    if not found:
        raise WrongSettings("No channel is known to the public. Set PUBLIC_URL, TELEGRAM_NAME or WHATSAPP_NUMBER")
    return tuple(found)


def _typed(web: str, language: str) -> str:
    """The page's address as people type it: no scheme, and the language behind it (the page knows ``/uk``)."""
    site = urlsplit(web)
    return f"{site.netloc}{site.path}".rstrip("/") + (f"/{language}" if language else "")
