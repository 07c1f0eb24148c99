"""One turn inside one transaction: understand before it, then load, decide, compose and save, all or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.compose import Waiting, compose, corrected, late, medium
from bot.conversation import Conversation, Mode
from bot.decide import Turn, decide
from bot.decision import BackToBot, Decision, Emergency, Erase, HandOff, Rephrase
from bot.links import VERB as LINK
from bot.links import followed, from_button
from bot.message import Kind, Message, Reply
from bot.ports import Clock
from faq import Catalogue
from intents.understanding import Understanding
from locales import known, languages, phrases

LATE = timedelta(minutes=10)
CHOSEN, PASSED_OVER = "chosen", "passed over"
Understand = Callable[[str, str], Awaitable[Understanding]]


class Case(Protocol):
    """What the service needs to know of a case."""

    @property
    def id(self) -> str: ...


class Transaction(Protocol):
    """What one turn reads and writes; the store's transaction is one."""

    async def conversation(self, id_: str) -> Conversation: ...
    async def is_open(self, inbox_id: int) -> bool: ...
    async def received_since(self, conversation: str, since: datetime, up_to: int) -> int: ...
    async def heard(
        self,
        conversation: Conversation,
        text: str,
        client_id: str | None,
        now: datetime,
        extra: dict[str, Any] | None = None,
    ) -> int: ...
    async def say(self, conversation: Conversation, reply: Reply, now: datetime, **extra: Any) -> int: ...
    async def save(self, conversation: Conversation, now: datetime, *, heard: bool = False) -> None: ...
    async def unreachable(self, conversation: str, since: datetime | None) -> None: ...
    async def answered_since(self, conversation: str, since: datetime) -> bool: ...
    async def clear(self, inbox_id: int) -> None: ...
    async def erase(self, conversation: Conversation) -> None: ...
    async def done(self, inbox_id: int, outcome: str, now: datetime) -> None: ...
    async def open_case(
        self, conversation: Conversation, question: str, understood: dict[str, Any], now: datetime
    ) -> str: ...
    async def live_case(self, conversation: str) -> Case | None: ...
    async def button_label(self, conversation: str, button: str) -> str: ...
    async def mark_unanswered(self, conversation: str, text: str) -> None: ...
    async def place(self, case: str) -> int: ...
    async def set_case(self, case: str, **values: Any) -> None: ...
    async def step(self, case: str, lotse: int | None, step: str, now: datetime, note: str | None = None) -> None: ...
    async def tally(self, *, day: str, locale: str, channel: str, outcome: str, topic: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A newcomer's message with its place in the inbox."""

    inbox: int
    message: Message
    received_at: datetime
    client_id: str | None = None

    @property
    def asked_at(self) -> datetime:
        """When it was written, which may be long before we were there to receive it."""
        return min(self.message.said_at or self.received_at, self.received_at)


class Service:
    """Handles messages; holds no state of its own. Without ``mark_unanswered`` nothing notes which found no answer."""

    def __init__(
        self,
        understand: Understand,
        catalogue: Callable[[], Catalogue],
        clock: Clock,
        *,
        mark_unanswered: bool = True,
    ) -> None:
        self._understand, self._catalogue, self._clock = understand, catalogue, clock
        self._mark_unanswered = mark_unanswered

    async def understood(self, message: Message, conversation: Conversation) -> Understanding:
        """Understand a message; slow, so before the transaction. "No danger" goes back to the question itself."""
        message = followed(message, self._catalogue().topics)
        conversation = _as_heard(message, conversation)
        no_danger = message.kind is Kind.BUTTON and message.button == "danger:no"
        text = conversation.question if no_danger else message.text
        return await self._understand(text, conversation.locale if conversation.locale_chosen else "")

    async def handle(
        self, heard: Heard, understood: Understanding, transaction: Transaction, conversation_id: str
    ) -> Decision | None:
        """Take one turn; none if the update was handled before."""
        kept = await transaction.conversation(conversation_id)
        conversation = _as_heard(heard.message, kept)
        if not await transaction.is_open(heard.inbox):
            return None
        now, catalogue = self._clock(), self._catalogue()
        heard = replace(heard, message=followed(heard.message, catalogue.topics))
        minute_before = heard.received_at - timedelta(minutes=1)
        # What waited for us for hours came in within a second; that is no flood.
        recent = 1 if _is_late(heard, now) else await transaction.received_since(kept.id, minute_before, heard.inbox)
        decision = decide(self.turn(heard.message, conversation, understood, catalogue, recent))
        if isinstance(decision.action, Erase):
            await transaction.erase(conversation)
            decision = replace(
                decision,
                conversation=Conversation(
                    id=conversation.id,
                    channel=conversation.channel,
                    address=conversation.address,
                    locale=decision.conversation.locale,
                    locale_chosen=decision.conversation.locale_chosen,
                ),
            )
        elif not conversation.group:
            label = await self._label(heard.message, decision.conversation, transaction)
            await transaction.heard(
                decision.conversation, label, heard.client_id, now, {"kind": heard.message.kind.value}
            )
            if self._mark_unanswered and (question := _unanswered(decision)):
                await transaction.mark_unanswered(conversation.id, question)
        waiting = await self._see_to_case(heard.message, decision, transaction, now)
        topics = [topic for topic, _ in decision.topics]
        extra: dict[str, Any] = {"farewell": True} if isinstance(decision.action, Erase) else {}
        extra |= {"to": heard.message.to} if conversation.group else {}
        replies = compose(decision, catalogue, now, waiting)
        for reply in await self._in_time(heard, decision, replies, transaction, now):
            await transaction.say(decision.conversation, reply, now, decision=decision.outcome, topics=topics, **extra)
        after = kept.after_public(decision.conversation) if conversation.group else decision.conversation
        await transaction.save(after, now, heard=True)
        await transaction.tally(
            day=now.date().isoformat(),
            locale=decision.conversation.locale,
            channel=conversation.channel,
            outcome=decision.outcome,
            topic=topics[0] if topics and decision.outcome in ("answer", "emergency") else "",
        )
        for outcome, topic in _evidence(heard.message, conversation):
            await transaction.tally(
                day=now.date().isoformat(),
                locale=decision.conversation.locale,
                channel=conversation.channel,
                outcome=outcome,
                topic=topic,
            )
        await transaction.done(heard.inbox, decision.outcome, now)
        if conversation.group:
            await transaction.clear(heard.inbox)
        return decision

    async def reach(self, heard: Heard, transaction: Transaction, conversation_id: str) -> None:
        """The newcomer blocked the bot or took it back: whoever has the case sees it; nothing is said."""
        conversation, now = await transaction.conversation(conversation_id), self._clock()
        blocked = heard.message.kind is Kind.BLOCKED
        await transaction.unreachable(conversation.id, now if blocked else None)
        if case := await transaction.live_case(conversation.id):
            await transaction.step(case.id, None, heard.message.kind.value, now)
        await transaction.done(heard.inbox, heard.message.kind.value, now)

    @staticmethod
    async def _in_time(
        heard: Heard, decision: Decision, replies: tuple[Reply, ...], transaction: Transaction, now: datetime
    ) -> tuple[Reply, ...]:
        """The first answer after a long wait says sorry for it; the next ones follow at once."""
        if not replies or not _is_late(heard, now):
            return replies
        if await transaction.answered_since(decision.conversation.id, heard.asked_at):
            return replies
        return (late(replies[0], urgent=decision.outcome == "emergency"), *replies[1:])

    @staticmethod
    def turn(
        message: Message, conversation: Conversation, understood: Understanding, catalogue: Catalogue, recent: int = 1
    ) -> Turn:
        """All that the decision may look at."""
        spoken = frozenset(tag for tag, language in languages().items() if language.phrases)
        return Turn(
            message=message,
            conversation=conversation,
            understood=understood,
            topics=frozenset(catalogue.topics),
            chapters=frozenset(catalogue.chapters),
            languages=spoken,
            messages_last_minute=recent,
        )

    async def _label(self, message: Message, conversation: Conversation, transaction: Transaction) -> str:
        """How the message appears in the talk: the words, or the label of the tapped button."""
        say = phrases(conversation.locale)
        if message.edited:
            return corrected(message.text, say)
        if message.kind not in (Kind.BUTTON, Kind.START) or message.text:
            return message.text or medium(message.kind, say)
        if shown := await transaction.button_label(conversation.id, message.button):
            return shown
        verb, _, object_ = message.button.partition(":")
        topic = from_button(object_).topic if verb == LINK else object_ if verb == "topic" else ""
        if topic in self._catalogue().topics:
            return self._catalogue().title(topic, conversation.locale)
        return say("Talk to a person") if verb == "person" else ""

    async def _see_to_case(
        self, message: Message, decision: Decision, transaction: Transaction, now: datetime
    ) -> Waiting:
        """Open, mark or close the case that belongs to this decision; the place in the queue for the words."""
        conversation, action = decision.conversation, decision.action
        if conversation.group:
            return Waiting()
        if conversation.mode is Mode.BOT and not isinstance(action, HandOff | BackToBot | Emergency):
            return Waiting()  # nobody waits and nobody left: there is no case to see to
        case = await transaction.live_case(conversation.id)
        if case is None and isinstance(action, HandOff):
            last = self._catalogue().title(conversation.last_topic, "de") if conversation.last_topic else ""
            question = conversation.question or message.text or last
            case_id = await transaction.open_case(conversation, question, _what_was_understood(decision), now)
            return Waiting(place=await transaction.place(case_id))
        if case is None:
            return Waiting()
        if isinstance(action, BackToBot):
            await transaction.set_case(case.id, state="closed", closed_at=now, closed_as="newcomer-left")
            await transaction.step(case.id, None, "newcomer-left", now)
        elif isinstance(action, Emergency):
            await transaction.set_case(case.id, urgent=True)
            await transaction.step(case.id, None, "urgent", now)
        return Waiting(place=await transaction.place(case.id)) if conversation.mode is Mode.WAITING else Waiting()


def _is_late(heard: Heard, now: datetime) -> bool:
    return now - heard.asked_at >= LATE


def _as_heard(message: Message, conversation: Conversation) -> Conversation:
    return conversation.in_public(known(message.locale)) if message.group else conversation


def _unanswered(decision: Decision) -> str:
    """The question for which the bot had neither an answer nor a guess that fits; empty otherwise."""
    missed = isinstance(decision.action, Rephrase) or decision.action == HandOff(reason="unsure")
    return decision.conversation.question if missed else ""


def _evidence(message: Message, before: Conversation) -> list[tuple[str, str]]:
    """What a tap after "did you mean" tells the editors, without a word of hers: the topic chosen, and the guess passed over."""
    verb, _, topic = message.button.partition(":")
    if message.kind is not Kind.BUTTON or not before.offered or verb not in ("topic", "none"):
        return []
    chosen = [(CHOSEN, topic)] if verb == "topic" and topic in before.offered else []
    guess = before.offered[0]
    return chosen if chosen == [(CHOSEN, guess)] else [*chosen, (PASSED_OVER, guess)]


def _what_was_understood(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.outcome,
        "rule": decision.rule,
        "why": decision.why,
        "candidates": [{"id": topic, "confidence": confidence} for topic, confidence in decision.conversation.guesses],
    }
