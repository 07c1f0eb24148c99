"""What every reader makes of a file: a list of blocks in reading order, whatever the format was."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from bot.errors import Refused

Kind = Literal["heading", "text", "item", "row"]
CELL = " | "


class Unreadable(Refused):
    """The file cannot be read; the sentence says why and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A heading (``level`` 1 is the highest), a paragraph, one item of a list or one row of a table.

    A line break inside stands where the author wanted one, as in an address. ``page`` is empty where the format has no pages.
    """

    kind: Kind
    text: str
    page: int | None = None
    level: int = 0


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file as it was read. ``textless`` are the pages that hold pictures only, ``pages`` is 0 where there are none."""

    title: str
    blocks: tuple[Block, ...]
    pages: int = 0
    textless: tuple[int, ...] = ()


_LIGATURES = {0xFB00 + i: text for i, text in enumerate(("ff", "fi", "fl", "ffi", "ffl", "ft", "st"))}
_SIGNS = str.maketrans({**_LIGATURES, 0xAD: None, 0x200B: None, 0xFEFF: None, 0xA0: " ", 0x202F: " ", 0x2009: " "})
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_SIGN = re.compile(r"(?:[•·▪■□●○◦‣►▶➔→✓✔❖*\ue000-\uf8ff]|[–—-](?=\s))\s*")
_NUMBER = re.compile(r"\d{1,2}[.)]\s+(?=\D)(?!(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Klasse|Stock|Etage))")
_GOES_ON = re.compile(r"(?:und|oder|bzw\.?|sowie|and|or)\b")


def cleaned(text: str) -> str:
    """Text without ligatures, invisible signs and double blanks; line breaks stay."""
    text = _CONTROL.sub(" ", unicodedata.normalize("NFC", text).translate(_SIGNS))
    return "\n".join(line for row in text.split("\n") if (line := " ".join(row.split())))


def without_bullet(text: str) -> str:
    """The text of a list item without its sign or number; unchanged if there is none."""
    found = _SIGN.match(text) or _NUMBER.match(text)
    return text[found.end() :] if found else text


def has_bullet(text: str) -> bool:
    """Whether a line begins with the sign of a list."""
    return bool(_SIGN.match(text))


def has_number(text: str) -> bool:
    """Whether a line begins with a number as in “2. Termin buchen”; a date at the beginning of a line does not count."""
    return bool(_NUMBER.match(text))


def joined(before: str, after: str) -> str:
    """Two lines of one paragraph as one: a word divided at the end of the line is whole again."""
    if not before or not after:
        return before or after
    if before[-1] in "-\u2010\u2011" and len(before) > 1 and before[-2].isalnum():
        if _GOES_ON.match(after):  # “Vor-” / “und Nachname”
            return f"{before} {after}"
        if after[0].islower() and before[-2].isalpha():
            return before[:-1] + after
        return before + after  # “E-Mail-” / “Adresse”, “0541 323-” / “3000”
    if before[-1] == "/" or after[0] == "/":
        return before + after
    return f"{before} {after}"
