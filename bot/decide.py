"""The decision: an ordered list of rules on plain data, highest first. No input, no output, no clock.

Every rule looks at the turn and either returns a ``Decision`` or leaves it to the next. The order is the promise:
danger outranks everything; a Lotse who has the conversation comes before everything clever; whatever is typed after a
question is understood afresh; nobody is asked back more than twice in a row; in a group nobody is handed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.conversation import Conversation, Mode
from bot.decision import (
    Action,
    Answer,
    AskDanger,
    AskErase,
    AskLanguage,
    BackToBot,
    CannotRead,
    Clarify,
    Decision,
    Emergency,
    Erase,
    HandOff,
    InviteInPrivate,
    KeepData,
    Menu,
    More,
    NoteAdded,
    Rephrase,
    SetLanguage,
    Silent,
    SlowDown,
    Smalltalk,
    StillWaiting,
    Welcome,
)
from bot.links import VERB as LINK
from bot.links import Link, from_button
from bot.message import Kind, Message
from intents.understanding import Understanding

MESSAGES_A_MINUTE = 20
CHOICES = 3
QUESTIONS_IN_A_ROW = 2
WORDS_TO_CHANGE_LANGUAGE = 3
COMMANDS = frozenset({"lang", "language", "help", "privacy", "menu", "topic", "more", "start", LINK})


@dataclass(frozen=True, kw_only=True)
class Turn:
    """All that a decision may look at.

    ``messages_last_minute`` counts this newcomer's messages, this one included. ``topics`` and ``chapters`` are the ids
    that exist, ``languages`` those the bot speaks; anything else in a button is unknown.
    """

    message: Message
    conversation: Conversation
    understood: Understanding
    topics: frozenset[str]
    chapters: frozenset[str]
    languages: frozenset[str]
    messages_last_minute: int = 1

    @property
    def button(self) -> tuple[str, str]:
        """The tapped button as verb and object; a typed command counts as its button."""
        written = self.message.button if self.message.kind in (Kind.BUTTON, Kind.START) else self.understood.command
        verb, _, object_ = written.partition(":")
        return verb, object_

    @property
    def link(self) -> Link | None:
        """Where a followed link leads, if the message is one."""
        verb, object_ = self.button
        return from_button(object_) if verb == LINK else None


Rule = Callable[[Turn], Decision | None]


def decide(turn: Turn) -> Decision:
    """Apply the rules in order; the last one always decides."""
    for rule in RULES:
        if decision := rule(turn):
            return _in_public(decision) if turn.conversation.group else decision
    raise AssertionError("the last rule decides every turn")


def _in_public(decision: Decision) -> Decision:
    """A group has no Lotse: what would bring one in becomes an invitation to write where nobody reads along."""
    if not isinstance(decision.action, HandOff):
        return decision
    return replace(
        decision,
        action=InviteInPrivate(reason=decision.action.reason),
        conversation=replace(decision.conversation, mode=Mode.BOT),
    )


def _decided(turn: Turn, rule: str, why: str, action: Action, **changes: object) -> Decision:
    conversation = replace(turn.conversation, danger="", erase_asked=False, slowed=False)
    if turn.link and turn.link.language in turn.languages:  # whoever follows a link in a language has chosen it
        conversation = replace(conversation, locale=turn.link.language, locale_chosen=True)
    if turn.message.kind is Kind.TEXT and turn.message.text:
        conversation = replace(conversation, locale=_locale(turn))
        understood = turn.understood
        aside = understood.wants_person or understood.smalltalk or understood.command or understood.language_named
        if not (aside and conversation.question):
            guesses = tuple((candidate.id, candidate.confidence) for candidate in turn.understood.candidates[:CHOICES])
            conversation = replace(conversation, question=turn.message.text, guesses=guesses)
    conversation = replace(conversation, **changes)  # type: ignore[arg-type]
    if isinstance(action, Emergency):
        conversation = replace(conversation, alarmed=True)
    if isinstance(action, Emergency | AskDanger):
        topics: tuple[tuple[str, int], ...] = ((action.topic, 100),)
    elif isinstance(action, Answer):
        known = {c.id: c.confidence for c in turn.understood.candidates}
        topics = tuple((topic, known.get(topic, 100)) for topic in action.topics)
    elif isinstance(action, Clarify):
        known = {c.id: c.confidence for c in turn.understood.candidates}
        topics = tuple((topic, known.get(topic, 0)) for topic in action.topics)
    elif isinstance(action, HandOff) and action.reason == "wish":
        topics = (("talk-to-a-human", 100),)
    else:
        topics = tuple((c.id, c.confidence) for c in turn.understood.candidates[:CHOICES])
    return Decision(action=action, rule=rule, why=why, conversation=conversation, topics=topics)


def _locale(turn: Turn) -> str:
    """The chosen language; else that of the message, unless it is too short to change one that was spoken before.

    A command like ``/person`` has no language of its own.
    """
    conversation, spoken = turn.conversation, turn.understood.locale
    settled = turn.message.text.startswith("/") or (
        bool(conversation.question) and len(turn.message.text.split()) < WORDS_TO_CHANGE_LANGUAGE
    )
    return conversation.locale if conversation.locale_chosen or not spoken or settled else spoken


_FRESH: dict[str, object] = {"questions": 0, "offered": (), "denied": ()}


def emergency(turn: Turn) -> Decision | None:
    """Danger outranks everything, also a Lotse's conversation and the limit of messages."""
    verb, object_ = turn.button
    led_to = turn.link.topic if turn.link else object_ if verb == "topic" else ""
    if verb == "danger" and object_.startswith("yes"):
        topic = turn.conversation.danger or object_.removeprefix("yes").lstrip(":") or "emergency-medical-fire"
        topic = topic if topic in turn.topics else "emergency-medical-fire"
        return _decided(turn, "emergency", "she confirmed the danger", Emergency(topic=topic), **_FRESH)
    open_danger = turn.conversation.danger
    if open_danger and (verb == "yes" or (turn.understood.alarm and verb != "danger")):
        return _decided(turn, "emergency", "she confirmed the danger", Emergency(topic=open_danger), **_FRESH)
    if led_to.startswith("emergency-") and led_to in turn.topics:
        return _decided(turn, "emergency", "an emergency topic was tapped", Emergency(topic=led_to), **_FRESH)
    if verb == "emergency":
        return _decided(turn, "emergency", "the emergency command", Emergency(topic="emergency-medical-fire"), **_FRESH)
    alarm = turn.understood.alarm
    if alarm is None or verb == "danger":
        return None
    if alarm.sure:
        return _decided(turn, "emergency", alarm.why, Emergency(topic=alarm.topic), **_FRESH)
    decision = _decided(turn, "emergency", f"it may be danger: {alarm.why}", AskDanger(topic=alarm.topic))
    return replace(decision, conversation=replace(decision.conversation, danger=alarm.topic))


def flooding(turn: Turn) -> Decision | None:
    """More than twenty messages a minute: one kind sentence, then quiet; everything is kept."""
    if turn.messages_last_minute <= MESSAGES_A_MINUTE:
        return None
    why = f"{turn.messages_last_minute} messages in the last minute"
    action = Silent() if turn.conversation.slowed else SlowDown()
    decision = _decided(turn, "flooding", why, action)
    return replace(decision, conversation=replace(decision.conversation, slowed=True))


def erasing(turn: Turn) -> Decision | None:
    """Erasing works at any time, also while a Lotse has the conversation; it is final, so the button asks once more."""
    verb, object_ = turn.button
    if verb != "erase":
        return None
    if object_ == "yes" or turn.message.kind is Kind.TEXT:
        return _decided(turn, "erase", "the word or button for erasing", Erase())
    if object_ == "no":
        return _decided(turn, "erase", "she keeps her data", KeepData())
    decision = _decided(turn, "erase", "the command for erasing", AskErase())
    return replace(decision, conversation=replace(decision.conversation, erase_asked=True))


def back_to_bot(turn: Turn) -> Decision | None:
    """One button leads back from the Lotse, or out of the queue."""
    if turn.button[0] != "bot" or turn.conversation.mode is Mode.BOT:
        return None
    waiting = turn.conversation.mode is Mode.WAITING
    return _decided(
        turn,
        "back to the bot",
        "the newcomer chose so",
        BackToBot(waiting=waiting),
        mode=Mode.BOT,
        alarmed=False,
        **_FRESH,
    )


def lotse_has_it(turn: Turn) -> Decision | None:
    """While a person writes, the bot is silent but for commands."""
    if turn.conversation.mode is not Mode.HUMAN or turn.button[0] in COMMANDS or turn.understood.language_named:
        return None
    return _decided(turn, "a Lotse has the conversation", "the bot says nothing while a person writes", Silent())


def link(turn: Turn) -> Decision | None:
    """A poster or a letter led here: its topic in its language; the greeting if it names none, or none that exists."""
    to = turn.link
    if to is None:
        return None
    if to.topic in turn.topics:
        return _answered(turn, "link", f"a link to {to.topic}", to.topic)
    lost = bool(to.topic) or to.language not in turn.languages
    why = "a link to nothing that exists" if lost else f"a link in {to.language}"
    return _decided(turn, "link", why, Welcome(lost=lost), **_FRESH)


def language(turn: Turn) -> Decision | None:
    """The language is chosen by button, command or its own name, at any time."""
    verb, object_ = turn.button
    wanted = object_ if verb == "lang" else turn.understood.language_named
    if wanted in turn.languages:
        return _decided(
            turn,
            "language choice",
            f"{wanted} was chosen",
            SetLanguage(locale=wanted),
            locale=wanted,
            locale_chosen=True,
        )
    if verb in ("lang", "language"):
        return _decided(turn, "language choice", "the languages were asked for", AskLanguage())
    return None


def opened_door(turn: Turn) -> Decision | None:
    """The tap under "an answer waits": the answer itself follows, so the bot says nothing."""
    if turn.button[0] != "door" or turn.message.kind is not Kind.BUTTON:
        return None
    return _decided(turn, "opened door", "what waited at the door follows by itself", Silent())


def person(turn: Turn) -> Decision | None:
    """The wish for a person is granted at once."""
    if turn.button[0] != "person" and not turn.understood.wants_person:
        return None
    if turn.conversation.mode is Mode.WAITING:
        return _decided(turn, "wish for a person", "she is waiting already", StillWaiting())
    why = "the button" if turn.button[0] == "person" else "the words"
    return _decided(turn, "wish for a person", why, HandOff(reason="wish"), mode=Mode.WAITING, **_FRESH)


def button(turn: Turn) -> Decision | None:
    """Commands and menu buttons."""
    verb, object_ = turn.button
    match verb:
        case "topic" if object_ in turn.topics:
            return _answered(turn, "menu button", f"the button of {object_}", object_)
        case "more" if object_ in turn.topics:
            return _decided(turn, "menu button", f"more about {object_}", More(topic=object_), last_topic=object_)
        case "menu":
            chapter = object_ if object_ in turn.chapters else ""
            return _decided(turn, "menu button", "the menu was asked for", Menu(chapter=chapter), **_FRESH)
        case "help":
            return _answered(turn, "command", "help was asked for", "what-can-you-do")
        case "privacy":
            return _answered(turn, "command", "privacy was asked for", "privacy")
        case "start":
            return _decided(turn, "command", "first contact", Welcome(), **_FRESH)
        case _:
            return None


def not_text(turn: Turn) -> Decision | None:
    """A voice note, photo or place without words: a person can read or hear it, the bot cannot."""
    if turn.message.kind in (Kind.TEXT, Kind.BUTTON, Kind.START) or turn.message.text.strip():
        return None
    if turn.conversation.mode is Mode.WAITING:
        return _decided(turn, "not a text", f"a {turn.message.kind} while waiting", NoteAdded())
    return _decided(
        turn, "not a text", f"a {turn.message.kind} cannot be read by the bot", CannotRead(kind=turn.message.kind)
    )


def open_question(turn: Turn) -> Decision | None:
    """ "None of these" leads on: to other words first, then to a person. Anything typed is understood afresh."""
    if turn.button[0] != "none":
        return None
    denied = tuple(dict.fromkeys((*turn.conversation.denied, *turn.conversation.offered)))
    if turn.conversation.questions >= QUESTIONS_IN_A_ROW:
        return _hand_over(turn, "open question", "none of the offered topics, and two questions were asked")
    return _decided(
        turn,
        "open question",
        "none of the offered topics",
        Rephrase(),
        questions=turn.conversation.questions + 1,
        offered=(),
        denied=denied,
    )


def unknown_button(turn: Turn) -> Decision | None:
    """A button or link nobody knows any more shows the menu. After "no, no danger" the question itself goes on, if it is known."""
    goes_on = turn.button[0] == "danger" and not turn.conversation.group
    if turn.message.kind not in (Kind.BUTTON, Kind.START) or goes_on:
        return None
    return _decided(
        turn,
        "unknown button",
        "nothing belongs to it any more",
        Menu() if turn.message.kind is Kind.BUTTON else Welcome(),
        **_FRESH,
    )


def short_message(turn: Turn) -> Decision | None:
    """A greeting, a thank-you, an exact title, or a few words nobody can place: warm and quick, never scolding."""
    understood = turn.understood
    if understood.smalltalk:
        return _decided(turn, "short message", f"a {understood.smalltalk}", Smalltalk(kind=understood.smalltalk))
    if understood.exact and understood.best:
        return _answered(turn, "short message", "the words of exactly one topic", understood.best.id)
    if understood.vague and turn.conversation.questions < QUESTIONS_IN_A_ROW:
        return _asked(turn, "short message", "a wish for help without a topic: offer the chapters", ())
    return None


def two_topics(turn: Turn) -> Decision | None:
    """Two questions in one message are both answered."""
    both = tuple(topic for topic in turn.understood.both if topic in turn.topics)
    if len(both) != 2:
        return None
    return _decided(
        turn, "two topics", "each half is clear by itself", Answer(topics=both), last_topic=both[-1], **_FRESH
    )


def confident(turn: Turn) -> Decision | None:
    """Sure enough and clearly ahead of the runner-up."""
    best, limits = turn.understood.best, turn.understood.thresholds
    if not best or not turn.understood.is_sure or best.id in turn.conversation.denied or best.id not in turn.topics:
        return None
    return _answered(turn, "confident answer", f"{best.confidence} of 100, at least {limits.answer} needed", best.id)


def did_you_mean(turn: Turn) -> Decision | None:
    """Nearly sure: ask with at most three choices."""
    limits = turn.understood.thresholds
    choices = [c for c in turn.understood.candidates if c.id not in turn.conversation.denied and c.id in turn.topics][
        :CHOICES
    ]
    if not choices or choices[0].confidence < limits.ask or turn.conversation.questions >= QUESTIONS_IN_A_ROW:
        return None
    why = f"the best has {choices[0].confidence} of 100: at least {limits.ask} to ask, {limits.answer} and {limits.ahead} ahead to answer"
    return _asked(turn, "did you mean", why, tuple(c.id for c in choices))


def rephrase(turn: Turn) -> Decision | None:
    """Ask once for other words."""
    if (
        turn.conversation.questions >= 1
        or turn.conversation.mode is Mode.WAITING
        or turn.understood.outside >= turn.understood.thresholds.answer
    ):
        return None
    return _decided(turn, "other words", "nothing resembles it enough", Rephrase(), questions=1)


def hand_over(turn: Turn) -> Decision | None:
    """Better a person than a guess."""
    if turn.conversation.mode is Mode.WAITING:
        return _decided(turn, "hand over", "a Lotse is awaited already", NoteAdded())
    why = (
        "no topic covers it" if turn.understood.outside >= turn.understood.thresholds.answer else "still not understood"
    )
    return _hand_over(turn, "hand over", why)


def _answered(turn: Turn, rule: str, why: str, topic: str) -> Decision:
    return _decided(turn, rule, why, Answer(topics=(topic,)), last_topic=topic, **_FRESH)


def _asked(turn: Turn, rule: str, why: str, topics: tuple[str, ...]) -> Decision:
    return _decided(
        turn,
        rule,
        why,
        Clarify(topics=topics),
        questions=turn.conversation.questions + 1,
        offered=topics,
    )


def _hand_over(turn: Turn, rule: str, why: str) -> Decision:
    if turn.conversation.mode is Mode.WAITING:
        return _decided(turn, rule, "a Lotse is awaited already", NoteAdded())
    return _decided(turn, rule, why, HandOff(reason="unsure"), mode=Mode.WAITING, questions=0, offered=(), denied=())


RULES: tuple[Rule, ...] = (
    emergency,
    flooding,
    erasing,
    back_to_bot,
    lotse_has_it,
    link,
    opened_door,
    language,
    person,
    button,
    not_text,
    open_question,
    unknown_button,
    short_message,
    two_topics,
    confident,
    did_you_mean,
    rephrase,
    hand_over,
)
