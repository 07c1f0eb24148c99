"""What stands in a text besides words: phone numbers, e-mail and web addresses, postal addresses, and every number that is a fact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import phonenumbers
from babel import Locale
from babel.numbers import NumberFormatError, parse_decimal
from linkify_it import LinkifyIt

from faq.values import parse_value

Kind = Literal["phone", "fax", "email", "web", "address", "number"]
REGION = "DE"
_SHORT_PHONE = re.compile(
    r"(?:Tel(?:efon)?|Ruf|Nummer|Notruf|Polizei|Feuerwehr|Hotline|☎|✆)\D{0,25}?\b(116\s?\d{3}|11[0-9])\b", re.IGNORECASE
)
_FAX = re.compile(r"\b(?:tele)?fax\b[^\d+]{0,15}$", re.IGNORECASE)
_AT = re.compile(r"(?<=\w)\s?(?:\(at\)|\[at\]|\{at\})\s?(?=\w)", re.IGNORECASE)
_TOWN = re.compile(
    r"\b(?:D-)?(\d{5})\s+([A-ZÄÖÜ][\w.\-/]*(?: (?:am|an|der|bei|im|in|ob|a\.|d\.|b\.|[A-ZÄÖÜ][\w.\-]+|\([^)\n]{1,30}\)))*)"
)
_STREET = re.compile(
    r"(?:^|(?<=[,;:|•·\n] )|(?<=[,;|\n]))\s*((?:[A-ZÄÖÜ][\w.\-]*|\d{1,2}\.)(?: [\w.\-]+){0,5}? \d{1,4}\s?[a-zA-Z]?(?:\s?[-–/+]\s?\d{1,4}\s?[a-z]?)?|Postfach(?: \d+)+)"
    r"\s*[,;|•·\n]*\s*$"
)
_NO_TOWN = re.compile(r"(?:Euro|EUR|Menschen|Einwohner|Personen|Kinder|Mark|Stunden|Tage|Jahre|Plätze|Quadratmeter)\b")
_NUMBER = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?"
_WORDS = {
    "ein": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
    "elf": 11, "zwölf": 12, "vierzehn": 14, "achtzehn": 18, "vierundzwanzig": 24, "dreißig": 30,
}  # fmt: skip
_UNITS = {
    r"Minuten?": "minutes", r"Stunden?": "hours", r"Tage?n?": "days", r"Wochen?": "weeks", r"Monate?n?": "months",
    r"Jahre?n?": "years", r"Euro|EUR|€": "EUR", r"Prozent|%": "%", r"m²|qm|Quadratmeter": "m2", r"km": "km", r"cm": "cm", r"kg": "kg",
}  # fmt: skip
_UNIT = "|".join(_UNITS)
_QUANTITY = re.compile(
    rf"\b(?:({_NUMBER})\s?(?:[-–]|bis(?: zu)?)\s?)?({_NUMBER}|(?:{'|'.join(w for w in _WORDS if w != 'ein')})(?:\w{{0,2}}))"
    rf"(?:,[-–]+)?\s?({_UNIT})(?![\w])",
    re.IGNORECASE,
)
_MONEY_FIRST = re.compile(rf"€\s?({_NUMBER})")
_DAY = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b")
_CLOCK = re.compile(r"\b(\d{1,2})(?:[.:](\d\d))?\s?(?:(?:[-–]|bis)\s?(\d{1,2})(?:[.:](\d\d))?\s?)?Uhr\b")
_LAW = re.compile(
    r"§§?\s?\d+\w?(?:\s?(?:Abs\.|Absatz|Satz|Nr\.|bis|und|[-–])\s?\d+\w?)*(?:\s(?:[A-Z]\w*(?:G|GB|V|O)|SGB(?:\s[IVX]+)?))?"
)
_ANY = re.compile(r"[^\s(„“]*\d[^\s)“”;]*")
_LEVEL = re.compile(r"\W*[ABC][12](?:\W|$)")
_TRAILING = ".,;:!?"


@dataclass(frozen=True, kw_only=True)
class Find:
    """Something found, where it stands, and in the form our own files use (``+495413230``, ``18.36 EUR``); empty if unsure."""

    kind: Kind
    start: int
    end: int
    text: str
    value: str = ""


def details(text: str) -> list[Find]:
    """Phones, faxes, e-mail and web addresses and postal addresses, in order."""
    found = [*_links(text), *_addresses(text)]
    found += [one for one in _phones(text) if not _overlaps(one, found)]
    return sorted(found, key=lambda one: one.start)


def numbers(text: str, known: Sequence[Find]) -> list[Find]:
    """Every number that would have to be a fact: amounts, durations, dates, times, laws, phones, and any other digits.

    ``known`` are the details of the same text; links and postal addresses belong to contacts and are left out.
    """
    found = [
        Find(kind="number", start=one.start, end=one.end, text=one.text, value=f"phone {one.value}")
        for one in known
        if one.kind == "phone"
    ]
    taken = [one for one in known if one.kind != "phone"]
    for find in (_dates, _laws, _clocks, _quantities, _others):
        found += [one for one in find(text) if not _overlaps(one, [*found, *taken])]
    return sorted(found, key=lambda one: one.start)


def _overlaps(one: Find, others: Sequence[Find]) -> bool:
    return any(one.start < other.end and other.start < one.end for other in others)


# ---- details of contacts


def _phones(text: str) -> Iterator[Find]:
    for match in phonenumbers.PhoneNumberMatcher(text, REGION):
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        kind: Kind = "fax" if _FAX.search(text[: match.start]) else "phone"
        yield Find(kind=kind, start=match.start, end=match.end, text=match.raw_string, value=number)
    for short in _SHORT_PHONE.finditer(text):
        digits = re.sub(r"\s", "", short[1])
        if phonenumbers.is_valid_short_number_for_region(phonenumbers.parse(digits, REGION), REGION):
            yield Find(kind="phone", start=short.start(1), end=short.end(1), text=short[1], value=digits)


@cache
def _linkify() -> LinkifyIt:
    return LinkifyIt()


def _links(text: str) -> Iterator[Find]:
    wide = _AT.sub(lambda at: "@" + "\u2060" * (len(at[0]) - 1), text)  # “amt (at) stadt.de”, everything in its place
    plain = wide.replace("\u2060", "")
    shift = [i for i, sign in enumerate(wide) if sign != "\u2060"] + [len(wide)]
    for match in _linkify().match(plain) or ():
        start, end = shift[match.index], shift[match.last_index]
        kind: Kind = "email" if match.schema == "mailto:" or "@" in match.text else "web"
        written = wide[start:end].replace("\u2060", "")
        if kind == "web" and not _is_web(written):
            continue
        value = (
            written.removeprefix("mailto:").lower()
            if kind == "email"
            else re.sub(r"^https?://", "", written).rstrip("/")
        )
        yield Find(kind=kind, start=start, end=end, text=text[start:end], value=value)


def _is_web(text: str) -> bool:
    """“Mo.So” and “Nr.de” look like addresses: without www or a path the name must be a word in small letters."""
    host = re.sub(r"^https?://", "", text).split("/")[0]
    return (
        host.lower().startswith("www.") or "://" in text or (host == host.lower() and len(host.rsplit(".", 1)[0]) > 3)
    )


def _addresses(text: str) -> Iterator[Find]:
    for town in _TOWN.finditer(text):
        if _NO_TOWN.match(town[2]):
            continue
        street = _STREET.search(text[: town.start()])
        name = re.sub(r"(?:\s(?:Tel|Fax|Telefon|Mail|E-Mail)\b.*)$", "", town[2]).rstrip(_TRAILING + "/-")
        end = town.start(2) + len(name)
        if street:
            value = f"{' '.join(street[1].split())}, {town[1]} {name}"
            yield Find(kind="address", start=street.start(1), end=end, text=text[street.start(1) : end], value=value)
        elif not text[: town.start()].strip() or text[: town.start()].endswith("\n"):
            yield Find(kind="address", start=town.start(), end=end, text=text[town.start() : end], value="")


# ---- numbers


def _value(source: str) -> str:
    """The notation, if the FAQ can read it."""
    try:
        parse_value(source)
    except ValueError:
        return ""
    return source


def _decimal(text: str) -> str:
    word = next(
        (number for name, number in sorted(_WORDS.items(), reverse=True) if text.lower().startswith(name)), None
    )
    if word is not None:
        return str(word)
    try:
        return f"{parse_decimal(text, locale='de', strict=True).normalize():f}"
    except NumberFormatError:
        return ""


def _dates(text: str) -> Iterator[Find]:
    for match in _DAY.finditer(text):
        source = f"{match[3]}-{int(match[2]):02d}-{int(match[1]):02d}"
        yield Find(kind="number", start=match.start(), end=match.end(), text=match[0], value=_value(source))
    months = {name.lower(): number for number, name in Locale("de").months["format"]["wide"].items()}
    in_words = re.compile(rf"\b(?:(\d{{1,2}})\.\s?)?({'|'.join(months)})(?:\s(\d{{4}}))?\b", re.IGNORECASE)
    for match in in_words.finditer(text):
        day, month, year = match[1], months[match[2].lower()], match[3]
        if day or year:
            source = f"{year}-{month:02d}" + (f"-{int(day):02d}" if day else "") if year else ""
            yield Find(kind="number", start=match.start(), end=match.end(), text=match[0], value=_value(source))


def _laws(text: str) -> Iterator[Find]:
    for match in _LAW.finditer(text):
        yield Find(kind="number", start=match.start(), end=match.end(), text=match[0], value=_value(f"code {match[0]}"))


def _clocks(text: str) -> Iterator[Find]:
    for match in _CLOCK.finditer(text):
        times = [f"{int(match[i]):02d}:{match[i + 1] or '00'}" for i in (1, 3) if match[i]]
        sure = all(time < "24:01" for time in times)
        yield Find(
            kind="number",
            start=match.start(),
            end=match.end(),
            text=match[0],
            value=_value("-".join(times)) if sure else "",
        )


def _quantities(text: str) -> Iterator[Find]:
    for match in _QUANTITY.finditer(text):
        unit = next(name for words, name in _UNITS.items() if re.fullmatch(words, match[3], re.IGNORECASE))
        numbers_ = [_decimal(part) for part in match.groups()[:2] if part]
        value = _value(f"{'-'.join(numbers_)} {unit}") if all(numbers_) else ""
        yield Find(kind="number", start=match.start(), end=match.end(), text=match[0], value=value)
    for match in _MONEY_FIRST.finditer(text):
        yield Find(
            kind="number",
            start=match.start(),
            end=match.end(),
            text=match[0],
            value=_value(f"{_decimal(match[1])} EUR"),
        )


def _others(text: str) -> Iterator[Find]:
    for match in _ANY.finditer(text):
        plain = match[0].strip(_TRAILING + "-–")
        if _LEVEL.fullmatch(match[0]) or not plain:
            continue
        start = match.start() + match[0].index(plain)
        value = _value(_decimal(plain)) if re.fullmatch(_NUMBER, plain) and not re.match(r"0\d", plain) else ""
        yield Find(kind="number", start=start, end=start + len(plain), text=plain, value=value)


def issue_date(text: str) -> str:
    """The date a brochure gives itself (“Stand: März 2026”), as year, month or day; empty if it gives none."""
    for begin in re.finditer(r"\b(?:Stand|Redaktionsschluss|Ausgabe|Auflage|As of)\b[\s:,]*", text, re.IGNORECASE):
        after = text[begin.end() : begin.end() + 40]
        dated = min((one for one in _dates(after) if one.value), key=lambda one: one.start, default=None)
        if dated and dated.start <= 3:
            return dated.value
        if month := re.match(r"(\d{1,2})[/.](\d{4})\b", after):
            return f"{month[2]}-{int(month[1]):02d}" if 1 <= int(month[1]) <= 12 else ""
        if year := re.match(r"(\d{4})\b", after):
            return year[1]
    return ""
