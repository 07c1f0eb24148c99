"""The pictures of docs/editing.md are taken here, from the product as it is: `make pictures` renews them.

Each test checks that what the picture shows is still there, so the guide cannot drift away from the pages.
"""

from __future__ import annotations

import html
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import faq.check
from faq import ROOT
from tests.browser import Visits, one_browser
from tests.server import Server

TOP = Path(__file__).resolve().parent.parent
KEPT = TOP / "docs" / "pictures"
SIZE = (960, 640)
PASSWORD = "a long password"
TERMINAL = """<body style="margin:0;background:#1e2422;color:#e8e4da;font:15px/1.5 'DejaVu Sans Mono',monospace">
<pre style="margin:0;padding:18px;white-space:pre-wrap">{}</pre>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go: into the documents when they are to be renewed."""
    return KEPT if os.environ.get("LOTSENBOT_PICTURES") else tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all pictures."""
    with one_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def visit(browser: Browser, server: Server) -> Iterator[Visits]:
    """Opens pages."""
    visits = Visits(browser, server.url)
    yield visits
    visits.end()


@pytest.fixture(scope="module")
def editor(visit: Visits, server: Server) -> Page:
    """A page of somebody who may read the editors' pages."""
    added = server.run("lotse", "add", "Redaktion", "--role", "editor", "--password-stdin", text=f"{PASSWORD}\n")
    assert added.returncode == 0, added.stderr
    page = visit("/editor", SIZE, "de")
    page.get_by_label("Ihr Name am Tisch").fill("Redaktion")
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    expect(page).to_have_url(re.compile("/editor"))
    page.goto(f"{server.url}/editor?lang=de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Themen und Sprachen")
    return page


def terminal(browser: Browser, text: str, path: Path) -> None:
    """What a terminal shows, as a picture."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": 80})
    page.set_content(TERMINAL.format(html.escape(text)))
    page.screenshot(path=path, full_page=True)
    page.close()


def test_a_mistake_and_its_remedy(browser: Browser, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "faq", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    path = tmp_path / "faq" / "de" / "first-steps.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("{deadline} nach dem", "14 Tagen nach dem", 1), encoding="utf-8"
    )
    found = faq.check.check("osnabrueck", "de", tmp_path / "faq")
    assert len(found) == 1
    shown = f"$ .venv/bin/lotsenbot faq check\nfaq/{found[0].in_('de')}\n1 Mangel"
    assert "die Zahl „14“ ist in den Text getippt" in shown
    terminal(browser, shown, folder / "mistake.png")


def test_the_answer_in_the_chat(visit: Visits, folder: Path) -> None:
    page = visit("/?topic=register-address&lang=de", (400, 720), "de")
    expect(page.locator("#log .card h2")).to_have_text("Wohnung anmelden")
    page.screenshot(path=folder / "chat.png")


def test_the_topics_in_all_languages(editor: Page, folder: Path) -> None:
    expect(editor.locator("tr[data-words]:visible").first).to_be_visible()
    editor.screenshot(path=folder / "topics.png")


def test_an_entry_beside_its_translation(editor: Page, folder: Path) -> None:
    editor.goto(editor.url.partition("/editor")[0] + "/editor/topics/register-address#ar")
    expect(editor.locator("#ar .channel--web .card")).to_be_visible()
    editor.screenshot(path=folder / "entry.png")


def test_a_message_tried(editor: Page, folder: Path) -> None:
    editor.goto(editor.url.partition("/editor")[0] + "/editor/try")
    editor.get_by_label("Nachricht").fill("wo muss ich mich ummelden")
    editor.get_by_role("button", name="Prüfen").click()
    expect(editor.locator("#candidates li").first).to_be_visible()
    editor.screenshot(path=folder / "try.png")


def test_the_guide_shows_every_picture_and_no_other() -> None:
    guide = (TOP / "docs" / "editing.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]{20,}\]\(pictures/([\w-]+\.png)\)", guide)
    assert sorted(shown) == sorted(path.name for path in KEPT.glob("*.png"))
    assert len(shown) == 5
