"""The pages in a real browser on a real server: what newcomers and Lotsen see and can do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from locales import phrases
from tests.browser import (
    PHONE,
    SCREEN,
    SMALL_PHONE,
    AtDesk,
    Newcomer,
    Visits,
    barriers,
    logs_in,
    one_browser,
    sets_a_password,
    shifted,
    sideways,
    watch_shifts,
)
from tests.server import Server
from tests.talk import Desk

MOST_BYTES = 100_000
MOST_SHIFT = 0.1  # what browsers call good
REGISTER = "Ich muss mich anmelden, wo?"
HOSTILE = "<img src=x onerror=alert(1)><b>fett</b> & <script>alert(2)</script>"


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
def invite(server: Server) -> Callable[[], tuple[str, str]]:
    """Makes accounts without a password: the name, and the path of the set-up link."""

    def make() -> tuple[str, str]:
        name = f"Amira {uuid.uuid4().hex[:6]}"
        added = server.run("lotse", "add", name, "--languages", "de,ar")
        assert added.returncode == 0, added.stderr
        return name, urlsplit(added.stdout.strip()).path

    return make


@pytest.fixture(scope="module")
def amira(server: Server) -> str:
    """A Lotse whose password is "a long password"."""
    name = f"Amira {uuid.uuid4().hex[:6]}"
    added = server.run("lotse", "add", name, "--languages", "de,ar", "--password-stdin", text="a long password\n")
    assert added.returncode == 0, added.stderr
    return name


@pytest.fixture
def desk(visit: Visits, amira: str) -> AtDesk:
    """Amira at an English desk."""
    return logs_in(visit("/desk/login", SCREEN, "en"), amira)


def sign() -> str:
    """Words nobody else writes in this run."""
    return f"I have one more question about my papers, number {uuid.uuid4().hex[:8]}"


# ---- asking and reading


def test_a_newcomer_with_a_phone_asks_how_to_register_and_reads_the_card_with_source_and_date(visit: Visits) -> None:
    newcomer = Newcomer(visit())
    newcomer.says(REGISTER)
    card = newcomer.cards.first
    expect(card.get_by_role("heading", level=2)).to_have_text("Wohnung anmelden")
    expect(card).to_contain_text("2 Wochen")
    expect(card).to_contain_text(re.compile(r"Quelle: .*§ 17"))
    expect(card).to_contain_text(re.compile(r"Zuletzt geprüft: \S+ 20\d\d"))
    expect(card.get_by_role("heading", level=2)).to_be_in_viewport()


def test_every_message_says_who_speaks_and_the_newcomers_own_says_that_it_was_sent(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en"))
    answer = newcomer.says("where do I register my address")
    expect(answer).to_contain_text("Chatbot · automatic answer")
    expect(newcomer.own).to_contain_text("Sent")


@pytest.mark.parametrize(("locale", "send"), [("de", "Senden"), ("en", "Send"), ("ar", "إرسال")])
def test_a_page_has_one_log_one_text_box_and_a_button_that_sends(visit: Visits, locale: str, send: str) -> None:
    page = visit(f"/?lang={locale}")
    expect(page.get_by_role("log")).to_have_count(1)
    expect(page.get_by_role("textbox")).to_have_count(1)
    expect(page.get_by_role("button", name=send, exact=True)).to_have_count(1)
    assert page.locator("html").get_attribute("lang") == locale


def test_an_english_newcomer_reads_an_english_page_and_an_english_answer(visit: Visits) -> None:
    newcomer = Newcomer(visit("/", locale="en-GB"))
    expect(newcomer.page.get_by_role("heading", level=1)).to_contain_text("Welcome")
    newcomer.taps(newcomer.page.get_by_role("button", name="Registering your address"))
    expect(newcomer.cards.first).to_contain_text("within 2 weeks")
    expect(newcomer.cards.first).to_contain_text("Source: ")


def test_a_third_contact_waits_behind_more(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=de&topic=register-address"))
    contacts = newcomer.cards.first.locator(".contact")
    expect(contacts).to_have_count(3)
    expect(contacts.nth(1)).to_be_visible()
    expect(contacts.nth(2)).to_be_hidden()
    newcomer.cards.first.locator("summary").click()
    expect(contacts.nth(2)).to_be_visible()


def test_what_nobody_has_confirmed_is_marked_with_whom_to_ask(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en&topic=register-address"))
    card = newcomer.cards.first
    expect(card.get_by_text("Please check this first").first).to_be_visible()
    expect(card.locator(".check")).to_contain_text("Bürgeramt")


def test_in_an_emergency_the_number_is_one_tap_away(visit: Visits) -> None:
    newcomer = Newcomer(visit())
    newcomer.says("Hilfe, mein Mann atmet nicht")
    alarm = newcomer.log.get_by_role("alert")
    call = alarm.get_by_role("link", name="112").first
    expect(call).to_have_attribute("href", "tel:112")
    expect(call).to_be_in_viewport()
    expect(alarm.get_by_role("link", name="110")).to_have_attribute("href", "tel:110")


def test_the_emergency_numbers_can_be_called_before_anything_is_asked(visit: Visits) -> None:
    page = visit("/?lang=en")
    for number in ("112", "110"):
        expect(page.get_by_role("link", name=number)).to_have_attribute("href", f"tel:{number}")


@pytest.mark.parametrize(
    ("tag", "title"), [("de", "Wohnung anmelden"), ("uk", "Реєстрація житла"), ("ar", "تسجيل السكن")]
)
def test_a_deep_link_shows_its_answer_at_once_and_sends_and_stores_nothing(visit: Visits, tag: str, title: str) -> None:
    page = visit(f"/?lang={tag}&topic=register-address", locale="en-GB")
    expect(page.locator(".card h2")).to_contain_text(title)
    expect(page.locator(".card h2")).to_be_in_viewport()
    expect(page.locator("#newer")).to_be_hidden()
    expect(page.locator(".msg")).to_contain_text(phrases(tag)("Talk to a person"))
    page.wait_for_load_state("networkidle")
    assert not [url for url in visit.requests if "/api/" in url]
    assert page.evaluate("() => localStorage.length") == 0
    watch_shifts(page)
    page.wait_for_timeout(100)
    assert shifted(page)[0] < MOST_SHIFT


def test_after_a_deep_link_a_person_hears_what_it_is_about_and_a_reload_still_shows_it(
    visit: Visits, new_lotse: Callable[[], Desk]
) -> None:
    newcomer, topic = Newcomer(visit("/?lang=de&topic=housing-benefit")), "Wohngeld"
    newcomer.asks_for_a_person()
    cases = [case["question"] for case in new_lotse().cases()]
    assert [question for question in cases if topic in question], cases
    newcomer.page.reload()
    expect(newcomer.page.locator("#wait")).to_be_visible()
    expect(newcomer.cards).to_have_count(1)
    expect(newcomer.cards.first).to_contain_text(topic)


def test_a_deep_link_in_a_running_conversation_is_asked_once_in_its_language(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=de"))
    newcomer.says("Hallo")
    newcomer.page.goto(f"{visit.url}/?lang=en&topic=find-doctor")
    expect(newcomer.cards).to_have_count(1)
    expect(newcomer.cards.first).to_contain_text("Last checked")
    expect(newcomer.own.last).to_contain_text("doctor")
    newcomer.page.reload()
    expect(newcomer.cards).to_have_count(1)
    expect(newcomer.own).to_have_count(2)


@pytest.mark.parametrize(
    "query", ["lang=en&topic=no-such-topic", "lang=xx", "lang=xx&topic=%3Cscript%3E", "topic=gone"]
)
def test_a_deep_link_to_nowhere_is_the_ordinary_page_with_a_friendly_word(visit: Visits, query: str) -> None:
    page = visit(f"/?{query}", locale="en-GB")
    expect(page.locator(".lost")).to_contain_text("out of date")
    expect(page.get_by_role("textbox")).to_be_visible()
    expect(page.locator(".topics button").first).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)


def test_an_unknown_language_in_a_deep_link_costs_nobody_the_answer(visit: Visits) -> None:
    page = visit("/?lang=xx&topic=find-doctor", locale="en-GB")
    expect(page.locator(".card")).to_be_visible()


def test_a_deep_link_is_read_without_scripts_too(visit: Visits) -> None:
    page = visit("/?lang=de&topic=register-address", java_script_enabled=False)
    expect(page.locator(".plain")).to_contain_text("2 Wochen")


def test_the_address_typed_from_a_poster_opens_the_page_in_its_language(visit: Visits) -> None:
    page = visit("/uk")
    assert page.locator("html").get_attribute("lang") == "uk"
    assert urlsplit(page.url).query == "lang=uk"


def test_without_scripts_the_page_says_whom_to_call(visit: Visits) -> None:
    page = visit("/?lang=en", java_script_enabled=False)
    expect(page.locator(".nojs")).to_contain_text("needs JavaScript")
    expect(page.locator(".nojs").get_by_role("link", name="112")).to_have_attribute("href", "tel:112")
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)  # none that would do nothing
    expect(page.get_by_role("link", name="Shqip")).to_have_count(1)  # every language is a plain link


def test_no_markup_is_shown_as_text(visit: Visits) -> None:
    for tag in ("de", "en", "ar", "tr"):
        shown = visit(f"/?lang={tag}").locator("body").inner_text()
        assert "<" not in shown


# ---- every script and every size at home


def test_the_arabic_page_reads_from_the_right_and_never_scrolls_sideways(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=ar"))
    expect(newcomer.page.locator("html")).to_have_attribute("dir", "rtl")
    assert sideways(newcomer.page) == 0
    newcomer.taps(newcomer.page.locator(".topics button").first)
    newcomer.says("كيف أسجل عنواني؟")
    newcomer.asks_for_a_person()
    assert sideways(newcomer.page) == 0
    starts = newcomer.page.evaluate("() => getComputedStyle(document.querySelector('.msg:not(.msg--me)')).direction")
    assert starts == "rtl"


@pytest.mark.parametrize("locale", ["de", "ar"])
@pytest.mark.parametrize("text_size", ["100%", "200%"])
def test_nothing_scrolls_sideways_on_the_smallest_phone(visit: Visits, locale: str, text_size: str) -> None:
    newcomer = Newcomer(visit(f"/?lang={locale}", SMALL_PHONE))
    newcomer.page.evaluate("size => { document.documentElement.style.fontSize = size }", text_size)
    assert sideways(newcomer.page) == 0
    newcomer.taps(newcomer.page.locator(".topics button").first)
    newcomer.taps(newcomer.page.locator(".topics button").nth(1))
    newcomer.says("Donaudampfschifffahrtsgesellschaft" * 6 + " https://example.org/" + "x" * 200)
    newcomer.page.locator("details.more").evaluate_all("all => all.forEach(each => { each.open = true })")
    newcomer.asks_for_a_person()
    assert sideways(newcomer.page) == 0


def test_switching_the_language_keeps_the_conversation(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=de"))
    newcomer.says(REGISTER)
    newcomer.page.locator("#languages summary").click()
    newcomer.page.locator("#languages").get_by_role("link", name="English").click()
    expect(newcomer.page.locator("html")).to_have_attribute("lang", "en")
    expect(newcomer.own.first).to_contain_text(REGISTER)
    expect(newcomer.cards).to_have_count(1)
    expect(newcomer.answers.last).to_contain_text("We now write in English")
    newcomer.taps(newcomer.page.locator(".topics button").first)
    expect(newcomer.cards.last).to_contain_text("within 2 weeks")


# ---- nothing is lost, nothing is doubled


def test_a_reload_resumes_the_conversation_without_losing_or_doubling(visit: Visits) -> None:
    newcomer = Newcomer(visit())
    newcomer.says(REGISTER)
    newcomer.taps(newcomer.page.locator(".topics button").nth(2))
    newcomer.box.fill("noch nicht fertig")
    shown = newcomer.log.locator(".msg").all_inner_texts()
    newcomer.page.reload()
    expect(newcomer.log.locator(".msg")).to_have_count(len(shown))
    newcomer.page.wait_for_timeout(300)  # time for a doubling to show
    assert newcomer.log.locator(".msg").all_inner_texts() == shown
    expect(newcomer.box).to_have_value("noch nicht fertig")


def test_without_internet_messages_wait_and_are_sent_once_in_order(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en"))
    newcomer.says("hello")
    newcomer.page.context.set_offline(True)
    for text in ("first of two", "second of two"):
        newcomer.box.fill(text)
        newcomer.send.click()
    expect(newcomer.own.nth(1)).to_contain_text("Waiting for internet")
    expect(newcomer.page.get_by_text("Your messages are kept and will be sent by themselves")).to_be_visible()
    newcomer.page.context.set_offline(False)
    expect(newcomer.own.nth(1)).to_contain_text("Sent")
    expect(newcomer.own.nth(2)).to_contain_text("Sent")
    newcomer.page.reload()
    expect(newcomer.own).to_have_count(3)
    expect(newcomer.own.nth(1)).to_contain_text("first of two")
    expect(newcomer.own.nth(2)).to_contain_text("second of two")


def test_what_waits_for_internet_outlives_a_closed_page(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en"))
    newcomer.says("hello")
    newcomer.page.context.set_offline(True)
    newcomer.box.fill("written in a tunnel")
    newcomer.send.click()
    expect(newcomer.own.last).to_contain_text("Waiting for internet")
    context = newcomer.page.context
    newcomer.page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"{visit.url}/?lang=en")
    expect(page.locator(".msg--me")).to_have_count(2)
    expect(page.locator(".msg--me").last).to_contain_text("Sent")


def test_what_is_tapped_stands_before_what_it_brings(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en"))
    newcomer.says("hello")
    newcomer.asks_for_a_person()
    expect(newcomer.answers).to_have_count(2)
    expect(newcomer.log.locator(".msg").last).to_contain_text("Chatbot")
    expect(newcomer.own.last).to_contain_text("Talk to a person")


def test_a_text_that_is_too_long_stays_in_the_box_and_says_so(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en"))
    newcomer.box.fill("a" * 4001)
    newcomer.send.click()
    expect(newcomer.page.get_by_text("Too long by 1 characters")).to_be_visible()
    expect(newcomer.box).to_have_value("a" * 4001)
    expect(newcomer.own).to_have_count(0)


def test_markup_in_a_message_is_shown_as_text(visit: Visits) -> None:
    newcomer = Newcomer(visit())
    newcomer.says(HOSTILE)
    for _ in range(2):
        expect(newcomer.own.first.locator(".bubble")).to_have_text(HOSTILE)
        assert newcomer.log.locator("img, b, script").count() == 0
        newcomer.page.reload()


def test_erasing_asks_first_and_then_leaves_nothing(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en"))
    newcomer.says("hello")
    newcomer.page.get_by_role("button", name="Privacy").click()
    newcomer.page.get_by_role("button", name="Erase conversation").click()
    expect(newcomer.page.get_by_role("button", name="Keep")).to_be_focused()
    newcomer.page.get_by_role("button", name="Keep").click()
    expect(newcomer.own).to_have_count(1)
    newcomer.page.get_by_role("button", name="Privacy").click()
    newcomer.page.get_by_role("button", name="Erase conversation").click()
    newcomer.page.get_by_role("button", name="Erase everything").click()
    expect(newcomer.page.get_by_text("Everything is erased")).to_be_visible()
    newcomer.page.reload()
    expect(newcomer.log.locator(".msg")).to_have_count(0)
    assert newcomer.page.evaluate("() => localStorage.length") == 0


# ---- light, calm and open to everybody


def test_no_page_asks_another_host(visit: Visits, desk: AtDesk) -> None:
    newcomer = Newcomer(visit("/?lang=de"))
    newcomer.says(REGISTER)
    for path in ("/privacy", "/imprint", "/desk/login"):
        newcomer.page.goto(visit.url + path)
    assert len(visit.requests) > 20
    assert not [url for url in visit.requests if not url.startswith((visit.url, "data:"))]


@pytest.mark.parametrize("locale", ["de", "ar"])
def test_the_chat_page_with_styles_and_scripts_stays_under_100_kilobytes(visit: Visits, locale: str) -> None:
    page = visit("/healthz", locale=locale)
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: len(response.body())}))
    page.goto(f"{visit.url}/?lang={locale}", wait_until="networkidle")
    assert len(sizes) > 10
    assert sum(sizes.values()) < MOST_BYTES


def test_nothing_that_is_read_moves_while_an_answer_arrives(visit: Visits) -> None:
    newcomer = Newcomer(visit("/", PHONE))
    watch_shifts(newcomer.page)
    newcomer.says(REGISTER)
    newcomer.says("Wo gibt es einen Deutschkurs?")
    newcomer.page.wait_for_timeout(300)  # fonts and late layout would move things now
    score, words_moved = shifted(newcomer.page)
    assert score < MOST_SHIFT
    assert not words_moved


def test_the_chat_works_with_the_keyboard_alone(visit: Visits) -> None:
    newcomer = Newcomer(visit("/?lang=en", SCREEN))
    keys = newcomer.page.keyboard
    tab_until(newcomer.page, "#text")
    keys.type("where do I register my address")
    keys.press("Enter")
    expect(newcomer.cards).to_have_count(1)
    expect(newcomer.box).to_be_focused()
    tab_until(newcomer.page, ".msg [data-send^='topic:']", "Shift+Tab")
    keys.press("Enter")
    expect(newcomer.cards).to_have_count(2)
    tab_until(newcomer.page, ".quick [data-opens=privacy]")
    keys.press("Enter")
    expect(newcomer.page.get_by_role("dialog", name="Your data")).to_be_visible()
    keys.press("Escape")
    expect(newcomer.page.get_by_role("dialog")).to_have_count(0)


def tab_until(page: Page, selector: str, key: str = "Tab") -> None:
    """Press Tab until the wished element has the focus."""
    for _ in range(60):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never reaches {selector}")


@pytest.mark.parametrize(("locale", "colours"), [("de", "light"), ("ar", "light"), ("en", "dark")])
def test_axe_finds_no_barrier_in_the_chat(visit: Visits, locale: str, colours: str) -> None:
    newcomer = Newcomer(visit(f"/?lang={locale}", color_scheme=colours))
    assert barriers(newcomer.page) == []
    newcomer.taps(newcomer.page.locator(".topics button").first)
    newcomer.says("Hilfe, mein Mann atmet nicht")
    newcomer.asks_for_a_person()
    assert barriers(newcomer.page) == []


def test_axe_finds_no_barrier_at_the_desk_and_before_it(visit: Visits, invite: Callable[[], tuple[str, str]]) -> None:
    words = sign()
    waiting(visit, words)
    login = visit("/desk/login", locale="en")
    assert barriers(login) == []
    setup = visit(invite()[1], SCREEN, "en")
    assert barriers(setup) == []
    desk = sets_a_password(setup)
    expect(desk.row(words)).to_be_visible()
    assert barriers(desk.page) == []
    desk.claims(words)
    assert barriers(desk.page) == []
    desk.page.get_by_role("button", name="Send FAQ entry").click()
    expect(desk.page.get_by_role("article").first).to_be_visible()
    assert barriers(desk.page) == []


# ---- a person takes over


def waiting(visit: Visits, words: str, locale: str = "en") -> Newcomer:
    """A newcomer who wrote these words and asked for a person."""
    newcomer = Newcomer(visit(f"/?lang={locale}"))
    newcomer.says(words)
    newcomer.asks_for_a_person()
    return newcomer


def test_a_lotse_comes_in_through_her_link_and_helps_until_the_end(
    visit: Visits, invite: Callable[[], tuple[str, str]]
) -> None:
    words, (name, link) = sign(), invite()
    desk = sets_a_password(visit(link, SCREEN, "en"))
    newcomer = waiting(visit, words)
    expect(newcomer.header).to_contain_text("You are waiting for a guide")
    expect(desk.row(words)).to_be_visible()  # without a reload

    desk.claims(words)
    expect(newcomer.header).to_contain_text(f"Lotse {name}")
    expect(newcomer.header).to_contain_text("a person, not a chatbot")

    desk.box.press_sequentially("Good")
    expect(newcomer.page.get_by_text("The guide is writing")).to_be_visible()
    desk.writes(f"Good day. {HOSTILE}")
    said = newcomer.log.locator(".msg--lotse").first
    expect(said).to_contain_text(f"Good day. {HOSTILE}")
    expect(said).to_contain_text(f"Lotse {name}")

    newcomer.box.fill("Thank you, and the rest?")
    newcomer.send.click()
    expect(desk.page.get_by_role("log")).to_contain_text("Thank you, and the rest?")

    desk.page.get_by_role("button", name="Send FAQ entry").click()
    desk.page.get_by_role("searchbox").fill("registering address")
    desk.page.get_by_role("button", name="Send this entry in English").first.click()
    expect(newcomer.cards.last).to_contain_text("within 2 weeks")

    desk.page.get_by_role("button", name="Close case").click()
    desk.page.get_by_role("button", name="Answered").click()
    expect(newcomer.header).to_contain_text("The chatbot answers")
    expect(newcomer.header).not_to_contain_text(name)
    expect(desk.row(words)).to_have_count(0)
    desk.page.locator("#tabs").get_by_role("button", name="Closed").click()
    expect(desk.row(words)).to_be_visible()


def test_of_two_lotsen_the_slower_one_reads_who_has_the_case(
    visit: Visits, desk: AtDesk, amira: str, invite: Callable[[], tuple[str, str]]
) -> None:
    words, slow = sign(), sets_a_password(visit(invite()[1], SCREEN, "en"))
    waiting(visit, words)
    slow.row(words).get_by_role("link").click()
    expect(slow.page.locator("#notice")).to_contain_text("Claim the case to answer")
    desk.claims(words)
    expect(slow.page.locator("#notice")).to_contain_text(f"{amira} has this case")


def test_somebody_who_waits_can_stop_waiting_and_is_with_the_chatbot_again(visit: Visits) -> None:
    newcomer = waiting(visit, sign())
    newcomer.taps(newcomer.page.locator("#wait").get_by_role("button", name="Stop waiting"))
    expect(newcomer.header).to_contain_text("The chatbot answers")
    expect(newcomer.page.locator("#wait")).to_be_hidden()


def test_a_case_without_a_written_question_still_says_what_it_is_about(visit: Visits, desk: AtDesk) -> None:
    Newcomer(visit("/?lang=en")).asks_for_a_person()
    expect(desk.row("The newcomer asked for a person.").first).to_be_visible()


def test_the_lotse_sees_what_the_chatbot_understood(visit: Visits, desk: AtDesk) -> None:
    words = f"where do I register my address, {sign()}"
    waiting(visit, words)
    desk.claims(words)
    card = desk.page.get_by_role("complementary", name="Case card")
    expect(card).to_contain_text("What the chatbot understood")
    expect(card).to_contain_text("English")
    expect(card).to_contain_text("Web")


def test_the_desk_works_with_keys(visit: Visits, desk: AtDesk) -> None:
    words = sign()
    waiting(visit, words)
    expect(desk.row(words)).to_be_visible()
    tab_until(desk.page, ".case__link")
    for _ in range(200):
        if desk.row(words).get_by_role("link").evaluate("link => link === document.activeElement"):
            break
        desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("log")).to_contain_text(words)
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("log")).to_be_hidden()
    expect(desk.row(words).get_by_role("link")).to_be_focused()
    desk.page.keyboard.press("?")
    expect(desk.page.get_by_role("dialog", name="Keys")).to_be_visible()


# ---- the door to the desk


def test_a_wrong_password_is_refused_with_a_clear_word(visit: Visits) -> None:
    page = visit("/desk/login", locale="de")
    page.get_by_label("Ihr Name am Tisch").fill("Niemand")
    page.get_by_label("Passwort", exact=True).fill("falsches passwort")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_have_text("Name oder Passwort stimmt nicht.")
    expect(page.get_by_label("Ihr Name am Tisch")).to_have_value("Niemand")
    expect(page.get_by_label("Passwort", exact=True)).to_have_value("")


def test_a_lotse_logs_out_and_in_again_with_her_password(desk: AtDesk, amira: str) -> None:
    desk.page.get_by_role("button", name="Log out").click()
    logs_in(desk.page, amira)
    expect(desk.page.get_by_role("banner")).to_contain_text(amira)


def test_a_set_up_link_works_once_and_then_says_whom_to_ask(
    visit: Visits, invite: Callable[[], tuple[str, str]]
) -> None:
    link = invite()[1]
    sets_a_password(visit(link, SCREEN, "en"))
    page = visit(link, locale="en")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
    expect(page.get_by_role("textbox")).to_have_count(0)


def test_two_different_passwords_are_not_sent(visit: Visits, invite: Callable[[], tuple[str, str]]) -> None:
    page = visit(invite()[1], locale="en")
    page.get_by_label("New password").fill("a long password")
    page.get_by_label("The same password again").fill("another password")
    page.get_by_role("button", name="Save and go to the desk").click()
    assert page.locator("#password2").evaluate("field => field.validationMessage").startswith("The two passwords")
    assert urlsplit(page.url).path.startswith("/desk/setup/")


def test_a_form_from_another_site_opens_nothing(visit: Visits, invite: Callable[[], tuple[str, str]]) -> None:
    _, link = invite()
    page = visit(link, SCREEN, "en")
    ask = page.context.request
    refused = ask.post(visit.url + link, form={"password": "a long password", "password2": "a long password"})
    assert refused.status == 403
    assert ask.post(f"{visit.url}/desk/login", form={"name": "x", "password": "y"}).status == 403
    sets_a_password(page)
    assert ask.get(f"{visit.url}/api/v1/cases").status == 200
    assert ask.post(f"{visit.url}/api/v1/cases/any/claim").status == 403
    forged = ask.post(f"{visit.url}/api/v1/cases/any/claim", headers={"X-CSRF-Token": "guessed"})
    assert forged.status == 403


def test_a_stranger_at_the_desk_is_led_to_the_login(visit: Visits) -> None:
    page = visit("/desk", locale="en")
    assert urlsplit(page.url).path == "/desk/login"
