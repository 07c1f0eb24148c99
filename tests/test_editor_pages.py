"""The editors' pages in a real browser: find, read in every language, try, with a mouse, a keyboard and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from faq import Catalogue
from locales import languages
from tests.browser import PHONE, SCREEN, Visits, barriers, one_browser, sideways
from tests.server import Server
from tests.talk import Chat

ENTRY = "/editor/topics/register-address"
PASSWORD = "a long password"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with one_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visits]:
    """Opens pages; they close with the test, which fails if a script failed."""
    visits = Visits(browser, server.url)
    yield visits
    visits.end()


@pytest.fixture(scope="module")
def rita(server: Server) -> str:
    """An editor who is a Lotse too."""
    added = server.run(
        "lotse", "add", "Rita", "--role", "editor", "--role", "lotse", "--password-stdin", text=f"{PASSWORD}\n"
    )
    assert added.returncode == 0, added.stderr
    return "Rita"


@pytest.fixture(scope="module")
def key(browser: Browser, server: Server, rita: str) -> Any:
    """The cookies of an editor who wanted to read an entry, logged in, and came to it."""
    visits = Visits(browser, server.url)
    page = visits(ENTRY, SCREEN, "en")
    page.get_by_label("Your name at the desk").fill(rita)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Registering your address")
    assert urlsplit(page.url).path == ENTRY
    cookies = page.context.storage_state()
    visits.end()
    return cookies


@pytest.fixture
def edit(visit: Visits, key: Any) -> Any:
    """Opens a page as that editor."""

    def open_page(path: str, size: tuple[int, int] = SCREEN, locale: str = "de", **more: Any) -> Page:
        return visit(path, size, locale, storage_state=key, **more)

    return open_page


def test_topics_are_found_by_word_language_and_state(edit: Any, catalogue: Catalogue) -> None:
    there = sum(1 for topic in catalogue.topics if catalogue.entry(topic, "ti"))
    page = edit("/editor")
    rows = page.locator("tr[data-words]:visible")
    expect(rows).to_have_count(len(catalogue.topics))
    page.get_by_label("Themen suchen").fill("steuer-id")
    expect(rows).to_have_count(1)
    page.get_by_label("Themen suchen").fill("")
    page.get_by_label("Sprache", exact=True).select_option("ti")
    page.get_by_label("Zustand").select_option("unreviewed")
    expect(rows).to_have_count(there)
    expect(page.locator("td:visible")).to_have_count(there)
    page.reload()
    expect(rows).to_have_count(there)
    page.get_by_label("Themen suchen").fill("xyzzy")
    expect(page.get_by_text("Kein Thema passt.")).to_be_visible()


def test_the_list_works_with_the_keyboard_alone(edit: Any) -> None:
    page = edit("/editor")
    keys = page.keyboard
    keys.press("/")
    keys.type("wohnung anmelden")
    keys.press("Enter")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(page.locator("td[data-language=ar] a:focus")).to_have_count(1)
    keys.press("Enter")
    expect(page).to_have_url(re.compile(r"/editor/topics/register-address#ar$"))
    expect(page.locator("#ar .channel--web .card")).to_be_visible()  # the keys work from then on
    keys.press("2")
    expect(page.locator("#ar .channel--telegram")).to_be_visible()
    keys.press("n")
    expect(page).not_to_have_url(re.compile("register-address"))
    expect(page.get_by_role("button", name="Telegram")).to_have_attribute("aria-pressed", "true")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Tasten")).to_be_visible()
    keys.press("Escape")
    keys.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Themen und Sprachen")


def test_an_entry_stands_in_every_language_in_its_own_direction_beside_the_german_one(edit: Any) -> None:
    page = edit(ENTRY)
    expect(page.locator(".version")).to_have_count(len(languages()))
    for tag, direction in (("de", "ltr"), ("ar", "rtl"), ("fa", "rtl"), ("uk", "ltr")):
        message = page.locator(f"#{tag} .channel--web .msg")
        expect(message).to_have_attribute("lang", tag)
        expect(message).to_have_attribute("dir", direction)
    page.locator("#uk").scroll_into_view_if_needed()
    expect(page.locator("#de h2").first).to_be_in_viewport()
    german, ukrainian = page.locator("#de").bounding_box(), page.locator("#uk").bounding_box()
    page.get_by_role("button", name="2 Spalten").click()
    assert page.locator("#uk").bounding_box()["width"] > ukrainian["width"]
    page.reload()
    expect(page.get_by_role("button", name="2 Spalten")).to_have_attribute("aria-pressed", "true")
    assert german


def test_the_previews_are_what_newcomers_see(edit: Any, visit: Visits, server: Server) -> None:
    sent = Chat(server.url, "ar").taps("topic:register-address")["text"]
    page = edit(ENTRY)
    page.get_by_role("button", name="Telegram").click()
    bubbles = page.locator("#ar .channel--telegram .chat")
    assert bubbles.first.locator("> p").first.text_content() == sent
    expect(page.locator("#ar .channel--telegram .length").first).to_contain_text("4096")
    page.get_by_role("button", name="Web").click()
    newcomer = visit("/?lang=ar&topic=register-address", SCREEN, "ar")
    card = newcomer.locator("#log .card")
    expect(card).to_be_visible()
    assert page.locator("#ar .channel--web .card").inner_text() == card.inner_text()


def test_on_a_phone_one_language_is_read_at_a_time(edit: Any) -> None:
    page = edit(f"{ENTRY}#ar", PHONE)
    expect(page.locator(".version:visible")).to_have_count(1)
    expect(page.locator("#ar")).to_be_visible()
    page.get_by_label("Sprache", exact=True).select_option("tr")
    expect(page.locator(".version:visible")).to_have_count(1)
    expect(page.locator("#tr .card")).to_be_visible()
    for channel in ("Telegram", "WhatsApp"):
        page.get_by_role("button", name=channel).click()
        assert sideways(page) == 0


def test_trying_a_message_shows_the_answer_its_language_and_why(edit: Any) -> None:
    page = edit("/editor/try", PHONE)
    page.keyboard.type("mein mann atmet nicht")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_have_text("Notfall")
    expect(page.locator("#says .call")).to_contain_text("112")
    page.get_by_label("Nachricht").fill("أين أسجل عنواني الجديد؟")
    page.get_by_role("button", name="Prüfen").click()
    expect(page.locator("#recognised")).to_contain_text("العربية")
    expect(page.locator("#candidates li").first).to_contain_text("Wohnung")
    expect(page.locator("#says .msg")).to_have_attribute("dir", "rtl")
    assert sideways(page) == 0
    assert "atmet" not in page.url


def test_an_editor_who_is_a_lotse_goes_from_one_to_the_other(edit: Any) -> None:
    page = edit("/editor")
    page.get_by_role("link", name="Lotsen-Tisch").click()
    shown = page.get_by_text("Niemand wartet.").or_(page.locator("#queue li"))
    expect(shown.locator("visible=true").first).to_be_visible()
    page.get_by_role("link", name="Redaktion").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Themen und Sprachen")
    page.get_by_role("link", name="Offene Fragen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fragen, die niemand beantwortet")


@pytest.mark.parametrize(
    ("path", "size", "colours"),
    [
        ("/editor?language=ar", PHONE, "light"),
        ("/editor/try", PHONE, "dark"),
        ("/editor/questions", PHONE, "light"),
        (ENTRY, SCREEN, "dark"),
    ],
)
def test_axe_finds_no_barrier_and_nothing_sticks_out(edit: Any, path: str, size: tuple[int, int], colours: str) -> None:
    page = edit(path, size, color_scheme=colours)
    assert barriers(page) == []
    assert sideways(page) == 0


def test_axe_finds_no_barrier_in_a_messenger_from_right_to_left(edit: Any) -> None:
    page = edit(f"{ENTRY}#ar", PHONE)
    page.get_by_role("button", name="WhatsApp").click()
    assert barriers(page) == []
