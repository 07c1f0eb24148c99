"""The words of a decision: the number first and in the newcomer's language, honest about waiting, whole in one language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.compose import Waiting, compose
from bot.conversation import Conversation, Mode
from bot.decision import Action, Answer, AskDanger, Clarify, Decision, Emergency, HandOff, SetLanguage, Welcome
from bot.message import Reply
from faq import Catalogue
from locales import languages, offered

DANGERS = ("emergency-police", "emergency-medical-fire", "emergency-crisis", "emergency-poison")

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def words(action: Action, catalogue: Catalogue, locale: str = "de", mode: Mode = Mode.BOT, place: int = 1) -> Reply:
    conversation = Conversation(id="c", channel="web", address="c", locale=locale, mode=mode)
    decision = Decision(action=action, rule="test", why="test", conversation=conversation)
    return compose(decision, catalogue, NOW, Waiting(place=place))[-1]


@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize("topic", DANGERS)
def test_in_danger_the_numbers_come_in_the_newcomers_language_where_the_text_exists(
    catalogue: Catalogue, topic: str, locale: str
) -> None:
    reply = words(Emergency(topic=topic), catalogue, locale)
    assert "110" in reply.text
    assert "112" in reply.text
    assert any(character.isdigit() for character in "\n".join(reply.text.splitlines()[:3]))
    assert reply.locale == (locale if catalogue.entry(topic, locale) else "en")
    assert "{" not in reply.text


def test_the_question_about_danger_gives_the_numbers_too(catalogue: Catalogue) -> None:
    reply = words(AskDanger(topic="emergency-police"), catalogue)
    assert [button.id for button in reply.buttons] == ["danger:yes:emergency-police", "danger:no"]
    assert "110" in reply.text
    assert "112" in reply.text


def test_at_most_three_choices_and_a_way_out(catalogue: Catalogue) -> None:
    reply = words(Clarify(topics=("tax-id", "child-benefit", "find-doctor")), catalogue, "en")
    assert [button.id for button in reply.buttons] == [
        "topic:tax-id",
        "topic:child-benefit",
        "topic:find-doctor",
        "none",
    ]
    assert reply.buttons[-1].label == "None of these"


def test_a_vague_wish_gets_all_chapters_and_a_person(catalogue: Catalogue) -> None:
    ids = [button.id for button in words(Clarify(topics=()), catalogue).buttons]
    assert ids[0] == "menu:first-steps"
    assert ids[-1] == "person"


def test_an_answer_that_is_missing_in_a_language_is_said_so_and_comes_in_german_and_english(
    catalogue: Catalogue,
) -> None:
    french = {topic: entry for topic, entry in catalogue.entries["fr"].items() if topic != "tax-id"}
    catalogue = replace(catalogue, entries={**catalogue.entries, "fr": french})
    reply = words(Answer(topics=("tax-id",)), catalogue, "fr")
    assert "Quelle:" in reply.text
    assert "Source:" in reply.text
    assert reply.text.startswith("Cette réponse n’existe pas encore")
    assert "person" in [button.id for button in reply.buttons]


def test_waiting_names_the_place_and_promises_no_time(catalogue: Catalogue) -> None:
    reply = words(HandOff(reason="unsure"), catalogue, mode=Mode.WAITING, place=3)
    assert "Nummer 3" in reply.text
    assert "Minute" not in reply.text
    assert [button.id for button in reply.buttons] == ["bot", "menu"]


@pytest.mark.parametrize("language", offered(), ids=lambda language: language.tag)
def test_the_first_words_say_that_it_is_a_chatbot_and_where_help_is(catalogue: Catalogue, language: object) -> None:
    tag = getattr(language, "tag", "de")
    reply = words(Welcome(), catalogue, tag)
    assert "110" in reply.text
    assert "112" in reply.text
    assert "language" in [button.id for button in reply.buttons]
    assert words(SetLanguage(locale=tag), catalogue, tag).locale == tag


def test_numbers_in_right_to_left_text_keep_their_own_direction(catalogue: Catalogue) -> None:
    assert "\u2068112\u2069" in words(Welcome(), catalogue, "ar").text


def test_buttons_fit_telegram(catalogue: Catalogue) -> None:
    for chapter_reply in (words(Welcome(), catalogue), words(Clarify(topics=()), catalogue)):
        assert all(len(button.id.encode()) <= 64 for button in chapter_reply.buttons)
    assert all(
        len(f"danger:yes:{topic}".encode()) <= 64 and len(f"topic:{topic}".encode()) <= 64 for topic in catalogue.topics
    )
