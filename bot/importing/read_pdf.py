"""PDF through pdfplumber: words with their place and print, tables between rules, and bullets that are drawn, not written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.page import Page as PdfPage
from pdfplumber.pdf import PDF
from pdfplumber.utils.exceptions import PdfminerException

from bot.importing.blocks import CELL, Document, Unreadable, cleaned, joined
from bot.importing.layout import Line, Page, Word, blocks, make_lines
from locales.defects import sentence

MOST_PAGES = 600
FEWEST_LETTERS = 20  # fewer on a whole page: it is a picture
_BOLD = re.compile(r"bold|black|heavy|demi|\bbd\b|-bd", re.IGNORECASE)
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_DOT = (1.5, 7.0)


def read_pdf(path: Path, on_page: Callable[[int, int], None]) -> Document:
    """Read a PDF; ``on_page`` hears of each page.

    Raises:
        Unreadable: if it is encrypted, damaged, scanned or written in letters nobody can map.
    """
    try:
        with pdfplumber.open(path) as pdf:
            pages = list(_pages(pdf, on_page))
            title = cleaned(str(pdf.metadata.get("Title") or "")).replace("\n", " ")
    except Unreadable:
        raise
    except (PDFPasswordIncorrect, PdfminerException) as error:
        if isinstance(error, PDFPasswordIncorrect) or any(isinstance(arg, PDFPasswordIncorrect) for arg in error.args):
            raise Unreadable(
                sentence(
                    "The PDF is locked with a password. Open it with the password, print it into a new PDF and take that one."
                )
            ) from error
        raise Unreadable(_damaged()) from error
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # whatever the parser stumbles over, the file is what is wrong
        raise Unreadable(_damaged()) from error
    textless = tuple(page.number for page in pages if _letters(page) < FEWEST_LETTERS)
    if not pages or len(textless) == len(pages):
        raise Unreadable(
            sentence(
                "The PDF holds pictures of text, but no text (it was scanned). Ask for the original file, or let a program "
                "recognise the text first, for example: ocrmypdf -l deu scan.pdf text.pdf"
            )
        )
    text = "".join(line.text for page in pages for line in page.lines)
    if 5 * sum(map(len, _UNMAPPED.findall(text))) > len(text):
        raise Unreadable(
            sentence(
                "The PDF does not say which letters its signs stand for. Ask for the original file, or let a program "
                "recognise the text first, for example: ocrmypdf --force-ocr -l deu file.pdf text.pdf"
            )
        )
    return Document(title=title, blocks=tuple(blocks(pages)), pages=len(pages), textless=textless)


def _damaged() -> str:
    return sentence("The PDF is damaged. Open it in a browser, print it into a new PDF and take that one.")


def _letters(page: Page) -> int:
    return sum(sign.isalpha() for line in page.lines for sign in line.text)


def _pages(pdf: PDF, on_page: Callable[[int, int], None]) -> Iterator[Page]:
    if len(pdf.pages) > MOST_PAGES:
        raise Unreadable(
            sentence(
                "The PDF has {pages} pages, more than {most}. Split it and import the parts.",
                pages=len(pdf.pages),
                most=MOST_PAGES,
            )
        )
    for number, page in enumerate(pdf.pages, 1):
        yield _page(page, number)
        page.close()
        on_page(number, len(pdf.pages))


def _page(page: PdfPage, number: int) -> Page:
    upright = page.dedupe_chars(extra_attrs=("size",)).filter(lambda thing: thing.get("upright", True))
    words = [_word(raw) for raw in upright.extract_words(extra_attrs=["fontname", "size"], x_tolerance_ratio=0.15)]
    words = [word for word in words if word.text]
    rows: list[Line] = []
    for table in page.find_tables():
        cells = [[cell for cell in row if cell and cell.strip()] for row in table.extract()]
        if not _is_table(cells):
            continue
        x0, top, x1, bottom = table.bbox
        inside = [
            word
            for word in words
            if x0 <= (word.x0 + word.x1) / 2 <= x1 and top <= (word.top + word.bottom) / 2 <= bottom
        ]
        words = [word for word in words if word not in inside]
        size = max((word.size for word in inside), default=10.0)
        for row, found in zip(table.rows, cells, strict=True):
            if found:
                text = CELL.join(_cell(cell) for cell in found)
                rows.append(Line(text=text, x0=x0, x1=x1, top=row.bbox[1], bottom=row.bbox[3], size=size, row=True))
    return Page(number=number, height=float(page.height), lines=(*make_lines([*words, *_dots(page, words)]), *rows))


def _is_table(rows: list[list[str]]) -> bool:
    """A frame around text is no table, and neither are frames side by side with many lines in each."""
    long = any(sum(cell.count("\n") >= 3 for cell in row) > 1 for row in rows)
    return not long and any(len(row) > 1 for row in rows)


def _word(raw: dict[str, Any]) -> Word:
    return Word(
        text=cleaned(raw["text"]).strip(), x0=raw["x0"], x1=raw["x1"], top=raw["top"], bottom=raw["bottom"],
        size=round(raw["size"], 1), bold=bool(_BOLD.search(str(raw["fontname"]))),
    )  # fmt: skip


def _cell(text: str) -> str:
    whole = ""
    for line in cleaned(text).split("\n"):
        whole = joined(whole, line)
    return whole


def _dots(page: PdfPage, words: list[Word]) -> Iterator[Word]:
    """Small drawn shapes just before a word, as browsers and layout programs make the bullets of lists."""
    for shape in (*page.curves, *page.rects):
        if not all(_DOT[0] <= shape[side] <= _DOT[1] for side in ("width", "height")):
            continue
        middle = (shape["top"] + shape["bottom"]) / 2
        near = [
            word for word in words if word.top <= middle <= word.bottom and 0 < word.x0 - shape["x1"] < 1.8 * word.size
        ]
        if near:
            word = min(near, key=lambda word: word.x0)
            yield Word(text="•", x0=shape["x0"], x1=shape["x1"], top=word.top, bottom=word.bottom, size=word.size)
