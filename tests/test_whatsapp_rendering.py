"""Whatever a reply says and offers: it fits WhatsApp's limits, keeps its order, and nothing of it is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import shorten, split_end, utf16_length
from bot.channels.whatsapp.outgoing import Outgoing, plain, render
from bot.compose import compose
from bot.conversation import Conversation, Mode
from bot.decision import Answer, Decision
from bot.message import Button
from faq import Catalogue
from locales import offered, phrases
from tests.fakes.whatsapp import FakeWhatsApp

ISOLATED = "اتصل بالرقم \u2068+49 541 323 1234\u2069 الآن من فضلك"
words = st.text(st.sampled_from("aäß🙂 \n*_~`.ب\u2068\u2069-"), max_size=3000)
labels = st.text(st.sampled_from("aäß🙂 ب*\u2068\u2069"), min_size=1, max_size=120).filter(str.strip)


def offer(names: list[str]) -> list[Button]:
    return [Button(id=f"topic:{number}", label=name) for number, name in enumerate(names)]


def checked(messages: list[Outgoing]) -> list[Outgoing]:
    """What Meta's own rules say to these messages."""
    fake = FakeWhatsApp.__new__(FakeWhatsApp)
    for message in messages:
        {"text": FakeWhatsApp._check_text, "interactive": FakeWhatsApp._check_interactive}[message.type](
            fake, message.content
        )
    return messages


def choices(message: Outgoing) -> list[dict[str, str]]:
    action = message.content.get("action", {})
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return [*(button["reply"] for button in action.get("buttons", ())), *rows]


def shown(message: Outgoing) -> str:
    return str(message.content["body"] if message.type == "text" else message.content["body"]["text"])


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(words.filter(str.strip), st.lists(labels, max_size=25))
def test_every_reply_fits_and_every_choice_is_there_once_in_order_and_in_full(text: str, names: list[str]) -> None:
    messages = checked(render(text, offer(names), phrases("ar")))
    offered_ids = [choice["id"] for message in messages for choice in choices(message)]
    assert offered_ids == [f"topic:{number}" for number in range(len(names))]
    everything = "".join(shown(message) for message in messages)
    assert squeezed(plain(text)) in squeezed(everything)
    bodies = squeezed(everything)
    for choice, name in zip((c for m in messages for c in choices(m)), names, strict=True):
        places = (choice["title"], choice.get("description", ""), bodies)
        assert any(squeezed(name) in squeezed(place) or squeezed(plain(name)) in place for place in places)


@given(words)
def test_a_text_is_cut_where_it_may_be_cut_and_loses_nothing_but_white_space(text: str) -> None:
    before, end = split_end(text, 1024)
    assert utf16_length(end) <= 1024
    assert squeezed(before + end) == squeezed(text)


@given(labels, st.integers(2, 72))
def test_a_shortened_label_keeps_the_limit_and_its_isolates_balanced(label: str, limit: int) -> None:
    short = shorten(label, limit)
    assert utf16_length(short) <= limit
    if label.count("\u2068") == label.count("\u2069") == 0:
        assert short.count("\u2068") == short.count("\u2069")


@pytest.mark.parametrize(
    ("label", "limit", "short"),
    [
        ("Wohnung anmelden", 20, "Wohnung anmelden"),
        ("Kindergeld und Kinderzuschlag", 24, "Kindergeld und…"),
        ("Donaudampfschifffahrtsgesellschaft", 20, "Donaudampfschifffah…"),
        ("Wohnen, suchen und finden", 9, "Wohnen…"),
        (ISOLATED, 24, "اتصل بالرقم \u2068+49 541\u2069…"),
    ],
)
def test_a_label_is_shortened_at_a_word(label: str, limit: int, short: str) -> None:
    assert shorten(label, limit) == short


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("*fett* und _kursiv_ und ~weg~ und `code`", "∗fett∗ und ˍkursivˍ und ∼weg∼ und ˋcodeˋ"),
        ("Mieter*innen, Lots*innen, a_b_c", "Mieter*innen, Lots*innen, a_b_c"),
        ("https://example.org/a_b_c?x=_1_ und a_b@example.org", "https://example.org/a_b_c?x=_1_ und a_b@example.org"),
        ("*https://example.org*", "∗https://example.org∗"),
        ("nur ein * Stern", "nur ein * Stern"),
        ("+49 541 323-0", "+49 541 323-0"),
    ],
)
def test_nothing_becomes_formatting_by_accident(written: str, sent: str) -> None:
    assert plain(written) == sent


def test_what_does_not_fit_a_button_stands_in_full_below_the_text() -> None:
    [message] = render("Frage?", offer(["Mit einem Menschen sprechen", "Ja"]), phrases("de"))
    assert [choice["title"] for choice in choices(message)] == ["Mit einem Menschen…", "Ja"]
    assert shown(message) == "Frage?\n\n• Mit einem Menschen sprechen"


def test_labels_that_would_look_the_same_are_numbered() -> None:
    [message] = render("Frage?", offer(["Kindergeld für Studierende", "Kindergeld für Selbstständige"]), phrases("de"))
    assert [choice["title"] for choice in choices(message)] == ["1. Kindergeld für…", "2. Kindergeld für…"]
    assert "2. Kindergeld für Selbstständige" in shown(message)


def test_every_answer_in_every_language_fits(catalogue: Catalogue) -> None:
    for language in offered():
        conversation = Conversation(
            id="x", channel="whatsapp", address="1", locale=language.tag, locale_chosen=True, mode=Mode.BOT
        )
        for topic in catalogue.topics:
            decision = Decision(action=Answer(topics=(topic,)), rule="", why="", conversation=conversation)
            for reply in compose(decision, catalogue, datetime(2026, 5, 14, 12, tzinfo=UTC)):
                checked(render(reply.text, reply.buttons, phrases(language.tag)))
