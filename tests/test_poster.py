"""Posters keep their promise on paper: every code leads where it says, every script is readable, nothing is cut off."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from numpy.typing import NDArray
from playwright.sync_api import Browser

from bot.errors import Refused, WrongSettings
from bot.links import Link, Places, addresses
from bot.poster import MOST_LANGUAGES, Poster, make_poster
from faq import Catalogue, load
from locales import languages, offered, phrases
from tests.browser import one_browser
from tests.server import Server

CITY = "Osnabrück"
PLACES = Places(web="https://willkommen.example.org", telegram="beispiel_lotse_bot", whatsapp="+4915112345678")
TOPIC = "integration-course"
SIX = ("uk", "ar", "fa", "ti", "tr", "de")
MM = 72 / 25.4
A4 = (210.0, 297.0)
CROP_SAFE, SMALLEST_MODULE, SMALLEST_TEXT = 10.0, 0.33, 14.0
SHEETS = [(tag,) for tag in ("de", "ar", "fa", "ti", "uk")] + [SIX]
Pixels = NDArray[np.uint8]


@cache
def content() -> Catalogue:
    """The content that ships."""
    return load("osnabrueck")


@cache
def poster(*spoken: str, topic: str = TOPIC, places: Places = PLACES) -> Poster:
    return make_poster(content(), topic, spoken, places, CITY)


def wanted(*spoken: str, topic: str = TOPIC, places: Places = PLACES) -> list[str]:
    """The addresses the codes of a sheet must lead to."""
    return sorted(a.url for tag in spoken for a in addresses(Link(topic=topic, language=tag), places))


# ---- looking at a sheet


def opened(pdf: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(pdf)


def pixels(pdf: bytes, dots_per_mm: float = 8.0) -> Pixels:
    """The page as a printer sees it, in shades of grey."""
    image: Pixels = opened(pdf)[0].render(scale=dots_per_mm / MM, grayscale=True).to_numpy()
    return image.reshape(image.shape[0], image.shape[1])


@dataclass(frozen=True)
class Seen:
    """A code that was read from a picture: what it says, how good it is, and how large its modules are."""

    url: str
    level: str
    module_mm: float
    quiet: bool


def scanned(page: Pixels, dots_per_mm: float = 8.0) -> list[Seen]:
    """What a phone reads."""
    return [_seen(page, code, dots_per_mm) for code in zxingcpp.read_barcodes(page)]


def _seen(page: Pixels, code: zxingcpp.Barcode, dots_per_mm: float) -> Seen:
    corners = code.position
    left, right, top, bottom = corners.top_left.x, corners.top_right.x, corners.top_left.y, corners.bottom_left.y
    module = (right - left) / (17 + 4 * int(code.extra["Version"]))
    rim, slack = round(3.5 * module), round(0.5 * module)
    around = page[top - rim : bottom + rim, left - rim : right + rim].copy()
    around[rim - slack : -rim + slack, rim - slack : -rim + slack] = 255
    return Seen(code.text, code.ec_level, module / dots_per_mm, quiet=bool((around > 250).all()))


def letters(pdf: bytes) -> Iterator[tuple[str, float]]:
    """Every letter of the page with its size in points."""
    text = opened(pdf)[0].get_textpage()
    for place in range(text.count_chars()):
        letter = chr(pdfium.FPDFText_GetUnicode(text, place))
        if not letter.isspace():
            yield letter, pdfium.FPDFText_GetFontSize(text, place)


def words(pdf: bytes) -> str:
    """What a program reads on the page, line ends as spaces."""
    return re.sub(r"\s+", " ", opened(pdf)[0].get_textpage().get_text_range())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with one_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def printed(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], bytes]:
    """Opens an SVG file in a browser, which must not fetch anything for it, and prints it."""
    file = tmp_path_factory.mktemp("svg") / "poster.svg"

    def print_it(svg: bytes) -> bytes:
        file.write_bytes(svg)
        page, fetched = browser.new_page(), list[str]()
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(file.as_uri())
        pdf = page.pdf(width="210mm", height="297mm", page_ranges="1")
        page.close()
        assert fetched == [file.as_uri()]
        return pdf

    return print_it


# ---- codes


@pytest.mark.parametrize("spoken", SHEETS, ids="-".join)
def test_every_code_on_paper_leads_to_its_channel_topic_and_language(spoken: tuple[str, ...]) -> None:
    codes = scanned(pixels(poster(*spoken).pdf))
    assert sorted(code.url for code in codes) == wanted(*spoken)
    assert all(code.level in "MQH" for code in codes)
    assert all(code.quiet for code in codes)
    assert min(code.module_mm for code in codes) >= SMALLEST_MODULE


def test_the_codes_can_be_read_from_a_coarse_print_of_the_fullest_page() -> None:
    page = pixels(poster(*SIX).pdf, dots_per_mm=6.0)  # 150 dots an inch, the cheapest copy
    assert sorted(code.url for code in scanned(page, 6.0)) == wanted(*SIX)


@pytest.mark.parametrize("spoken", [("fa",), SIX], ids="-".join)
def test_the_svg_shows_the_same_page_in_a_browser_without_any_font(
    printed: Callable[[bytes], bytes], spoken: tuple[str, ...]
) -> None:
    made = poster(*spoken)
    assert b"<text" not in made.svg
    ElementTree.fromstring(made.svg)
    shown = pixels(printed(made.svg))
    assert sorted(code.url for code in scanned(shown)) == wanted(*spoken)
    assert np.abs(blurred(shown) - blurred(pixels(made.pdf))).max() < 60


def blurred(page: Pixels) -> NDArray[np.float64]:
    """The page as seen from across the room: the mean of each square of two millimetres."""
    square, rows, columns = 16, page.shape[0] // 16, page.shape[1] // 16
    cut = page[: rows * square, : columns * square].astype(float)
    means: NDArray[np.float64] = cut.reshape(rows, square, columns, square).mean(axis=(1, 3))
    return means


# ---- words


@pytest.mark.parametrize("tag", ["de", "uk", "ar", "fa", "ti", "tr"])
def test_title_topic_and_sentence_stand_in_the_language_and_can_be_read_aloud(catalogue: Catalogue, tag: str) -> None:
    say, text = phrases(tag), words(poster(tag).pdf)
    for sentence in (say("New here? Ask in your language."), catalogue.title(TOPIC, tag)):
        assert unordered(sentence) == unordered(sentence) & unordered(text), sentence
    assert say("Scan and write: a chatbot answers, and a person helps if it does not know.").split()[0] in text


def unordered(text: str) -> set[str]:
    """Words without marks; lam-alef, which readers of PDF turn around, counts in either order."""
    return {"".join(sorted(word)) for word in re.findall(r"[^\W\d_]+", text.replace("\u200c", ""))}


def test_arabic_letters_are_joined_and_run_from_right_to_left() -> None:
    text = opened(poster("ar").pdf)[0].get_textpage()
    first = text.get_text_range().index("بلغتكم")
    boxes = [_box(text, first + place) for place in range(6)]
    for (left, _), (_, next_right) in pairwise(boxes):
        assert next_right >= left - 0.5, "a gap inside a word"
    assert boxes[0][0] > boxes[-1][0]


def _box(text: Any, place: int) -> tuple[float, float]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(text, place, left, right, bottom, top)
    return left.value, right.value


def test_every_letter_of_every_language_is_in_the_fonts(catalogue: Catalogue) -> None:
    for language in offered():
        titles = "".join(catalogue.title(topic, language.tag) for topic in catalogue.topics)
        # A letter that would be an empty box is refused.
        make_poster(catalogue, "", [language.tag], PLACES, city=" ".join(sorted(set(titles))))


def test_reading_text_is_large_and_labels_are_not_tiny() -> None:
    for spoken in SHEETS:
        sizes = [size for _, size in letters(poster(*spoken).pdf)]
        large = sum(size >= SMALLEST_TEXT - 0.01 for size in sizes) / len(sizes)
        assert min(sizes) >= (10 if len(spoken) > 1 else SMALLEST_TEXT) - 0.01
        assert large > (0.8 if len(spoken) > 1 else 0.999)  # smaller are only the names under the codes


def test_a_topic_without_a_text_in_the_language_is_named_in_german(catalogue: Catalogue) -> None:
    turkish = {topic: entry for topic, entry in catalogue.entries["tr"].items() if topic != TOPIC}
    without = replace(catalogue, entries={**catalogue.entries, "tr": turkish})
    assert catalogue.title(TOPIC, "de") in words(make_poster(without, TOPIC, ["tr"], PLACES, CITY).pdf)


# ---- paper


@pytest.mark.parametrize("spoken", SHEETS, ids="-".join)
def test_a_sheet_is_one_a4_page_and_nothing_stands_where_printers_cut(spoken: tuple[str, ...]) -> None:
    pdf = poster(*spoken).pdf
    assert len(opened(pdf)) == 1
    assert [side / MM for side in opened(pdf)[0].get_size()] == pytest.approx(A4, abs=0.2)
    ink = np.argwhere(pixels(pdf) < 250) / 8.0
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    assert min(top, left, A4[1] - bottom, A4[0] - right) >= CROP_SAFE


def test_the_pdf_is_accessible_and_carries_its_fonts() -> None:
    pdf = opened(poster("ar").pdf)
    assert pdf.get_metadata_dict()["Title"].startswith(content().title(TOPIC, "ar"))
    assert pdfium.FPDFCatalog_IsTagged(pdf.raw)
    assert b"pdfuaid" in poster("ar").pdf
    assert poster("ar").pdf.count(b"/FontFile") + poster("ar").pdf.count(b"/ObjStm") > 0


# ---- channels and limits


def test_a_sheet_shows_only_the_channels_that_exist() -> None:
    for places in (
        Places(web="https://chat.example"),
        Places(telegram="example_bot"),
        Places(whatsapp="+4915112345678"),
    ):
        made = poster("uk", "de", places=places)
        assert sorted(code.url for code in scanned(pixels(made.pdf))) == wanted("uk", "de", places=places)
    assert "WhatsApp" not in words(poster("de", places=Places(web="https://chat.example")).pdf)


def test_without_a_camera_the_address_is_there_to_type() -> None:
    assert "chat.example/uk" in words(poster("uk", places=Places(web="https://chat.example")).pdf)
    text = words(poster(*SIX).pdf)
    for address in addresses(Link(), PLACES):
        assert address.shown in text


def test_without_any_channel_and_with_too_many_languages_the_sheet_is_refused() -> None:
    with pytest.raises(WrongSettings, match="PUBLIC_URL"):
        poster("de", places=Places())
    with pytest.raises(Refused, match=f"one to {MOST_LANGUAGES}"):
        poster(*list(languages())[:7])


def test_the_longest_words_fit_or_are_refused_in_one_sentence() -> None:
    longest = Places(web=f"https://{'w' * 60}.example", telegram="m" * 32, whatsapp="+4915112345678")
    topic = max(content().topics, key=lambda each: len(content().title(each, "de")))
    assert len(scanned(pixels(poster(*SIX, topic=topic, places=longest).pdf))) == 18
    with pytest.raises(Refused, match="fewer languages"):
        make_poster(content(), TOPIC, SIX, PLACES, "Stadt " * 400)


def test_the_command_writes_both_files_and_names_them(tmp_path: Path) -> None:
    box = Server(tmp_path, {"PUBLIC_URL": "https://chat.example"})
    done = box.run("poster", "--topic", TOPIC, "--language", "uk,ar", "--into", "out")
    files = [tmp_path / line for line in done.stdout.split()]
    assert [file.name for file in files] == [f"poster-{TOPIC}-uk-ar.pdf", f"poster-{TOPIC}-uk-ar.svg"]
    assert [file.read_bytes()[:4] for file in files] == [b"%PDF", b"<svg"]
    refused = Server(tmp_path).run("poster")
    assert (refused.returncode, "TELEGRAM_NAME" in refused.stderr, "Traceback" in refused.stderr) == (2, True, False)
