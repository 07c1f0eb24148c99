"""What the bot may do next, one frozen class per kind of step, and the ``Decision`` that carries it with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.conversation import Conversation

Outcome = Literal["answer", "clarify", "rephrase", "handoff", "smalltalk", "emergency", "silent"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Send the FAQ entries of one or two topics."""

    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class More:
    """Send the background part of an entry that was answered."""

    topic: str


@dataclass(frozen=True, kw_only=True)
class Clarify:
    """Ask "did you mean" with at most three topics; with none, the chapters are offered instead."""

    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rephrase:
    """Ask once to say it in other words."""


@dataclass(frozen=True, kw_only=True)
class HandOff:
    """Bring a Lotse in: because she wishes it, or because the bot is not sure."""

    reason: Literal["wish", "unsure"]


@dataclass(frozen=True, kw_only=True)
class InviteInPrivate:
    """In a group nobody is handed over: the numbers for all, and the way to a talk nobody reads along."""

    reason: Literal["wish", "unsure"]


@dataclass(frozen=True, kw_only=True)
class StillWaiting:
    """A Lotse is on the way already; say so honestly."""


@dataclass(frozen=True, kw_only=True)
class NoteAdded:
    """What was written while waiting is kept for the Lotse."""


@dataclass(frozen=True, kw_only=True)
class Emergency:
    """The number first."""

    topic: str


@dataclass(frozen=True, kw_only=True)
class AskDanger:
    """It may be an emergency: give the number and ask "are you in danger now?" with two buttons."""

    topic: str


@dataclass(frozen=True, kw_only=True)
class Smalltalk:
    """A warm line and what the bot can do."""

    kind: Literal["greeting", "thanks", "goodbye", "insult"]


@dataclass(frozen=True, kw_only=True)
class AskLanguage:
    """Offer all languages by their own names."""


@dataclass(frozen=True, kw_only=True)
class SetLanguage:
    """Speak this language from now on."""

    locale: str


@dataclass(frozen=True, kw_only=True)
class Menu:
    """Show the chapters, or the topics of one."""

    chapter: str = ""


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """First contact: who speaks, how to ask, the languages. ``lost``: the link that led here leads nowhere any more."""

    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class CannotRead:
    """A voice note, photo, place or sticker: say what the bot cannot do and what helps."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class SlowDown:
    """More than the allowed messages a minute."""


@dataclass(frozen=True, kw_only=True)
class BackToBot:
    """The newcomer ends the talk with a Lotse or no longer waits."""

    waiting: bool


@dataclass(frozen=True, kw_only=True)
class AskErase:
    """Erasing is final: ask first."""


@dataclass(frozen=True, kw_only=True)
class Erase:
    """Erase everything about this conversation."""


@dataclass(frozen=True, kw_only=True)
class KeepData:
    """She decided against erasing."""


@dataclass(frozen=True, kw_only=True)
class Silent:
    """A Lotse has the conversation; the bot says nothing."""


Action = (
    Answer
    | More
    | Clarify
    | Rephrase
    | HandOff
    | InviteInPrivate
    | StillWaiting
    | NoteAdded
    | Emergency
    | AskDanger
    | Smalltalk
    | AskLanguage
    | SetLanguage
    | Menu
    | Welcome
    | CannotRead
    | SlowDown
    | BackToBot
    | AskErase
    | Erase
    | KeepData
    | Silent
)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The step, the rule that chose it and why, and the conversation as it is afterwards."""

    action: Action
    rule: str
    why: str
    conversation: Conversation
    topics: tuple[tuple[str, int], ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The kind of step in the words of the contract."""
        match self.action:
            case Answer() | More():
                return "answer"
            case Clarify():
                return "clarify"
            case Rephrase() | CannotRead():
                return "rephrase"
            case HandOff() | InviteInPrivate() | StillWaiting() | NoteAdded():
                return "handoff"
            case Emergency() | AskDanger():
                return "emergency"
            case Silent():
                return "silent"
            case _:
                return "smalltalk"
