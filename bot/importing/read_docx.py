"""Word documents through python-docx: heading styles, or bold lines where somebody did without; lists, tables, text boxes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from bot.importing.blocks import CELL, Block, Document, Unreadable, cleaned, has_bullet, has_number, without_bullet
from locales.defects import sentence

MOST_UNPACKED, MOST_PARTS = 300_000_000, 20_000
BOLD_LEVEL, LONGEST_BOLD = 6, 100
_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # the same again for old programs
_BOX = qn("w:txbxContent")
_SIGNS = {qn("w:tab"): "\t", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_NO_TEXT = {qn("w:del"), qn("w:pPr"), qn("w:rPr"), _FALLBACK, _BOX}


def read_docx(path: Path, on_page: Callable[[int, int], None]) -> Document:
    """Read a Word document.

    Raises:
        Unreadable: if it is damaged, locked, or unpacks to more than a document can hold.
    """
    _must_be_harmless(path)
    try:
        word = docx.Document(str(path))
        pages = _Pages(word)
        blocks = tuple(_blocks(word, pages))
        title = cleaned(word.core_properties.title or "").replace("\n", " ")
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # whatever the parser stumbles over, the file is what is wrong
        raise Unreadable(_damaged()) from error
    if not any(block.text for block in blocks):
        raise Unreadable(sentence("The document holds no text. If its text is in pictures, ask for the original file."))
    on_page(1, 1)
    return Document(title=title, blocks=blocks, pages=pages.now if pages.known else 0)


def _damaged() -> str:
    return sentence(
        "The Word document is damaged. Open it in Word or LibreOffice, save it anew as .docx and take that one."
    )


def _must_be_harmless(path: Path) -> None:
    """A zip file that grows beyond measure is refused before anything is unpacked; zipfile keeps to the sizes it names."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable(_damaged()) from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable(
            sentence("The document unpacks to an unusual size. Save it anew without pictures and take that one.")
        )


class _Pages:
    """Which page we are on. Word notes where its pages began when it saved; other programs only note wanted breaks."""

    def __init__(self, word: WordDocument) -> None:
        body = word.element.body
        noted = next(body.iter(qn("w:lastRenderedPageBreak")), None) is not None
        self._mark = qn("w:lastRenderedPageBreak") if noted else qn("w:br")
        self.known = noted or any(self._is_break(element) for element in body.iter(self._mark))
        self.now = 1

    def pass_over(self, element: Any) -> int | None:
        """The page on which this paragraph has its first words; the breaks in it are counted."""
        begin = self.now
        for part in element.iter(self._mark, qn("w:t")):
            if self._is_break(part):
                self.now += 1
            elif part.tag == qn("w:t") and begin == self.now:
                break
        first = self.now
        self.now = begin + sum(self._is_break(part) for part in element.iter(self._mark))
        return first if self.known else None

    def _is_break(self, element: Any) -> bool:
        if element.tag != self._mark:
            return False
        return bool(element.tag != qn("w:br") or element.get(qn("w:type")) == "page")


def _blocks(word: WordDocument, pages: _Pages) -> Iterator[Block]:
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            yield from _rows(part, pages.pass_over(part._tbl))
            continue
        page = pages.pass_over(part._p)
        if block := _paragraph(part, page):
            yield block
        for box in part._p.iter(_BOX):
            if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                inside = (Paragraph(element, part._parent) for element in box.iter(qn("w:p")))
                yield from (block for one in inside if (block := _paragraph(one, page)))


def _paragraph(paragraph: Paragraph, page: int | None) -> Block | None:
    text = cleaned(_text(paragraph._p))
    style = paragraph.style.name if paragraph.style is not None and paragraph.style.name else ""
    if not text or style.lower().startswith("toc "):
        return None
    if level := _level(paragraph, style, text):
        return Block(kind="heading", text=text.replace("\n", " "), page=page, level=level)
    if style.lower().startswith("list") or paragraph._p.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
        return Block(kind="item", text=text, page=page)
    if has_bullet(text) or has_number(text):
        return Block(kind="item", text=without_bullet(text), page=page)
    return Block(kind="text", text=text, page=page)


def _level(paragraph: Paragraph, style: str, text: str) -> int:
    if match := _STYLE.match(style):
        return int(match[1])
    if style == "Title":
        return 1
    outline = paragraph._p.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    if outline is not None and str(outline.get(qn("w:val"))) in "012345678":
        return int(str(outline.get(qn("w:val")))) + 1
    runs = [run for run in paragraph.runs if run.text.strip()]
    bold = bool(runs) and all(run.bold or (run.bold is None and _bold_style(paragraph)) for run in runs)
    short = len(text) <= LONGEST_BOLD and "\n" not in text and not text.endswith((".", ":", ",", ";"))
    return BOLD_LEVEL if bold and short and not re.search(r"@|www\.|\d{4}", text) else 0


def _bold_style(paragraph: Paragraph) -> bool:
    return bool(paragraph.style is not None and paragraph.style.font.bold)


def _rows(table: Table, page: int | None) -> Iterator[Block]:
    for row in table.rows:
        cells: list[_Cell] = []
        for cell in row.cells:  # a merged cell comes once for each column it covers
            if not cells or cell._tc is not cells[-1]._tc:
                cells.append(cell)
        texts = [text for cell in cells if (text := cleaned("\n".join(_text(p._p) for p in cell.paragraphs)))]
        if len(texts) == 1:  # a frame around text is no table
            yield Block(kind="text", text=texts[0], page=page)
        elif texts:
            yield Block(kind="row", text=CELL.join(text.replace("\n", " ") for text in texts), page=page)


def _text(element: Any) -> str:
    """What a reader sees of a paragraph: with what was inserted under review, without what was deleted."""
    parts: list[str] = []
    for child in element:
        if child.tag in _NO_TEXT:
            continue
        if child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag == qn("w:br"):
            parts.append("" if child.get(qn("w:type")) == "page" else "\n")
        else:
            parts.append(_SIGNS.get(child.tag) or _text(child))
    return "".join(parts)
