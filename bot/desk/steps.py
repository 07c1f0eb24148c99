"""The steps at the desk. The newcomer is told of each in her language; the bot's silence changes in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from bot.conversation import CaseState, Conversation, Mode
from bot.errors import AlreadyClaimed, Refused, Unknown
from bot.message import Button, Reply
from faq import Catalogue, card_text, make_card
from locales import Phrases, languages, phrases

CLOSINGS = ("answered", "passed-on", "no-reply", "not-for-us", "abuse")
LONGEST_TEXT = 4000


class Lotse(Protocol):
    """Who acts."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


class Case(Protocol):
    """What a step needs to know of a case."""

    @property
    def id(self) -> str: ...
    @property
    def conversation(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def claimed_by(self) -> str | None: ...
    @property
    def claimed_by_id(self) -> int | None: ...


class Transaction(Protocol):
    """What a step reads and writes; the store's transaction is one."""

    async def case(self, id_: str) -> Case: ...
    async def claim(self, case: str, lotse: int, now: datetime) -> bool: ...
    async def set_case(self, case: str, **values: Any) -> None: ...
    async def step(self, case: str, lotse: int | None, step: str, now: datetime, note: str | None = None) -> None: ...
    async def conversation(self, id_: str) -> Conversation: ...
    async def save(self, conversation: Conversation, now: datetime) -> None: ...
    async def already_said(self, conversation: str, client_id: str) -> int | None: ...
    async def say(self, conversation: Conversation, reply: Reply, now: datetime, **extra: Any) -> int: ...


async def claim(transaction: Transaction, case_id: str, lotse: Lotse, now: datetime) -> str:
    """Take a case; the bot falls silent. Returns the conversation. Claiming one's own case again changes nothing.

    Raises:
        AlreadyClaimed: naming who has it.
        Refused: if it is closed.
    """
    case, conversation = await _locked(transaction, case_id)
    if case.state == CaseState.CLAIMED and case.claimed_by_id == lotse.id:
        return case.conversation
    if case.state == CaseState.CLOSED:
        raise Refused("This case is closed.")
    if not await transaction.claim(case_id, lotse.id, now):
        now_claimed = await transaction.case(case_id)
        raise AlreadyClaimed(now_claimed.claimed_by or "Somebody")
    await transaction.step(case_id, lotse.id, "claimed", now)
    say = _phrases(conversation)
    text = say("A guide is here now: {name}. You are writing with a person, the chatbot is silent.").format(
        name=lotse.name
    )
    await _tell(
        transaction,
        replace(conversation, mode=Mode.HUMAN),
        text,
        now,
        Button(id="bot", label=say("Back to the chatbot")),
    )
    return case.conversation


async def release(transaction: Transaction, case_id: str, lotse: Lotse, now: datetime, note: str = "") -> str:
    """Give a case back; it keeps its place in the queue. Returns the conversation."""
    case = await _own(transaction, case_id, lotse)
    await transaction.set_case(case_id, state=CaseState.OPEN.value, claimed_by=None, claimed_at=None)
    await transaction.step(case_id, lotse.id, "released", now, note[:500] or None)
    conversation = await transaction.conversation(case.conversation)
    say = _phrases(conversation)
    text = say(
        "The guide had to stop. Your question is back at its place in the queue, another guide will answer. Until then you can ask the chatbot."
    )
    await _tell(
        transaction, replace(conversation, mode=Mode.WAITING), text, now, Button(id="bot", label=say("Stop waiting"))
    )
    return case.conversation


async def close(transaction: Transaction, case_id: str, lotse: Lotse, now: datetime, outcome: str) -> str:
    """End a case; the newcomer is with the chatbot again. Returns the conversation.

    Raises:
        Refused: if the outcome is none of ``CLOSINGS`` or the case is not one's own.
    """
    if outcome not in CLOSINGS:
        raise Refused(f"Say how it ended: {', '.join(CLOSINGS)}.")
    case = await _own(transaction, case_id, lotse)
    await transaction.set_case(case_id, state=CaseState.CLOSED.value, closed_at=now, closed_as=outcome)
    await transaction.step(case_id, lotse.id, "closed", now, outcome)
    conversation = await transaction.conversation(case.conversation)
    say = _phrases(conversation)
    text = say("The guide has ended the talk. You are writing with the chatbot again.")
    await _tell(
        transaction,
        replace(
            conversation,
            mode=Mode.BOT,
            questions=0,
            offered=(),
            denied=(),
            question="",
            guesses=(),
            last_topic="",
            alarmed=False,
        ),
        text,
        now,
        Button(id="menu", label=say("All topics")),
        Button(id="person", label=say("One more question for a guide")),
    )
    return case.conversation


async def write(transaction: Transaction, case_id: str, lotse: Lotse, now: datetime, client_id: str, text: str) -> str:
    """Write to the newcomer; the same ``client_id`` again changes nothing. Returns the conversation.

    Raises:
        Refused: if the text is empty or too long, or the case is not one's own.
    """
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise Refused(f"Write between 1 and {LONGEST_TEXT} characters.")
    case = await _own(transaction, case_id, lotse)
    conversation = await transaction.conversation(case.conversation)
    await _say_once(
        transaction, conversation, Reply(text=text.strip(), locale=conversation.locale), now, lotse, client_id
    )
    return case.conversation


async def send_entry(
    transaction: Transaction,
    case_id: str,
    lotse: Lotse,
    now: datetime,
    client_id: str,
    topic: str,
    catalogue: Catalogue,
) -> str:
    """Send an entry of the FAQ in the newcomer's language, or in German where it has none. Returns the conversation.

    Raises:
        Unknown: if there is no such topic.
        Refused: if the case is not one's own.
    """
    if topic not in catalogue.topics:
        raise Unknown("There is no such topic.")
    case = await _own(transaction, case_id, lotse)
    conversation = await transaction.conversation(case.conversation)
    card = make_card(catalogue, topic, conversation.locale, now)
    reply = Reply(text=card_text(card, with_more=True), locale=card.locale, card=card)
    await _say_once(transaction, conversation, reply, now, lotse, client_id, topics=[topic])
    return case.conversation


async def _locked(transaction: Transaction, case_id: str) -> tuple[Case, Conversation]:
    """The case as it is once its conversation is ours: turns and steps lock in the same order, so neither waits in a ring."""
    conversation = await transaction.conversation((await transaction.case(case_id)).conversation)
    return await transaction.case(case_id), conversation


async def _own(transaction: Transaction, case_id: str, lotse: Lotse) -> Case:
    case, _ = await _locked(transaction, case_id)
    if case.state == CaseState.CLOSED:
        raise Refused("This case is closed.")
    if case.claimed_by_id is None:
        raise Refused("Claim the case first.")
    if case.claimed_by_id != lotse.id:
        raise AlreadyClaimed(case.claimed_by or "Somebody")
    return case


async def _say_once(
    transaction: Transaction,
    conversation: Conversation,
    reply: Reply,
    now: datetime,
    lotse: Lotse,
    client_id: str,
    **extra: Any,
) -> None:
    key = f"lotse:{lotse.id}:{client_id}"
    if await transaction.already_said(conversation.id, key) is None:
        await transaction.say(conversation, reply, now, sender="lotse", name=lotse.name, client_id=key, **extra)


async def _tell(
    transaction: Transaction, conversation: Conversation, text: str, now: datetime, *buttons: Button
) -> None:
    await transaction.save(conversation, now)
    await transaction.say(
        conversation, Reply(text=text, locale=conversation.locale, buttons=buttons), now, decision="silent", topics=[]
    )


def _phrases(conversation: Conversation) -> Phrases:
    spoken = conversation.locale
    return phrases(spoken if spoken in languages() and languages()[spoken].phrases else "en")
