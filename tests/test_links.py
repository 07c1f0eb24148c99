"""Links keep their promise: every topic in every language survives the way out and back, and nothing a stranger makes up is an error."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ask import ask, fresh
from bot.channels.telegram.incoming import parse
from bot.compose import compose, lost_link
from bot.conversation import Conversation, Mode
from bot.decide import Turn, decide
from bot.decision import Answer, AskDanger, Decision, Emergency, Welcome
from bot.errors import WrongSettings
from bot.links import Link, Places, addresses, followed, from_payload, greeting
from bot.message import Kind, Message, clean_text
from bot.service import Service
from faq import Catalogue
from intents.understanding import Alarm, Thresholds, Understanding
from locales import languages, offered, phrases
from tests.server import Server

PLACES = Places(web="https://chat.example", telegram="example_bot", whatsapp="+4915112345678")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOTHING = Understanding(text="", thresholds=Thresholds(answer=60, ahead=10, ask=15))
SPOKEN = [language.tag for language in offered()]


def decided(
    message: Message,
    catalogue: Catalogue,
    conversation: Conversation | None = None,
    understood: Understanding = NOTHING,
) -> Decision:
    return decide(Service.turn(message, conversation or fresh(), understood, catalogue))


def started(payload: str) -> Message:
    """What Telegram brings when somebody opens a start link."""
    return parse({"message": {"text": f"/start {payload}", "from": {"language_code": "de"}}})


def sent(text: str, catalogue: Catalogue) -> Message:
    """What WhatsApp brings when somebody sends the text of a link."""
    return followed(Message(text=clean_text(text)), catalogue.topics)


def whatsapp_text(link: Link) -> str:
    """What stands in the text box when the link is opened."""
    url = next(address.url for address in addresses(link, PLACES) if address.channel == "whatsapp")
    return parse_qs(urlsplit(url).query)["text"][0]


@pytest.fixture
def box(tmp_path: Path) -> Server:
    """A place to run commands; the public knows a web page and a Telegram bot."""
    return Server(tmp_path, {"PUBLIC_URL": "https://chat.example", "TELEGRAM_NAME": "@example_bot"})


# ---- out and back


def test_every_topic_in_every_language_fits_telegram_and_comes_back_whole(catalogue: Catalogue) -> None:
    for topic in ("", *catalogue.topics):
        for tag in languages():
            link = Link(topic=topic, language=tag)
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", link.payload), link
            assert from_payload(link.payload) == link


@pytest.mark.parametrize("tag", SPOKEN)
def test_the_text_of_a_whatsapp_link_is_a_sentence_in_the_language_and_comes_back_as_the_link(
    catalogue: Catalogue, tag: str
) -> None:
    for topic in ("", "register-address", "recognition-of-qualifications"):
        link = Link(topic=topic, language=tag)
        sentence, code = whatsapp_text(link).split("\n")
        assert sentence == phrases(tag)("Hello, I have a question.")
        assert code.startswith("#")
        came = sent(whatsapp_text(link), catalogue)
        assert (came.kind, came.button, came.text) == (Kind.START, link.button, "")


def test_a_link_opens_the_topic_in_its_language_whatever_the_phone_is_set_to(catalogue: Catalogue) -> None:
    link = Link(topic="register-address", language="uk")
    for message in (started(link.payload), sent(whatsapp_text(link), catalogue)):
        decision = decided(message, catalogue)
        assert decision.action == Answer(topics=("register-address",))
        assert (decision.conversation.locale, decision.conversation.locale_chosen) == ("uk", True)
        assert compose(decision, catalogue, NOW)[0].text.startswith(catalogue.title("register-address", "uk"))


def test_a_link_with_a_language_alone_says_welcome_in_it(catalogue: Catalogue) -> None:
    decision = decided(started("l-fa"), catalogue)
    assert (decision.action, decision.conversation.locale) == (Welcome(lost=False), "fa")


def test_links_that_were_printed_before_still_work(catalogue: Catalogue) -> None:
    for payload in ("register-address", "topic_register-address", "t-register-address"):
        assert decided(started(payload), catalogue).action == Answer(topics=("register-address",))
    assert decided(started("lang_ar"), catalogue).conversation.locale == "ar"


def test_the_real_core_follows_a_code_without_guessing(catalogue: Catalogue) -> None:
    asked = ask("Добрий день, маю запитання.\n#find-doctor uk", catalogue, fresh())
    assert (asked.decision.rule, asked.row()["locale"], asked.row()["topics"][0]["id"]) == ("link", "uk", "find-doctor")


# ---- made up, outdated, edited


@pytest.mark.parametrize(
    "payload", ["no-such-topic", "t-gone_l-uk", "t-_l-", "l-xx", "_", "-", "a" * 64, "a" * 65, "ünï", "'; DROP--", "t-a_l-b_c"]
)  # fmt: skip
def test_a_link_to_nowhere_is_the_ordinary_greeting_with_a_friendly_word(catalogue: Catalogue, payload: str) -> None:
    decision = decided(started(payload), catalogue)
    reply = compose(decision, catalogue, NOW)[0]
    say = phrases(decision.conversation.locale)
    assert decision.action == Welcome(lost=True)
    assert reply.text.startswith(lost_link(say))
    assert say("Talk to a person") in [button.label for button in reply.buttons]


def test_an_outdated_topic_is_excused_in_the_language_of_the_link(catalogue: Catalogue) -> None:
    for message in (started("t-gone_l-tr"), sent("Merhaba\n#gone tr", catalogue)):
        assert lost_link(phrases("tr")) in compose(decided(message, catalogue), catalogue, NOW)[0].text


def test_an_unknown_language_costs_nobody_the_answer(catalogue: Catalogue) -> None:
    decision = decided(started("t-find-doctor_l-xx"), catalogue)
    assert (decision.action, decision.conversation.locale) == (Answer(topics=("find-doctor",)), "de")


@given(payload=st.text(max_size=80))
def test_no_payload_is_an_error(payload: str) -> None:
    message = Message(kind=Kind.START, button=from_payload(payload).button)
    turn = Turn(
        message=message, conversation=fresh(), understood=NOTHING, topics=frozenset({"tax-id"}), chapters=frozenset(),
        languages=frozenset({"de"}),
    )  # fmt: skip
    assert isinstance(decide(turn).action, Welcome | Answer)


@given(text=st.text(max_size=80), code=st.text(alphabet="#abc- uk\n\u200f\u00a0", max_size=30))
def test_no_text_is_an_error(text: str, code: str) -> None:
    message = Message(text=text + code)
    assert followed(message, {"abc"}).kind in (Kind.TEXT, Kind.START)


@pytest.mark.parametrize(
    "text", ["Ich liebe es hier\n#osnabrueck", "#osnabrueck", "mein Termin #1 morgen", "#", "# register-address", "##find-job"]
)  # fmt: skip
def test_an_ordinary_hashtag_is_a_message_like_any_other(catalogue: Catalogue, text: str) -> None:
    assert sent(text, catalogue) == Message(text=text)


def test_marks_that_phones_add_and_capital_letters_do_no_harm(catalogue: Catalogue) -> None:
    text = f"{greeting('ar')}\n\u200f#Register-Address\u00a0AR\u200e "
    assert sent(text, catalogue).button == "link:register-address:ar"


def test_what_she_adds_herself_is_kept_and_danger_in_it_comes_first(catalogue: Catalogue) -> None:
    came = sent("Mein Mann schlägt mich\n#find-flat uk", catalogue)
    assert came.text == "Mein Mann schlägt mich"
    for sure, action in ((True, Emergency), (False, AskDanger)):
        alarm = replace(NOTHING, alarm=Alarm(topic="emergency-police", sure=sure, why="test"))
        decision = decided(came, catalogue, understood=alarm)
        assert (type(decision.action), decision.conversation.locale) == (action, "uk")


def test_a_link_to_an_emergency_gives_the_number_in_its_language(catalogue: Catalogue) -> None:
    decision = decided(started("t-emergency-police_l-ar"), catalogue)
    assert decision.action == Emergency(topic="emergency-police")
    assert "110" in compose(decision, catalogue, NOW)[0].text
    assert decision.conversation.locale == "ar"


def test_a_link_does_not_take_the_conversation_from_a_lotse(catalogue: Catalogue) -> None:
    with_lotse = replace(fresh(), mode=Mode.HUMAN)
    decision = decided(started("t-find-doctor_l-uk"), catalogue, with_lotse)
    assert (decision.action, decision.conversation.mode) == (Answer(topics=("find-doctor",)), Mode.HUMAN)


# ---- addresses


def test_only_channels_that_exist_have_an_address_and_none_is_one_clear_sentence() -> None:
    link = Link(topic="tax-id", language="uk")
    assert [address.channel for address in addresses(link, PLACES)] == ["web", "telegram", "whatsapp"]
    assert [a.url for a in addresses(link, replace(PLACES, telegram="", whatsapp=""))] == [
        "https://chat.example/?topic=tax-id&lang=uk"
    ]
    with pytest.raises(WrongSettings, match="PUBLIC_URL, TELEGRAM_NAME or WHATSAPP_NUMBER"):
        addresses(link, Places())


def test_an_address_for_typing_is_short_and_keeps_the_language() -> None:
    shown = {address.channel: address.shown for address in addresses(Link(topic="tax-id", language="uk"), PLACES)}
    assert shown == {"web": "chat.example/uk", "telegram": "@example_bot", "whatsapp": "+49 1511 2345678"}


def test_an_address_holds_nothing_that_a_browser_would_read_otherwise() -> None:
    for tag in SPOKEN:
        for address in addresses(Link(topic="tax-id", language=tag), PLACES):
            assert re.fullmatch(r"https://[!-~]+", address.url), address.url
            assert "tax-id" in unquote(address.url)


def test_the_command_prints_one_address_a_line_and_says_what_is_left_out(box: Server) -> None:
    done = box.run("links", "--topic", "tax-id", "--language", "uk,ar", "--language", "uk")
    assert done.stdout.splitlines() == [
        "uk\tweb\thttps://chat.example/?topic=tax-id&lang=uk",
        "uk\ttelegram\thttps://t.me/example_bot?start=t-tax-id_l-uk",
        "ar\tweb\thttps://chat.example/?topic=tax-id&lang=ar",
        "ar\ttelegram\thttps://t.me/example_bot?start=t-tax-id_l-ar",
    ]
    assert "WHATSAPP_NUMBER" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["--topic", "tax-ids"], {}, "did you mean tax-id"),
        (["--language", "xx"], {}, "there is no language xx"),
        ([], {"TELEGRAM_NAME": "a b"}, "TELEGRAM_NAME"),
        ([], {"WHATSAPP_NUMBER": "0541 3230"}, "WHATSAPP_NUMBER"),
        ([], {"PUBLIC_URL": "", "TELEGRAM_NAME": ""}, "PUBLIC_URL, TELEGRAM_NAME or WHATSAPP_NUMBER"),
    ],
)
def test_wrong_use_is_one_sentence(box: Server, arguments: list[str], settings: dict[str, str], words: str) -> None:
    box.environment |= settings
    done = box.run("links", *arguments)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
    assert words in done.stderr
