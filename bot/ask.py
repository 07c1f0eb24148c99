"""One question through the real core without a server: understand, decide, compose. For `lotsenbot ask` and `chat`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.compose import compose
from bot.conversation import Conversation
from bot.decide import decide
from bot.decision import Decision
from bot.links import followed
from bot.message import Kind, Message, Reply, clean_text
from bot.ports import utc_now
from bot.service import Service
from bot.understand import matcher_for
from faq import Catalogue
from intents.matcher import Matcher
from intents.understanding import Understanding


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one turn led to; ``micros`` is the time of understanding and deciding in microseconds."""

    understood: Understanding
    decision: Decision
    replies: tuple[Reply, ...]
    micros: int

    def row(self, id_: str | None = None) -> dict[str, Any]:
        """The line of `--batch` and `--json`."""
        first = {} if id_ is None else {"id": id_}
        topics = [{"id": topic, "confidence": confidence} for topic, confidence in self.decision.topics]
        return first | {
            "locale": self.decision.conversation.locale,
            "decision": self.decision.outcome,
            "topics": topics,
            "micros": self.micros,
        }


def fresh(locale: str = "") -> Conversation:
    """A conversation nobody has written in; with ``locale`` the language is chosen."""
    return Conversation(id="ask", channel="console", address="", locale=locale or "de", locale_chosen=bool(locale))


def judged(
    message: Message, conversation: Conversation, understood: Understanding, catalogue: Catalogue, now: datetime
) -> tuple[Decision, tuple[Reply, ...]]:
    """What the bot decides and says to a message that was understood already; nothing is kept."""
    decision = decide(Service.turn(message, conversation, understood, catalogue))
    return decision, compose(decision, catalogue, now)


def ask(
    text: str,
    catalogue: Catalogue,
    conversation: Conversation,
    *,
    button: str = "",
    compose_it: bool = True,
    matcher: Matcher | None = None,
) -> Asked:
    """Take one turn in memory, with another matcher than the installed one if given."""
    began = time.perf_counter_ns()
    message = Message(kind=Kind.BUTTON, button=button) if button else Message(text=clean_text(text))
    message = followed(message, catalogue.topics)
    words = conversation.question if button == "danger:no" else message.text
    understood = (matcher or matcher_for(catalogue.city)).understand(
        words, conversation.locale if conversation.locale_chosen else ""
    )
    decision = decide(Service.turn(message, conversation, understood, catalogue))
    micros = (time.perf_counter_ns() - began) // 1000
    return Asked(
        understood=understood,
        decision=decision,
        micros=micros,
        replies=compose(decision, catalogue, utc_now()) if compose_it else (),
    )


def explain(asked: Asked) -> str:
    """Candidates, scores, thresholds and the rule, for an editor."""
    understood, decision, limits = asked.understood, asked.decision, asked.understood.thresholds
    lines = [
        f"read as     {understood.text!r}",
        f"language    {understood.locale or 'unsure'} (conversation: {decision.conversation.locale})",
    ]
    lines += [f"candidate   {candidate.confidence:3d}  {candidate.id}" for candidate in understood.candidates]
    lines += [f"thresholds  answer from {limits.answer}, {limits.ahead} ahead of the next; ask back from {limits.ask}"]
    lines += [f"layer       {note}" for note in understood.notes]
    if understood.alarm:
        lines.append(
            f"alarm       {understood.alarm.topic}, {'sure' if understood.alarm.sure else 'perhaps'}: {understood.alarm.why}"
        )
    return "\n".join(
        [
            *lines,
            f"rule        {decision.rule}: {decision.why}",
            f"decision    {decision.outcome} {', '.join(topic for topic, _ in decision.topics)}",
        ]
    )
