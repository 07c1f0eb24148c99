"""Entries, decisions and groups of questions as the editors' pages get them, with the words editors read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.decision import Decision
from bot.message import Reply
from bot.preview import answer, background, on_telegram, on_whatsapp
from bot.web import shown
from bot.workbench import FactState, Version
from faq import Catalogue
from faq.facts import Confidence
from faq.translations import Status
from faq.values import parse_value
from intents.understanding import Understanding
from locales import Phrases, languages, phrases

LOOKS: dict[Status, tuple[str, str]] = {
    "ok": ("ok", "tick"),
    "stale": ("old", "clock"),
    "unreviewed": ("new", "circle"),
    "overdue": ("old", "clock"),
    "missing": ("bad", "minus"),
}


def states(say: Phrases) -> dict[Status, dict[str, str]]:
    """Each state of an answer: its word, its look and its icon."""
    words: dict[Status, str] = {
        "ok": say("fresh and read"),
        "stale": say("out of date"),
        "unreviewed": say("not read yet"),
        "overdue": say("reading due"),
        "missing": say("missing"),
    }
    return {state: {"word": words[state], "look": look, "icon": icon} for state, (look, icon) in LOOKS.items()}


def parts(say: Phrases) -> dict[str, str]:
    """The parts of an answer by their key in the files."""
    return {
        "title": say("Title"),
        "lead": say("First line"),
        "bring": say("Bring with you"),
        "steps": say("Steps"),
        "more": say("Background"),
    }


def version(catalogue: Catalogue, topic: str, found: Version, now: datetime, say: Phrases) -> dict[str, Any]:
    """An entry in one language for the page: its state, and what each channel shows. A language the bot does not speak shows nothing."""
    language = languages()[found.language]
    said = answer(catalogue, topic, language.tag, now) if language.phrases else ()
    messages = (*said, *background(said, language.tag, catalogue, now))
    return {
        "tag": language.tag,
        "name": language.name,
        "direction": language.direction,
        "offered": language.phrases,
        "state": found.status,
        "found": found,
        "defects": [defect.in_(say.locale) for defect in found.defects],
        "read_on": _day(found.read_on, say),
        "telegram": [on_telegram(reply) for reply in messages],
        "whatsapp": [on_whatsapp(reply) for reply in messages],
        "web": [web(reply, catalogue, now) for reply in said],  # there the card unfolds its background itself
    }


def web(reply: Reply, catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    """A reply in parts, as the chat page gets it."""
    body: dict[str, Any] = {
        "text": reply.text,
        "lang": reply.locale,
        "dir": languages()[reply.locale].direction,
        "buttons": [shown.button(button) for button in reply.buttons],
    }
    if reply.card:
        danger = reply.card.topic.startswith("emergency-")
        body["card"] = shown.card(asdict(reply.card), reply.locale, catalogue, now, emergency=danger)
    return body


def words_for(tags: set[str]) -> dict[str, dict[str, str]]:
    """What a card says itself, by language."""
    return {tag: shown.card_words(phrases(tag)) for tag in tags}


def fact(state: FactState, catalogue: Catalogue, say: Phrases) -> dict[str, Any]:
    """A fact with its values printed, and the other entries that use it."""
    return {
        "state": state,
        "printed": {part: value.words(say.locale) for part, value in state.fact.values.items()},
        "as_of": _day(state.fact.as_of, say),
        "confidence": confidence(state.fact.confidence, say),
        "used": [
            {"id": topic, "title": catalogue.title(topic, say.locale), "languages": spoken}
            for topic, spoken in state.used.items()
        ],
    }


def confidence(written: Confidence, say: Phrases) -> dict[str, str]:
    """How sure something is: its word, look and icon."""
    return {
        "statute": {"word": say("by law"), "look": "ok", "icon": "tick"},
        "verified": {"word": say("verified"), "look": "ok", "icon": "tick"},
        "general-knowledge": {"word": say("not confirmed"), "look": "old", "icon": "warn"},
        "unverified": {"word": say("not confirmed"), "look": "old", "icon": "warn"},
    }[written]


def _day(written: str, say: Phrases) -> str:
    return parse_value(written).words(say.locale) if len(written) > len("2026") else written


def tried(
    understood: Understanding,
    decision: Decision,
    said: tuple[Reply, ...],
    catalogue: Catalogue,
    now: datetime,
    say: Phrases,
) -> dict[str, Any]:
    """What the bot makes of a message, for an editor: the language, the candidates against the limits, the rule, the answer."""
    spoken = languages().get(understood.locale)
    limits = understood.thresholds
    return {
        "outcome": decision.outcome,
        "verdict": _verdict(decision, say),
        "rule": _rule(decision.rule, say),
        "locale": understood.locale,
        "language": spoken.name if spoken else "",
        "answers_in": languages()[decision.conversation.locale].name,
        "candidates": [
            {
                "id": candidate.id,
                "title": catalogue.title(candidate.id, say.locale),
                "confidence": candidate.confidence,
                "chapter": catalogue.topics[candidate.id].chapter,
            }
            for candidate in understood.candidates
            if candidate.id in catalogue.topics and candidate.confidence > 0
        ],
        "limits": {"answer": limits.answer, "ahead": limits.ahead, "ask": limits.ask},
        "notes": [decision.why, *understood.notes, *([understood.alarm.why] if understood.alarm else [])],
        "replies": [web(reply, catalogue, now) for reply in said],
        "words": words_for({reply.locale for reply in said}),
    }


def _verdict(decision: Decision, say: Phrases) -> dict[str, str]:
    words = {
        "answer": (say("Answers"), "ok", "tick"),
        "clarify": (say("Asks back"), "info", "circle"),
        "rephrase": (say("Asks for other words"), "info", "circle"),
        "handoff": (say("Brings a person"), "old", "person"),
        "emergency": (say("Emergency"), "bad", "warn"),
        "smalltalk": (say("Replies without a topic"), "info", "tick"),
        "silent": (say("Says nothing"), "info", "minus"),
    }
    word, look, icon = words[decision.outcome]
    return {"word": word, "look": look, "icon": icon}


def _rule(rule: str, say: Phrases) -> str:
    """Why, in a sentence for somebody who does not know the code; the rule's own name where there is none."""
    return {
        "emergency": say("The message may be about danger. That comes before everything else."),
        "erase": say("The word for erasing everything."),
        "language choice": say("The name of a language: it is chosen."),
        "wish for a person": say("The newcomer wishes for a person."),
        "menu button": say("The word for a topic or the menu."),
        "command": say("A command."),
        "short message": say("A short message: a greeting, thanks, or the words of exactly one topic."),
        "two topics": say("Two questions in one message, each clear by itself."),
        "confident answer": say("One topic is sure enough and clearly ahead of the next."),
        "did you mean": say("Nearly sure: the newcomer is asked which topic is meant."),
        "other words": say("No topic is likely enough: the newcomer is asked once for other words."),
        "hand over": say("No topic covers it: a person answers."),
    }.get(rule, rule)
