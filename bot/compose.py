"""From a decision to the words: pure, in the newcomer's language, with texts that ship with the bot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation import Conversation, Mode
from bot.decision import (
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
    SlowDown,
    Smalltalk,
    StillWaiting,
    Welcome,
)
from bot.message import Button, Reply
from faq import Card, Catalogue, card_text, make_card, more_text
from locales import Phrases, languages, offered, phrases

MOST_ASKED = ("register-address", "residence-permit", "integration-course", "find-flat", "find-doctor", "find-job")
RELATED_SHOWN = 2


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is honestly known about the wait: the place in the queue and how many people guide at the moment."""

    place: int = 1


def compose(
    decision: Decision, catalogue: Catalogue, now: datetime, waiting: Waiting | None = None
) -> tuple[Reply, ...]:
    """The replies of one decision, in the order they are sent; none when the bot is silent."""
    say = _Composer(decision, catalogue, now, waiting or Waiting())
    return tuple(say.replies())


class _Composer:
    """Words for one decision."""

    def __init__(self, decision: Decision, catalogue: Catalogue, now: datetime, waiting: Waiting) -> None:
        self.decision, self.catalogue, self.now, self.waiting = decision, catalogue, now, waiting
        spoken = decision.conversation.locale
        self.locale = spoken if spoken in languages() and languages()[spoken].phrases else "en"
        self._: Phrases = phrases(self.locale)

    def replies(self) -> Iterable[Reply]:
        _ = self._
        match self.decision.action:
            case Answer(topics=topics):
                return [self._answer(topic, last=topic == topics[-1]) for topic in topics]
            case More(topic=topic):
                card = self._card(topic, self.locale)
                return [self._reply(more_text(card), self._person())]
            case Emergency(topic=topic):
                return [self._emergency(topic)]
            case AskDanger(topic=topic):
                return [self._ask_danger(topic)]
            case Clarify(topics=()):
                return [self._menu(_("I am glad to help. What is it about?"))]
            case Clarify(topics=topics):
                buttons = [Button(id=f"topic:{topic}", label=self._title(topic)) for topic in topics]
                return [self._reply(_("What do you mean?"), *buttons, Button(id="none", label=_("None of these")))]
            case Rephrase():
                return [
                    self._reply(
                        _("I did not understand that yet. Please say it in other words. One short sentence is enough."),
                        Button(id="menu", label=_("All topics")),
                        self._person(),
                    )
                ]
            case HandOff(reason=reason):
                return [self._hand_off(reason)]
            case InviteInPrivate(reason=reason):
                return [self._invite(reason)]
            case StillWaiting():
                return [
                    self._reply(_("A guide is coming into this chat.") + " " + self._place(), *self._while_waiting())
                ]
            case NoteAdded():
                return [
                    self._reply(
                        _("I have added this for the guide. You do not need to repeat it."), *self._while_waiting()
                    )
                ]
            case Smalltalk(kind=kind):
                return [self._smalltalk(kind)]
            case AskLanguage():
                return [self._languages(_("Which language shall we use?"))]
            case SetLanguage():
                return [
                    self._reply(
                        _("We now write in English. What would you like to know?"),
                        *self._most_asked(),
                        Button(id="language", label=_("Another language")),
                    )
                ]
            case Menu(chapter=chapter):
                return [self._chapter(chapter) if chapter else self._menu(_("What is it about?"))]
            case Welcome(lost=lost):
                return [self._welcome(lost=lost)]
            case CannotRead(kind=kind):
                return [self._reply(self._cannot_read(kind), Button(id="menu", label=_("All topics")), self._person())]
            case SlowDown():
                return [self._reply(_("That was a lot at once. Please wait a moment, then write on. Nothing is lost."))]
            case BackToBot(waiting=waiting):
                text = (
                    _("You are no longer waiting. I am the chatbot, ask me again.")
                    if waiting
                    else _("You are writing with the chatbot again. What else would you like to know?")
                )
                return [self._reply(text, Button(id="menu", label=_("All topics")), self._person())]
            case AskErase():
                return [
                    self._reply(
                        _("Erase everything? All messages will be gone, also for the guide. This cannot be undone."),
                        Button(id="erase:no", label=_("Keep")),
                        Button(id="erase:yes", label=_("Erase everything")),
                    )
                ]
            case Erase():
                return [self._reply(_("Everything is erased. You can start again at any time."))]
            case KeepData():
                return [self._reply(_("Nothing was erased."))]
            case _:
                return []

    def _reply(self, text: str, *buttons: Button) -> Reply:
        return Reply(text=text, locale=self.locale, buttons=buttons)

    def _card(self, topic: str, locale: str) -> Card:
        return make_card(self.catalogue, topic, locale, self.now)

    def _title(self, topic: str) -> str:
        return self.catalogue.title(topic, self.locale)

    def _person(self) -> Button:
        if self.decision.conversation.group:
            return private_button(self._)
        if self.decision.conversation.mode is Mode.WAITING:
            return Button(id="bot", label=self._("Stop waiting"))
        return Button(id="person", label=self._("Talk to a person"))

    def _answer(self, topic: str, *, last: bool) -> Reply:
        _ = self._
        card = self._card(topic, self.locale)
        missing, text = card.locale != self.locale, card_text(card)
        if missing:
            sorry = _(
                "This answer does not exist in your language yet. Here it is in German and English. A person can explain it to you."
            )
            text = "\n\n".join([sorry, text, card_text(self._card(topic, "en"))])
        buttons = [Button(id=f"more:{topic}", label=_("More about this"))] if card.more and not missing else []
        if last:
            buttons += [
                Button(id=f"topic:{related}", label=self._title(related))
                for related in self.catalogue.topics[topic].related[:RELATED_SHOWN]
            ]
            buttons.append(self._person())
        return Reply(text=text, locale=self.locale, buttons=tuple(buttons), card=None if missing else card)

    def _emergency(self, topic: str) -> Reply:
        say = self._in_danger(topic)
        card = self._card(topic, say.locale)
        numbers = [f"{label}: {number}" for number, label in emergency_numbers(self.catalogue, say)]
        steps = [f"{number}. {line.text}" for number, line in enumerate(card.steps, 1)]
        group = self.decision.conversation.group
        person = private_button(say) if group else Button(id="person", label=say("Talk to a person"))
        buttons = () if self.decision.conversation.mode is not Mode.BOT else (person,)
        invitation = [_unseen(say)] if group else []
        text = "\n\n".join([card.title, card.lead.text, *steps, *numbers, *invitation])
        return Reply(text=text, locale=say.locale, buttons=buttons, card=card)

    def _ask_danger(self, topic: str) -> Reply:
        say = self._in_danger(topic)
        group = self.decision.conversation.group
        invitation = [_unseen(say)] if group else []
        return Reply(
            text="\n\n".join([say("Are you in danger now?"), self._numbers(say), *invitation]),
            locale=say.locale,
            buttons=(
                Button(id=f"danger:yes:{topic}", label=say("Yes, I need help now")),
                Button(id="danger:no", label=say("No, no danger")),
                *([private_button(say)] if group else []),
            ),
        )

    def _numbers(self, say: Phrases) -> str:
        return "\n".join(f"{label}: {number}" for number, label in emergency_numbers(self.catalogue, say))

    def _in_danger(self, topic: str) -> Phrases:
        """The newcomer's own language wherever the emergency text exists, English elsewhere."""
        spoken = self.decision.conversation.locale
        return phrases(spoken if self.catalogue.entry(topic, spoken) else "en")

    def _hand_off(self, reason: str) -> Reply:
        _ = self._
        opening = {
            "wish": _("Yes, of course. I am asking a person for help."),
            "unsure": _("I do not know this for certain, and I do not want to guess. I am asking a person for help."),
        }[reason]
        text = "\n\n".join(
            [
                opening + " " + _("A volunteer guide (Integrationslotse) will write to you here in this chat."),
                self._place(),
                _(
                    "You need not tell anyone your name, where you come from or which papers you have. You can write more in the meantime, or ask me something else."
                ),
            ]
        )
        return self._reply(text, *self._while_waiting())

    def _invite(self, reason: str) -> Reply:
        _ = self._
        unsure = [_("I do not know this for certain, and I do not want to guess.")] if reason == "unsure" else []
        invitation = _(
            "A volunteer guide can help you, but not in a group where everybody reads along. Please write to me privately."
        )
        return self._reply("\n\n".join([*unsure, invitation, self._numbers(_)]), self._person())

    def _place(self) -> str:
        return place_sentence(self.waiting.place, self._)

    def _while_waiting(self) -> tuple[Button, ...]:
        return (Button(id="bot", label=self._("Stop waiting")), Button(id="menu", label=self._("All topics")))

    def _smalltalk(self, kind: str) -> Reply:
        _, city = self._, self.catalogue.city.name(self.locale)
        text = {
            "greeting": _("Hello, good to see you here. Ask me anything about living in {city}.").format(city=city),
            "thanks": _("You are welcome. If there is anything else, just write."),
            "goodbye": _("Goodbye, and all the best in {city}. You can come back at any time.").format(city=city),
            "insult": _("I am sorry that this was not helpful. A person can take over."),
        }[kind]
        if kind == "greeting":
            return self._reply(text, *self._most_asked(), self._person())
        return self._reply(text, *([self._person()] if kind == "insult" else []))

    def _most_asked(self) -> tuple[Button, ...]:
        return tuple(
            Button(id=f"topic:{topic}", label=self._title(topic))
            for topic in MOST_ASKED
            if topic in self.catalogue.topics
        )

    def _languages(self, text: str) -> Reply:
        return self._reply(text, *(Button(id=f"lang:{language.tag}", label=language.name) for language in offered()))

    def _menu(self, text: str) -> Reply:
        chapters = [
            Button(id=f"menu:{chapter}", label=chapter_name(chapter, self._)) for chapter in self.catalogue.chapters
        ]
        return self._reply(text, *chapters, self._person())

    def _chapter(self, chapter: str) -> Reply:
        topics = [topic.id for topic in self.catalogue.topics.values() if topic.chapter == chapter]
        buttons = [Button(id=f"topic:{topic}", label=self._title(topic)) for topic in topics]
        return self._reply(chapter_name(chapter, self._), *buttons, Button(id="menu", label=self._("All topics")))

    def _welcome(self, *, lost: bool) -> Reply:
        _ = self._
        how = (
            _("In a group I answer when you mention me or reply to me. I do not read anything else.")
            if self.decision.conversation.group
            else _("If I do not know the answer for certain, a volunteer guide (Integrationslotse) helps you here.")
        )
        text = "\n\n".join(
            [
                *([lost_link(_)] if lost else []),
                _("Welcome to {city}. I am a chatbot, not a person. Write your question in your language.").format(
                    city=self.catalogue.city.name(self.locale)
                ),
                how,
                _("In danger: call {police} (police) or {rescue} (ambulance, fire).").format(
                    police=_.isolate("110"), rescue=_.isolate("112")
                ),
            ]
        )
        return self._reply(
            text,
            *self._most_asked(),
            Button(id="language", label=_("Another language") + " / Language"),
            self._person(),
        )

    def _cannot_read(self, kind: str) -> str:
        _ = self._
        return {
            "voice": _(
                "I cannot listen to voice messages, and they are not passed on. Please write your question in a few words."
            ),
            "photo": _(
                "I cannot read pictures, and they are not passed on. Please write what it is about, for example which office sent the letter."
            ),
            "document": _(
                "I cannot read files, and they are not passed on. Please write what it is about, for example which office sent the letter."
            ),
            "location": _("Thank you, but I do not need to know where you are. Please write what you are looking for."),
        }.get(kind, _("I can only read text. Please write your question in a few words."))


def lost_link(say: Phrases) -> str:
    """A friendly word for whoever followed a link that leads nowhere any more."""
    return say("This link is out of date. No problem: just write your question in your own words.")


def emergency_numbers(catalogue: Catalogue, say: Phrases) -> tuple[tuple[str, str], ...]:
    """The numbers that are always at hand, with what they are for."""
    police, rescue = catalogue.contacts["police-110"].phone, catalogue.contacts["emergency-112"].phone
    return ((say.isolate(rescue), say("Ambulance and fire brigade")), (say.isolate(police), say("Police")))


def private_button(say: Phrases) -> Button:
    """The way out of a group; the channel knows where it leads."""
    return Button(id="private", label=say("Write to me privately"))


def _unseen(say: Phrases) -> str:
    return say("You can also write to me privately. Nobody in this group reads it there.")


def late(reply: Reply, *, urgent: bool = False) -> Reply:
    """The same reply with a word of regret about the wait, after the number if it is urgent."""
    say = phrases(reply.locale)
    sorry = say("I am sorry that this answer comes so late.")
    if sorry in reply.text:
        return reply
    return replace(reply, text="\n\n".join([reply.text, sorry] if urgent else [sorry, reply.text]))


def failed(conversation: Conversation) -> Reply:
    """A message could not be handled: a polite word, and who helps."""
    say = phrases(conversation.locale)
    return Reply(
        text=say("Something went wrong on our side. Please write your question once more, or ask for a person."),
        locale=conversation.locale,
        buttons=(private_button(say) if conversation.group else Button(id="person", label=say("Talk to a person")),),
    )


def corrected(text: str, say: Phrases) -> str:
    """How a correction appears in the talk."""
    return say("[corrected]") + " " + text


def medium(kind: str, say: Phrases) -> str:
    """How something that is no text appears in the talk."""
    return {
        "voice": say("[voice message]"),
        "photo": say("[picture]"),
        "document": say("[file]"),
        "location": say("[place]"),
    }.get(kind, say("[no text]"))


def rule_sentence(rule: str, say: Phrases) -> str:
    """Why the bot brought a Lotse in, for the case card."""
    return {
        "wish for a person": say("The newcomer asked for a person."),
        "hand over": say("The bot did not understand the question well enough."),
        "open question": say("None of the topics the bot offered was right."),
    }.get(rule, rule)


def place_sentence(place: int, say: Phrases) -> str:
    """The place in the queue, without a promise nobody can keep."""
    if place <= 1:
        return say(
            "You are next. How long it takes depends on who is there; your question stays here, also if you close the chat."
        )
    return say(
        "You are number {place} in the queue. How long it takes depends on who is there; your question stays here, also if you close the chat."
    ).format(place=place)


def chapter_name(chapter: str, say: Phrases) -> str:
    """The name of a chapter on buttons and in the desk."""
    return {
        "first-steps": say("First steps"),
        "residence-and-rights": say("Residence and rights"),
        "german": say("Learning German"),
        "work": say("Work"),
        "housing": say("Housing"),
        "health": say("Health"),
        "family-and-school": say("Family and school"),
        "money": say("Money"),
        "mobility": say("Getting around"),
        "everyday-and-culture": say("Everyday life and culture"),
        "advice-and-support": say("Advice and support"),
        "engagement": say("Taking part"),
        "emergency": say("Emergency"),
        "about-this-service": say("About this service"),
    }.get(chapter, chapter)
