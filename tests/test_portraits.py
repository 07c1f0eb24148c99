"""Portraits: people who agreed are shown as long as they agreed, in the reader's language; everybody else and everything else is not."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml
from jsonschema import Draft202012Validator
from PIL import Image

from bot.app import open_app
from bot.knowledge import LiveKnowledge
from bot.settings import Settings
from bot.web import make_site
from faq import ROOT
from faq.portraits import check_portraits, load_series
from tests.browser import SMALL_PHONE, Visits, barriers, one_browser, sideways
from tests.server import free_port

NOON = datetime(2027, 6, 15, 10, 0, tzinfo=UTC)
SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "schemas" / "portraits.schema.json"
SERIES = """\
title:
  de: Neu in der Stadt
  en: New in town
portraits:
  first-winter:
    title:
      de: Der erste Winter
      en: The first winter
    text:
      de: |
        Ich kam im November.
        Am Bahnhof roch es nach Regen.
      en: I came in November.
    alt:
      de: Eine Frau mit rotem Schal lacht
      en: A woman with a red scarf laughs
    languages: [de, en]
    picture: first-winter.png
    consent:
      given_by: Projektleitung, A. B.
      date: "2027-01-01"
      expires: "2027-06-15"
      scope: [web, print]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The FAQ with a series of one portrait."""
    copy = tmp_path / "faq"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__", "portraits", "*.py"))
    (copy / "portraits").mkdir()
    (copy / "portraits" / "osnabrueck.yaml").write_text(SERIES, encoding="utf-8")
    Image.new("RGB", (320, 240), "navy").save(copy / "portraits" / "first-winter.png")
    return copy


def edit(root: Path, old: str, new: str) -> int:
    """Change the series; the line of the change."""
    assert old in SERIES
    (root / "portraits" / "osnabrueck.yaml").write_text(SERIES.replace(old, new, 1), encoding="utf-8")
    return SERIES[: SERIES.index(old)].count("\n") + 1


class Site:
    """The site of one process at a moment that the test sets."""

    def __init__(self, app: Any, root: Path) -> None:
        self._app, self._root = app, root
        self.now = NOON
        app.clock = lambda: self.now
        self.look_again()

    def look_again(self) -> None:
        """Take the content as it is now."""
        self._app.knowledge = LiveKnowledge("osnabrueck", self._root)
        self.site = make_site(self._app.parts)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.site), base_url="http://site") as client:
            return await client.get(path, headers=headers)


@pytest.fixture
async def site(root: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that shows the series."""
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'x.sqlite3'}", secret_key="x" * 32, _env_file=None)
    async with open_app(settings) as app:
        yield Site(app, root)


async def test_a_portrait_with_consent_is_shown_in_the_readers_language(site: Site) -> None:
    german, english = await site.get("/portraits?lang=de"), await site.get("/portraits?lang=en")
    assert "Der erste Winter" in german.text
    assert "<p>Am Bahnhof roch es nach Regen.</p>" in german.text
    assert 'alt="A woman with a red scarf laughs"' in english.text
    assert "The first winter" in english.text
    turkish = await site.get("/portraits?lang=tr")
    assert 'lang="de" dir="ltr"' in turkish.text


async def test_who_gave_the_consent_is_never_shown(site: Site) -> None:
    assert "Projektleitung" not in (await site.get("/portraits")).text


async def test_the_picture_is_served_and_never_kept(site: Site) -> None:
    picture = await site.get("/portraits/first-winter/picture")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.headers["cache-control"] == "no-store"
    assert (await site.get("/portraits/somebody/picture")).status_code == 404


async def test_the_chat_page_leads_there_only_while_there_is_something(site: Site) -> None:
    assert '<a href="/portraits" lang="de">Neu in der Stadt</a>' in (await site.get("/?lang=de")).text
    site.now = datetime(2028, 1, 1, tzinfo=UTC)
    assert "/portraits" not in (await site.get("/?lang=de")).text


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 31, 23, 1, tzinfo=UTC), True),  # the first of January in Osnabrück
        (datetime(2027, 6, 15, 21, 59, tzinfo=UTC), True),
        (datetime(2027, 6, 15, 22, 1, tzinfo=UTC), False),  # the sixteenth of June in Osnabrück
    ],
)
async def test_consent_holds_from_its_first_to_its_last_day_in_the_city(site: Site, now: datetime, shown: bool) -> None:
    site.now = now
    for path in ("/portraits", "/portraits/first-winter/picture"):
        assert (await site.get(path)).status_code == (200 if shown else 404)


async def test_consent_for_print_alone_shows_nothing(site: Site, root: Path) -> None:
    edit(root, "scope: [web, print]", "scope: [print]")
    site.look_again()
    assert (await site.get("/portraits")).status_code == 404


async def test_a_picture_that_was_deleted_is_gone_at_once(site: Site, root: Path) -> None:
    (root / "portraits" / "first-winter.png").unlink()
    assert (await site.get("/portraits/first-winter/picture")).status_code == 404


async def test_without_a_series_there_is_no_page(site: Site, root: Path) -> None:
    shutil.rmtree(root / "portraits")
    site.look_again()
    assert (await site.get("/portraits")).status_code == 404


def test_a_portrait_taken_out_disappears_even_if_the_rest_is_broken(root: Path) -> None:
    live = LiveKnowledge("osnabrueck", root)
    assert len(live.portraits.portraits) == 1
    edit(root, "  first-winter:\n", "  first-winter\n")
    live.refresh()
    assert live.portraits.portraits == ()
    assert "portraits/osnabrueck.yaml" in live.broken[0]
    assert live.catalogue.topics


def test_a_broken_portrait_hides_only_itself(root: Path) -> None:
    second = (
        SERIES[SERIES.index("  first-winter:") :].replace("first-winter:", "second:", 1).replace("alt:", "altt:", 1)
    )
    (root / "portraits" / "osnabrueck.yaml").write_text(SERIES + second, encoding="utf-8")
    series, defects = load_series("osnabrueck", root)
    assert [portrait.id for portrait in series.portraits] == ["first-winter"]
    assert any("no alternative text" in defect.what for defect in defects)


def test_the_repository_ships_none() -> None:
    assert load_series("osnabrueck", ROOT) == load_series("nowhere", ROOT)


BREAKS = [
    ("      de: Eine Frau mit rotem Schal lacht\n", "", "no alternative text (what the picture shows) in Deutsch"),
    ("    languages: [de, en]", "    languages: [de, en, tr]", "no title in Türkçe"),
    ("    languages: [de, en]", "    languages: [de]", "in en, which is not among its languages"),
    ("    languages: [de, en]", "    languages: [de, xx]", "languages of “first-winter” are not given"),
    ("picture: first-winter.png", "picture: other.png", "is not in faq/portraits/"),
    ("picture: first-winter.png", "picture: ../topics.png", "has no picture"),
    ('      expires: "2027-06-15"\n', "", "has no expires"),
    ('date: "2027-01-01"', 'date: "im Januar"', "has no date"),
    ('expires: "2027-06-15"', 'expires: "2026-06-15"', "ends before it begins"),
    ("given_by: Projektleitung, A. B.", 'given_by: ""', "does not say who gave"),
    ("scope: [web, print]", "scope: [print]", "does not cover this page"),
    ("scope: [web, print]", "scope: yes", "does not say what the consent"),
    ("  de: Neu in der Stadt\n", "", "no German title"),
    ("    picture:", "    pcture:", "is no part of a portrait"),
]


@pytest.mark.parametrize(("old", "new", "words"), BREAKS)
def test_a_mistake_is_named_with_line_and_remedy(root: Path, old: str, new: str, words: str) -> None:
    line = edit(root, old, new)
    found = [one for one in check_portraits("osnabrueck", NOON.date(), root) if words in one.what]
    assert found, check_portraits("osnabrueck", NOON.date(), root)
    assert found[0].file == "portraits/osnabrueck.yaml"
    assert abs(found[0].line - line) <= 22
    assert found[0].mend


def test_consent_that_ran_out_is_on_the_editors_list_the_day_after(root: Path) -> None:
    assert check_portraits("osnabrueck", date(2027, 6, 15), root) == []
    [defect] = check_portraits("osnabrueck", date(2027, 6, 16), root)
    assert "ended on 2027-06-15" in defect.what
    assert defect.line == SERIES[: SERIES.index("expires")].count("\n") + 1


def large(path: Path) -> None:
    Image.new("RGB", (2000, 100)).save(path)


def heavy(path: Path) -> None:
    Image.effect_noise((1000, 1000), 90).save(path)


def placed(path: Path) -> None:
    image = Image.new("RGB", (10, 10))
    exif = image.getexif()
    exif[0x8825] = {1: "N", 2: (52.0, 16.0, 0.0)}
    image.save(path, exif=exif)


def disguised(path: Path) -> None:
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>")


def other(path: Path) -> None:
    Image.new("RGB", (10, 10)).save(path, format="GIF")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (large, "2000 × 100 pixels"),
        (heavy, "KB"),
        (placed, "where it was taken"),
        (disguised, "cannot be opened"),
        (other, "no JPEG, PNG or WebP"),
    ],
)
def test_a_picture_that_may_not_be_shown_is_named(root: Path, make: Callable[[Path], None], words: str) -> None:
    make(root / "portraits" / "first-winter.png")
    series, defects = load_series("osnabrueck", root)
    assert (series.portraits, len(defects)) == ((), 1)
    assert words in defects[0].what


def test_the_schema_agrees_with_a_series_and_notices_mistakes() -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert list(validator.iter_errors(yaml.safe_load(SERIES))) == []
    for old, new in [
        ("alt:", "alternative:"),
        ("scope: [web, print]", "scope: [print]"),
        ('date: "2027', 'when: "2027'),
    ]:
        assert list(validator.iter_errors(yaml.safe_load(SERIES.replace(old, new)))), new


@pytest.fixture
def address(root: Path, tmp_path: Path) -> Iterator[str]:
    """A real server that shows the series."""
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'y.sqlite3'}", secret_key="x" * 32, _env_file=None)
    port = free_port()
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        async with open_app(settings) as app:
            server = uvicorn.Server(
                uvicorn.Config(Site(app, root).site, port=port, log_config=None, access_log=False, lifespan="off")
            )
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 (uvicorn tells it no other way)
                await asyncio.sleep(0.02)
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    yield f"http://127.0.0.1:{port}"
    stop.set()
    thread.join(30)


def test_the_page_shuts_nobody_out(address: str) -> None:
    with one_browser() as browser:
        visits = Visits(browser, address)
        for lang in ("de", "ar"):
            page = visits(f"/portraits?lang={lang}", SMALL_PHONE)
            assert (
                page.get_by_role("img", name="Eine Frau mit rotem Schal lacht").evaluate("image => image.naturalWidth")
                == 320
            )
            assert barriers(page) == []
            assert sideways(page) == 0
        assert all(request.startswith(address) for request in visits.requests)
        visits.end()
