"""Real browsers for the tests of the pages: a newcomer's chat page and a Lotse's desk, used as people use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.machine import chromium

PHONE, SMALL_PHONE, SCREEN = (360, 780), (320, 640), (1280, 800)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000.0
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_WATCH_SHIFTS = """() => {
  window.shifts = [];
  const inLog = source => Boolean(source.node?.parentElement?.closest('#log'));
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      window.shifts.push({ value: entry.hadRecentInput ? 0 : entry.value, read: entry.sources.some(inLog) });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}"""


@contextmanager
def one_browser() -> Iterator[Browser]:
    """Chromium, as quiet on the network as it can be. Ends with the ``with``: its event loop would disturb asynchronous tests."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


class Visits:
    """Opens pages of the site, each with a memory of its own, and notes what a visitor does not see: requests and errors."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._contexts: list[BrowserContext] = []

    def __call__(self, path: str = "/", size: tuple[int, int] = PHONE, locale: str = "de", **more: Any) -> Page:
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, has_touch=size[0] < 600, **more
        )
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if _is_fault(message) else None)
        page.goto(self.url + path)
        return page

    def end(self) -> None:
        """Close everything; a script error or a breach of the content security policy on the way is a failure."""
        for context in self._contexts:
            context.close()
        assert not self.errors, self.errors


def _is_fault(message: Any) -> bool:
    # The browser itself reports refused and unreachable requests; tests cause those on purpose.
    return message.type in ("error", "warning") and not message.text.startswith("Failed to load resource")


class Newcomer:
    """Somebody with the chat page open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log")
        self.box = page.get_by_role("textbox")
        self.header = page.get_by_role("banner")
        self.send = page.locator("form").get_by_role("button").last
        self.answers = self.log.locator(".msg:not(.msg--me)")
        self.own = self.log.locator(".msg--me")
        self.cards = self.log.locator(".card")

    def says(self, text: str) -> Locator:
        """Type, send, and wait for what comes back."""
        self.box.fill(text)
        return self._after(self.send)

    def taps(self, button: Locator) -> Locator:
        """Tap a button and wait for what comes back."""
        return self._after(button)

    def _after(self, button: Locator) -> Locator:
        before = self.answers.count()
        button.click()
        expect(self.answers.nth(before)).to_be_visible()
        return self.answers.nth(before)

    def asks_for_a_person(self) -> None:
        """The button that is always there, unless the bot has brought a person in already; either way she waits then."""
        self.page.locator("#ask-person").evaluate(
            "button => button.hidden || button.click()"
        )  # it may vanish any moment
        expect(self.page.locator("#wait")).to_be_visible()


class AtDesk:
    """A Lotse with the desk open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.queue = page.locator("#queue")
        self.box = page.get_by_role("textbox", name="Your answer")

    def row(self, words: str) -> Locator:
        """The row of the case whose question has these words."""
        return self.queue.get_by_role("listitem").filter(has_text=words)

    def claims(self, words: str) -> None:
        """Claim from the row, as on a bus with one thumb."""
        self.row(words).get_by_role("button", name="Claim").click()
        expect(self.box).to_be_enabled()

    def writes(self, text: str) -> None:
        """Send an answer."""
        self.box.fill(text)
        self.page.get_by_role("button", name="Send", exact=True).click()


def sets_a_password(page: Page, password: str = "a long password") -> AtDesk:
    """Through the set-up link to the desk."""
    page.get_by_label("New password").fill(password)
    page.get_by_label("The same password again").fill(password)
    page.get_by_role("button", name="Save and go to the desk").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    return AtDesk(page)


def logs_in(page: Page, name: str, password: str = "a long password") -> AtDesk:
    """Through the login form to the desk."""
    page.get_by_label("Your name at the desk").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    return AtDesk(page)


def sideways(page: Page) -> int:
    """How far the page can be scrolled sideways."""
    found: int = page.evaluate(_SIDEWAYS)
    return found


def watch_shifts(page: Page) -> None:
    """From now on layout shifts are counted."""
    page.evaluate(_WATCH_SHIFTS)


def shifted(page: Page) -> tuple[float, bool]:
    """Cumulative layout shift as browsers count it, and whether anything said in the conversation ever moved, forgiven or not."""
    shifts = page.evaluate("() => window.shifts")
    return sum(shift["value"] for shift in shifts), any(shift["read"] for shift in shifts)


def barriers(page: Page) -> list[str]:
    """What axe-core finds that shuts people out: rule and place of everything serious or critical."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
