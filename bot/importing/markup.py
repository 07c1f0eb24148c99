"""HTML of a content management system as plain lines under headings, with the numbers and addresses that stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers
from lxml import html

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = {
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "section",
    "article",
    "blockquote",
    "address",
    "figure",
    "br",
    "hr",
}
CELLS = ("td", "th")
SILENT = {"script", "style", "iframe", "svg", "noscript", "template", "head"}
REGION = "DE"
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Section:
    """The lines below one heading; the first section of a text may have none."""

    heading: str
    lines: tuple[str, ...]
    contacts: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class _Break:
    """The end of a line; with ``heading``, the beginning of a new section."""

    heading: str | None = None


def sections(markup: str) -> list[Section]:
    """The text of a page; sections without any line are left out."""
    found: list[Section] = []
    heading, lines, links, words = "", list[str](), list[Mapping[str, str]](), list[str]()

    def end_line() -> None:
        line = _BLANKS.sub(" ", "".join(words)).strip()
        words.clear()
        if line:
            lines.append(line)

    def end_section() -> None:
        end_line()
        if lines:
            found.append(Section(heading=heading, lines=tuple(lines), contacts=contacts(lines, links)))
        lines.clear()
        links.clear()

    for piece in _pieces(html.document_fromstring(f"<body>{markup}</body>", parser=_parser())):
        if isinstance(piece, str):
            words.append(piece)
        elif isinstance(piece, _Break) and piece.heading is None:
            end_line()
        elif isinstance(piece, _Break):
            end_section()
            heading = str(piece.heading)
        else:
            links.append(piece)
    end_section()
    return found


def contacts(lines: list[str], links: list[Mapping[str, str]]) -> tuple[Mapping[str, str], ...]:
    """Phone numbers in the lines, then what the links name; each once."""
    numbers = (
        {"phone": phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164), "text": line}
        for line in lines
        for match in phonenumbers.PhoneNumberMatcher(line, REGION)
    )
    once: dict[tuple[str, str], Mapping[str, str]] = {}
    for contact in (*numbers, *links):
        once.setdefault(next(iter(contact.items())), contact)
    return tuple(once.values())


def _parser() -> html.HTMLParser:
    return html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)


def _pieces(node: Any) -> Iterator[str | _Break | Mapping[str, str]]:
    yield node.text or ""
    for child in node:
        if child.tag in HEADINGS:
            yield _Break(_BLANKS.sub(" ", child.text_content()).strip())
        elif child.tag not in SILENT:
            if child.tag in BLOCKS:
                yield _Break()
            if child.tag == "a" and (link := _link(child.get("href") or "")):
                yield link
            yield from _pieces(child)
            if child.tag in BLOCKS:
                yield _Break()
            elif child.tag in CELLS:
                yield " | "
        yield child.tail or ""


def _link(href: str) -> Mapping[str, str] | None:
    kind, _, rest = href.strip().partition(":")
    if kind == "mailto":
        return {"email": rest.partition("?")[0]}
    if kind == "tel":
        try:
            number = phonenumbers.parse(rest, REGION)
        except phonenumbers.NumberParseException:
            return None
        return {"phone": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), "text": rest}
    return {"web": href.strip()} if kind in ("http", "https") else None
