"""Web pages through lxml: headings, paragraphs, lists and tables of the main part, without menus, scripts and forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree, html

from bot.importing.blocks import CELL, Block, Document, Kind, Unreadable, cleaned
from locales.defects import sentence

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SKIPPED = {
    "script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "button", "svg", "iframe", "select",
}  # fmt: skip
_CONTAINERS = {
    "p", "div", "section", "article", "main", "ul", "ol", "dl", "dt", "dd", "address", "blockquote", "figure", "figcaption",
    "table", "thead", "tbody", "tfoot", "caption", "details", "summary", "body", "pre", "hr", "fieldset", "center",
}  # fmt: skip


def read_html(path: Path, on_page: Callable[[int, int], None]) -> Document:
    """Read a saved web page. Entities and addresses in it are never followed.

    Raises:
        Unreadable: if no text is found in it.
    """
    raw = path.read_bytes()
    parser = html.HTMLParser(encoding=_encoding(raw), no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(raw, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(_empty()) from error
    parts = [part for name in ("main", "article", "body") if (part := root.find(f".//{name}")) is not None]
    readings = (tuple(_Walk().blocks(part)) for part in (*parts, root))
    blocks = next((found for found in readings if any(block.kind != "heading" for block in found)), None)
    if blocks is None:
        raise Unreadable(_empty())
    on_page(1, 1)
    return Document(title=cleaned(root.findtext(".//title") or "").replace("\n", " "), blocks=blocks)


def _empty() -> str:
    return sentence(
        "The page holds no text. Open it in a browser, wait until all of it is there, and save it from there."
    )


def _encoding(raw: bytes) -> str | None:
    """UTF-8 if it is, whatever the page says of itself; otherwise what the page says."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


class _Walk:
    """Goes through the page in reading order and collects the words between the borders of blocks."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._kinds: list[Kind] = ["text"]
        self._level = 0

    def blocks(self, root: Any) -> Iterator[Block]:
        skipping: Any = None
        for event, element in etree.iterwalk(root, events=("start", "end")):
            name = element.tag if isinstance(element.tag, str) else ""
            if skipping is None and event == "start" and _is_skipped(element, name):
                skipping = element
            elif skipping is None and event == "start":
                yield from self._begin(name, element.text)
            elif skipping is None:
                yield from self._finish(name)
            if event == "end" and skipping is element:
                skipping = None
            if event == "end" and skipping is None and element is not root:
                self._words.append(_flowing(element.tail))
        yield from self._flush()

    def _begin(self, name: str, text: str | None) -> Iterator[Block]:
        if self._is_border(name):
            yield from self._flush()
        if name in _HEADINGS:
            self._level = _HEADINGS[name]
        elif name in ("li", "tr"):
            self._kinds.append("item" if name == "li" else "row")
        elif name in ("td", "th") and "".join(self._words).strip():
            self._words.append(CELL)
        elif name == "br":
            self._words.append("\n")
        self._words.append(_flowing(text))

    def _finish(self, name: str) -> Iterator[Block]:
        if self._is_border(name):
            yield from self._flush()
        if name in ("li", "tr") and len(self._kinds) > 1:
            self._kinds.pop()

    def _is_border(self, name: str) -> bool:
        """Whether a block begins and ends here; paragraphs inside a cell belong to its row."""
        return name in _HEADINGS or name in ("li", "tr") or (name in _CONTAINERS and self._kinds[-1] != "row")

    def _flush(self) -> Iterator[Block]:
        text = cleaned("".join(self._words))
        self._words = []
        level, self._level = self._level, 0
        if not text:
            return
        if level:
            yield Block(kind="heading", text=text.replace("\n", " "), level=level)
        elif self._kinds[-1] == "row":
            cells = [cell.replace("\n", " ").strip() for cell in text.split(CELL.strip())]
            cells = [cell for cell in cells if cell]
            yield Block(kind="row" if len(cells) > 1 else "text", text=CELL.join(cells))
        else:
            yield Block(kind=self._kinds[-1], text=text)


def _is_skipped(element: Any, name: str) -> bool:
    hidden = element.get("hidden") is not None or element.get("aria-hidden") == "true"
    return name in _SKIPPED or hidden or element.get("role") in ("navigation", "banner", "contentinfo", "search")


def _flowing(text: str | None) -> str:
    """Text between tags; its own line breaks are blanks."""
    return (text or "").replace("\n", " ").replace("\r", " ")
