"""Rows as frozen values: what the pages, the desk and the channels get to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.roles import Role

Sender = Literal["newcomer", "bot", "lotse"]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One message of a conversation as it was shown. ``extra`` holds buttons, card, decision and topics of the bot."""

    id: int
    conversation: str
    sender: Sender
    name: str | None
    text: str
    locale: str
    extra: dict[str, Any]
    client_id: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a reply has come: ``waiting``, ``door``, ``sent``, ``delivered``, ``read`` or ``failed``, and why it failed."""

    state: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Lotse:
    """A volunteer guide, an editor or whoever else has an account; ``roles`` says which."""

    id: int
    name: str
    languages: tuple[str, ...]
    roles: frozenset[Role] = frozenset({Role.LOTSE})


@dataclass(frozen=True, kw_only=True)
class Account:
    """One line of `lotsenbot lotse list`."""

    lotse: Lotse
    active: bool
    has_password: bool


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """What a newcomer wrote and nobody answered, with the topics the bot thought of. ``conversation`` only tells people apart."""

    id: int
    conversation: str
    text: str
    locale: str
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """A case as the queue shows it; ``unread`` counts the newcomer's messages since a Lotse last looked.

    ``open_until`` is when the channel stops taking free text, none if it never does; ``knocked_at`` when the newcomer was
    told that something waits, ``knock_failed`` why that did not work.
    """

    id: str
    conversation: str
    state: str
    channel: str
    locale: str
    question: str
    understood: dict[str, Any]
    urgent: bool
    waiting_since: datetime
    closed_at: datetime | None
    claimed_by: str | None
    claimed_by_id: int | None
    unread: int
    unreachable_since: datetime | None = None
    open_until: datetime | None = None
    knocked_at: datetime | None = None
    knock_failed: str = ""
