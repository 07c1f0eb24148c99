"""The editors' pages from the inside: what they say of an entry, on changed copies of the content; who may open them; that they keep nothing."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.app import App, open_app
from bot.knowledge import LiveKnowledge
from bot.message import Button, Reply
from bot.preview import answer, on_telegram, on_whatsapp
from bot.roles import Role
from bot.settings import Settings
from bot.store import accounts
from bot.web import make_site
from bot.web.desk_auth import COOKIE, open_session
from faq import ROOT, Catalogue, load_usable
from faq.translations import accept
from locales import languages
from tests.server import Server

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOPIC = "register-address"
Look = Callable[..., Awaitable[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the content in a repository of its own."""
    copy = tmp_path / "faq"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "before")):
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", str(copy), *who, *words], check=True, capture_output=True)
    return copy


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """All parts with an empty database."""
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'x.sqlite3'}", secret_key="x" * 40, _env_file=None)
    async with open_app(settings, lambda: NOW) as app:
        yield app


@pytest.fixture
async def look(app: App, root: Path) -> AsyncIterator[Look]:
    """Opens a page of an editor's on the copied content, as it is at that moment; gives its HTML."""
    clients: list[httpx.AsyncClient] = []

    async def open_page(path: str, lang: str = "de") -> str:
        parts = replace(app.parts, knowledge=LiveKnowledge("osnabrueck", root))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(make_site(parts)), base_url="http://test")
        clients.append(client)
        client.cookies.set(COOKIE, await session(app, {Role.EDITOR}))
        response = await client.get(path, params={"lang": lang})
        assert response.status_code == 200
        return response.text

    yield open_page
    for client in clients:
        await client.aclose()


async def session(app: App, roles: set[Role]) -> str:
    """The key of somebody who has just logged in."""
    name = f"Rita {len(await accounts.all_accounts(app.store))}"
    id_ = await accounts.add_lotse(
        app.store,
        name=name,
        languages=("de",),
        roles=roles,
        telegram=None,
        password_hash=None,
        setup_hash=None,
        setup_until=None,
        now=NOW,
    )
    async with app.store.read() as reading:
        lotse = await reading.lotse(id_)
    assert lotse
    return await open_session(app.parts, lotse)


def change(root: Path, language: str, old: str, new: str) -> None:
    """Edit the first answers of a language as an editor would."""
    path = root / language / "first-steps.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def section(page: str, language: str) -> str:
    """What a page says of one language, as words."""
    found = re.search(rf'<section class="version" id="{language}".*?</section>', page, re.DOTALL)
    assert found
    return words(found[0])


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


async def test_a_stale_translation_shows_what_changed_in_german(root: Path, look: Look) -> None:
    change(root, "de", "Ein Mietvertrag reicht nicht", "Der Mietvertrag genügt nicht")
    page = await look(f"/editor/topics/{TOPIC}")
    text = section(page, "en")
    assert "veraltet" in text
    assert "Ein Mietvertrag reicht nicht" in re.search(r"<del.*?</del>", page, re.DOTALL)[0]
    assert "Der Mietvertrag genügt nicht" in re.search(r"<ins.*?</ins>", page, re.DOTALL)[0]
    assert "veraltet" not in section(page, "de")


async def test_without_git_a_stale_translation_still_says_so(root: Path, look: Look) -> None:
    change(root, "de", "Ein Mietvertrag reicht nicht", "Der Mietvertrag genügt nicht")
    shutil.rmtree(root / ".git")
    assert "Git kennt den früheren Text nicht" in section(await look(f"/editor/topics/{TOPIC}"), "en")


async def test_every_state_is_told_and_a_missing_text_names_the_file_it_belongs_into(root: Path, look: Look) -> None:
    (root / "ti" / "first-steps.yaml").unlink(missing_ok=True)
    accept(root, load_usable("osnabrueck", root), "ar", [TOPIC], by="Migrationsbeirat", on="2024-01-01")
    accept(root, load_usable("osnabrueck", root), "uk", [TOPIC], by="Migrationsbeirat", on="2026-11-01")
    page = await look(f"/editor/topics/{TOPIC}")
    assert "Zuletzt gelesen von Migrationsbeirat am 1. Januar 2024" in section(page, "ar")
    assert "Gelesen von Migrationsbeirat am 1. November 2026" in section(page, "uk")
    assert "Noch niemand hat bestätigt" in section(page, "tr")
    assert "faq/ti/first-steps.yaml:1" in section(page, "ti")
    assert "zeigt Deutsch und Englisch" in section(page, "ti")
    assert len(re.findall('<section class="version"', page)) == len(languages())


async def test_a_mistake_is_shown_at_its_line_in_the_editors_language(root: Path, look: Look) -> None:
    change(root, "uk", "bring: |\n    ", "bring: |\n    14 днів ")
    assert "„14“" in section(await look(f"/editor/topics/{TOPIC}", "de"), "uk")
    text = section(await look(f"/editor/topics/{TOPIC}", "en"), "uk")
    assert "the number “14” is typed into the text" in text
    assert re.search(r"faq/uk/first-steps\.yaml:\d+", text)


async def test_doubtful_facts_name_who_can_confirm_them_and_where_else_they_are_used(
    look: Look, catalogue: Catalogue
) -> None:
    fact = next(one for one in catalogue.facts.values() if not one.is_sure and one.id.startswith(f"{TOPIC}/"))
    page = words(await look(f"/editor/topics/{TOPIC}"))
    row = page[page.index(fact.statement) :]
    assert f"Fragen bei: {catalogue.contacts[fact.owner].name}" in row[:600]
    assert re.search(r"faq/facts/\w+\.yaml:\d+", row[:600])
    assert "hier (de, de-x-simple, en, ar, uk, ru, tr, fa" in page


async def test_the_list_knows_the_state_of_every_topic_in_every_language(
    root: Path, look: Look, catalogue: Catalogue
) -> None:
    accept(root, load_usable("osnabrueck", root), "uk", [TOPIC], by="Migrationsbeirat", on="2026-11-01")
    page = await look("/editor")
    assert len(re.findall(r"<td data-language=", page)) == len(languages()) * len(catalogue.topics)
    assert len(re.findall(r'data-state="ok"', page)) == 1


# ---- as each channel shows it


def test_the_preview_is_the_very_text_that_is_sent(catalogue: Catalogue) -> None:
    for locale in ("de", "ar", "ti"):
        (reply,) = answer(catalogue, TOPIC, locale, NOW)
        (message,) = on_telegram(reply).messages
        assert message.text == reply.text
        assert message.length <= message.limit == 4096
        rows = [choice.label for row in message.rows for choice in row]
        assert rows == [button.label for button in reply.buttons]
    (danger,) = answer(catalogue, "emergency-medical-fire", "ar", NOW)
    assert "112" in danger.text.splitlines()[0]


def test_a_long_answer_is_shown_in_the_messages_it_is_sent_in() -> None:
    reply = Reply(text="Ein Satz. " * 700, locale="de", buttons=(Button(id="person", label="Mensch"),))
    telegram, whatsapp = on_telegram(reply).messages, on_whatsapp(reply).messages
    assert [(one.length <= 4096, bool(one.rows)) for one in telegram] == [(True, False), (True, True)]
    assert [bool(one.rows) for one in whatsapp] == [False, False, True]
    assert all(one.length <= one.limit for one in whatsapp)
    assert whatsapp[-1].limit == 1024


def test_labels_that_do_not_fit_on_whatsapp_are_named() -> None:
    long = "Mit einem Menschen im Amt sprechen"
    shown = on_whatsapp(Reply(text="?", locale="de", buttons=(Button(id="person", label=long),)))
    assert shown.cut == (long,)
    assert len(shown.messages[-1].rows[0][0].label) <= 20
    many = tuple(Button(id=str(i), label=f"{i} {long}") for i in range(4))
    listed = on_whatsapp(Reply(text="?", locale="de", buttons=many)).messages[-1]
    assert listed.opens
    assert [row[0].below for row in listed.rows] == [button.label for button in many]


# ---- who may open them


@pytest.fixture
async def site(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor of the site who follows no redirects."""
    transport = httpx.ASGITransport(make_site(app.parts))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"accept-language": "en"}
    ) as client:
        yield client


PAGES = ("/editor", f"/editor/topics/{TOPIC}", "/editor/try", "/editor/questions")


async def test_a_stranger_is_led_to_the_login_and_back(site: httpx.AsyncClient) -> None:
    for path in PAGES:
        response = await site.get(path)
        assert (response.status_code, response.headers["location"]) == (303, f"/desk/login?next={path}")


async def test_a_lotse_who_is_no_editor_reads_why_not(app: App, site: httpx.AsyncClient) -> None:
    site.cookies.set(COOKIE, await session(app, {Role.LOTSE}))
    for path in PAGES:
        response = await site.get(path)
        assert response.status_code == 403
        assert "These pages are for editors." in response.text
    assert (await site.get("/desk")).status_code == 200


async def test_an_editor_who_is_no_lotse_has_no_desk(app: App, site: httpx.AsyncClient) -> None:
    site.cookies.set(COOKIE, await session(app, {Role.EDITOR}))
    assert (await site.get("/editor")).status_code == 200
    refused = await site.get("/desk")
    assert refused.status_code == 403
    assert "The desk is for Lotsen." in refused.text
    assert (await site.get("/api/v1/cases")).status_code == 403
    assert (await site.get("/api/v1/topics")).status_code == 403
    assert (await site.get("/desk/login")).headers["location"] == "/editor"


async def test_a_role_taken_away_is_gone_with_the_next_request(app: App, site: httpx.AsyncClient) -> None:
    site.cookies.set(COOKIE, await session(app, {Role.EDITOR, Role.LOTSE}))
    assert (await site.get("/editor")).status_code == 200
    await accounts.set_roles(app.store, "Rita 0", [Role.LOTSE])
    assert (await site.get("/editor")).status_code == 403
    assert (await site.get("/api/v1/cases")).status_code == 200


async def test_after_the_login_only_our_own_pages_are_opened(app: App, site: httpx.AsyncClient) -> None:
    site.cookies.set(COOKIE, await session(app, {Role.EDITOR, Role.LOTSE}))
    for way in ("//evil.example", "https://evil.example", "/editor/../x", "/desk/logout", "/editor?x=1"):
        assert (await site.get("/desk/login", params={"next": way})).headers["location"] == "/desk"
    assert (await site.get("/desk/login", params={"next": PAGES[1]})).headers["location"] == PAGES[1]


async def test_an_unknown_topic_is_a_plain_page(app: App, site: httpx.AsyncClient) -> None:
    site.cookies.set(COOKIE, await session(app, {Role.EDITOR}))
    response = await site.get("/editor/topics/no-such-topic")
    assert response.status_code == 404
    assert "There is no such topic" in response.text


async def test_the_pages_are_not_kept_by_browsers_nor_shown_inside_others(app: App, site: httpx.AsyncClient) -> None:
    site.cookies.set(COOKIE, await session(app, {Role.EDITOR}))
    headers = (await site.get("/editor")).headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_where_open_questions_are_switched_off_the_page_says_so(tmp_path: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'y.sqlite3'}", secret_key="x" * 40, unanswered_minimum=0, _env_file=None
    )
    async with open_app(settings, lambda: NOW) as app:
        transport = httpx.ASGITransport(make_site(app.parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            client.cookies.set(COOKIE, await session(app, {Role.EDITOR}))
            assert "ausgeschaltet" in (await client.get("/editor/questions", params={"lang": "de"})).text


# ---- a message tried


@pytest.fixture(scope="module")
def editor_token(server: Server) -> str:
    """The bearer token of an editor."""
    assert server.run("lotse", "add", "Editor by token", "--role", "editor").returncode == 0
    return server.run("lotse", "token", "Editor by token").stdout.strip()


def test_trying_a_message_tells_language_candidates_rule_and_answer_and_keeps_nothing(
    server: Server, editor_token: str
) -> None:
    said = "wo melde ich meinen xylophonwohnsitz an"
    api = {"Authorization": f"Bearer {editor_token}"}
    tried = httpx.post(
        f"{server.url}/api/v1/editor/try", json={"text": said, "locale": "de"}, headers=api, timeout=30
    ).json()
    assert tried["locale"] == "de"
    assert tried["candidates"][0]["id"] == TOPIC
    assert tried["candidates"][0]["confidence"] > 0
    assert tried["limits"].keys() == {"answer", "ahead", "ask"}
    assert tried["rule"]
    assert tried["replies"]
    assert "xylophon" not in server.log.read_text()
    database = server.folder / "test.sqlite3"
    assert b"xylophonwohnsitz" not in b"".join(file.read_bytes() for file in database.parent.glob("test.sqlite3*"))


def test_trying_needs_an_editor_and_words(server: Server, editor_token: str) -> None:
    url = f"{server.url}/api/v1/editor/try"
    api = {"Authorization": f"Bearer {editor_token}"}
    assert httpx.post(url, json={"text": "hallo"}).status_code == 401
    assert httpx.post(url, json={"text": ""}, headers=api).status_code == 422
    assert httpx.get(f"{server.url}/api/v1/cases", headers=api).status_code == 403
