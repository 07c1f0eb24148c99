"""A conversation with one newcomer and the case a Lotse works on: their states as plain, frozen values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """Who answers: the bot, the bot while a Lotse is awaited, or a Lotse."""

    BOT = "bot"
    WAITING = "waiting"
    HUMAN = "human"


class CaseState(StrEnum):
    """The life of a case."""

    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What the next decision needs to remember about one newcomer.

    ``locale_chosen``: the newcomer chose the language, so a single message in another one does not change it.
    ``questions`` counts what the bot asked back in a row (at most two); ``offered`` are the topics of the last
    "did you mean"; ``denied`` those refused, never offered again for the same question; ``question`` is what was typed
    last, ``guesses`` what it may have meant. ``group``: many people write here and all of them read along. ``alarmed``: an emergency number was given, so a case is urgent. ``danger`` is the emergency topic of an open "are you in danger now?".
    """

    id: str
    channel: str
    address: str
    locale: str
    locale_chosen: bool = False
    mode: Mode = Mode.BOT
    questions: int = 0
    offered: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    question: str = ""
    guesses: tuple[tuple[str, int], ...] = ()
    alarmed: bool = False
    last_topic: str = ""
    danger: str = ""
    erase_asked: bool = False
    slowed: bool = False
    group: bool = False

    def in_public(self, locale: str) -> Conversation:
        """What a message in a group is decided on: nothing that others said before, the sender's language or the group's."""
        spoken = self.locale if self.locale_chosen else locale or self.locale
        return Conversation(
            id=self.id,
            channel=self.channel,
            address=self.address,
            locale=spoken,
            slowed=self.slowed,
            group=True,
        )

    def after_public(self, decided: Conversation) -> Conversation:
        """What a group remembers of it: the language somebody chose for it, and that it was asked to slow down."""
        chosen = decided.locale_chosen
        return replace(
            self,
            locale=decided.locale if chosen else self.locale,
            locale_chosen=chosen or self.locale_chosen,
            slowed=decided.slowed,
        )


@dataclass(frozen=True, kw_only=True)
class Case:
    """A piece of work for a Lotse; ``waiting_since`` orders the queue and survives a release."""

    id: str
    conversation: str
    channel: str
    locale: str
    question: str
    state: CaseState
    waiting_since: datetime
    urgent: bool = False
    claimed_by: str | None = None
