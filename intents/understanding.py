"""What a message was understood to mean: the one small interface between the matcher and the bot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SmalltalkKind = Literal["greeting", "thanks", "goodbye", "insult"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A topic that might be meant; ``confidence`` 0 to 100."""

    id: str
    confidence: int


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An emergency topic. Not ``sure``: it may be one, ask. ``why`` is the pattern or score that fired."""

    topic: str
    sure: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Confidences 0 to 100 fitted with the model, never typed in by hand.

    ``answer``: at least this for an answer; ``ahead``: and this much before the runner-up; ``ask``: at least this for
    the best of a "did you mean".
    """

    answer: int
    ahead: int
    ask: int


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """The result for one message; an empty ``candidates`` means that nothing resembles it.

    ``locale`` is the language of the message, empty when unsure. ``elsewhere`` is another town it is about; ``both`` holds two topics asked for in one message.
    ``command`` is the button a typed command stands for, ``language_named`` the language whose name was written. ``notes`` explain each layer to an editor.
    """

    text: str
    locale: str = ""
    candidates: tuple[Candidate, ...] = ()
    thresholds: Thresholds
    smalltalk: SmalltalkKind | None = None
    vague: bool = False
    outside: int = 0
    wants_person: bool = False
    exact: bool = False
    elsewhere: str = ""
    both: tuple[str, ...] = ()
    alarm: Alarm | None = None
    command: str = ""
    language_named: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def best(self) -> Candidate | None:
        """The most likely topic."""
        return self.candidates[0] if self.candidates else None

    @property
    def is_sure(self) -> bool:
        """The best candidate is confident enough, clearly ahead of the next, and not about another town."""
        if not self.candidates or self.elsewhere:
            return False
        runner_up = self.candidates[1].confidence if len(self.candidates) > 1 else 0
        best = self.candidates[0].confidence
        return best >= self.thresholds.answer and best - runner_up >= self.thresholds.ahead
