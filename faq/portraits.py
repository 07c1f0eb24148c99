"""The campaign's series of portraits: people who tell in their own words how they came here. Nothing is shown without valid consent.

``portraits/<city>.yaml`` holds the series, the pictures lie beside it. Neither belongs into the repository's history, where
a person who takes her consent back could never be deleted again; the folder is ignored by git.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from faq.catalogue import ROOT, SOURCE_LANGUAGE
from faq.hours import ZONE
from faq.source import ContentError, Source, read
from locales import languages
from locales.defects import Defect, Sentence, sentence

FOLDER = "portraits"
WEB = "web"
SCOPES = (WEB, "print", "social-media")
LARGEST_FILE, LONGEST_SIDE = 400_000, 1600
LONGEST = {"title": 80, "text": 3000, "alt": 250}
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_KEYS = ("title", "text", "alt", "languages", "picture", "consent")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][\w-]*\.(?:jpe?g|png|webp)")
_LOCATION = 0x8825  # the EXIF tag with the place where a picture was taken


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Who agreed (a role or initials, never printed), when, until when, and to what."""

    given_by: str
    given: date
    expires: date
    scope: tuple[str, ...]

    def holds(self, today: date) -> bool:
        """Whether it covers our own page today; the last day is included."""
        return WEB in self.scope and self.given <= today <= self.expires


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that was looked into: its file, kind and size in pixels."""

    path: Path
    type: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """One person's story in the languages it is told in; ``title``, ``text`` and ``alt`` by language."""

    id: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    alt: Mapping[str, str]
    languages: tuple[str, ...]
    picture: Picture
    consent: Consent

    def language(self, wanted: str) -> str:
        """The language it is shown in: the wanted one, or German, or the first it has."""
        return next((tag for tag in (wanted, SOURCE_LANGUAGE) if tag in self.languages), self.languages[0])


@dataclass(frozen=True, kw_only=True)
class Series:
    """All portraits of one city, with the title of the series by language."""

    title: Mapping[str, str] = field(default_factory=dict)
    portraits: tuple[Portrait, ...] = ()

    def title_in(self, language: str) -> tuple[str, str]:
        """The title of the series and the language it is in: the wanted one, or German."""
        tag = language if language in self.title else SOURCE_LANGUAGE
        return self.title[tag], tag

    def shown(self, today: date) -> tuple[Portrait, ...]:
        """Those whose consent is valid today."""
        return tuple(portrait for portrait in self.portraits if portrait.consent.holds(today))


def day_in_the_city(now: datetime) -> date:
    """The day it is there, which decides whether consent still holds."""
    return now.astimezone(ZONE).date()


def series_file(city: str, root: Path = ROOT) -> Path:
    """Where the series of a city is written."""
    return root / FOLDER / f"{city}.yaml"


def series_files(city: str, root: Path = ROOT) -> list[Path]:
    """Every file the series is read from, for noticing a change: pictures too."""
    return [series_file(city, root), *sorted((root / FOLDER).glob("*.*"))]


def load_series(city: str, root: Path = ROOT) -> tuple[Series, list[Defect]]:
    """The portraits that are whole, and what is wrong with the others; nothing and no defect if there is no series.

    Expired consent is no defect here: it is looked at each time something is shown.
    """
    if not series_file(city, root).exists():
        return Series(), []
    try:
        source = read(series_file(city, root), root)
    except ContentError as error:
        return Series(), list(error.defects)
    found = list(_portraits(source, root))
    wrong_series = [*source.defects, *_series_defects(source)]
    portraits = tuple(one for one in found if isinstance(one, Portrait))
    series = Series() if wrong_series else Series(title=source.data["title"], portraits=portraits)
    return series, sorted({*wrong_series, *(one for one in found if isinstance(one, Defect))})


def check_portraits(city: str, today: date, root: Path = ROOT) -> list[Defect]:
    """Everything an editor can get wrong in the portraits, and every consent that has run out."""
    series, defects = load_series(city, root)
    if not series.portraits:
        return defects
    source = read(series_file(city, root), root)
    expired = (
        source.defect(
            ("portraits", portrait.id, "consent", "expires"),
            sentence(
                "the consent for “{id}” ended on {day}, the portrait is not shown",
                id=portrait.id,
                day=portrait.consent.expires,
            ),
            sentence("ask for a new consent and enter its dates, or delete the portrait and its picture"),
        )
        for portrait in series.portraits
        if portrait.consent.expires < today
    )
    return sorted([*defects, *expired])


def _series_defects(source: Source) -> Iterator[Defect]:
    for key in source.data:
        if key not in ("title", "portraits"):
            yield source.defect(
                (key,), sentence("“{what}” is no part of a series", what=key), sentence("write title and portraits")
            )
    if not _is_texts(source.data.get("title")) or SOURCE_LANGUAGE not in source.data["title"]:
        yield source.defect(
            ("title",), sentence("the series has no German title"), sentence("write `title:` and below it `de: …`")
        )
    if not isinstance(source.data.get("portraits") or {}, dict):
        yield source.defect(
            ("portraits",),
            sentence("the portraits have no ids"),
            sentence("write below it an id and then title, text, …"),
        )


def _portraits(source: Source, root: Path) -> Iterator[Portrait | Defect]:
    portraits = source.data.get("portraits") or {}
    for id_, raw in portraits.items() if isinstance(portraits, dict) else ():
        defects = list(_defects(source, id_, raw))
        picture = _picture(source, id_, raw, root) if isinstance(raw, dict) else None
        if isinstance(picture, Defect):
            defects.append(picture)
        if defects:
            yield from defects
        elif isinstance(picture, Picture):
            yield _portrait(id_, raw, picture)


def _portrait(id_: str, raw: Mapping[str, Any], picture: Picture) -> Portrait:
    consent = raw["consent"]
    return Portrait(
        id=id_,
        title=raw["title"],
        text=raw["text"],
        alt=raw["alt"],
        languages=tuple(raw["languages"]),
        picture=picture,
        consent=Consent(
            given_by=consent["given_by"],
            given=date.fromisoformat(consent["date"]),
            expires=date.fromisoformat(consent["expires"]),
            scope=tuple(consent["scope"]),
        ),
    )


def _defects(source: Source, id_: str, raw: object) -> Iterator[Defect]:
    def at(key: str, what: Sentence, mend: Sentence) -> Defect:
        return source.defect(("portraits", id_, *filter(None, key.split("."))), what, mend)

    if not isinstance(raw, dict) or not _ID.fullmatch(id_):
        yield at(
            "",
            sentence("“{id}” is no portrait", id=id_),
            sentence("write an id in small letters, and below it title, text, alt, …"),
        )
        return
    for key in raw:
        if key not in _KEYS:
            yield at(
                key,
                sentence("“{what}” is no part of a portrait", what=key),
                sentence("use {what}", what=", ".join(_KEYS)),
            )
    told = raw.get("languages")
    if not isinstance(told, list) or not told or any(tag not in languages() for tag in told):
        yield at(
            "languages",
            sentence("the languages of “{id}” are not given", id=id_),
            sentence("write for example `languages: [de, ar]`"),
        )
        told = []
    for key, most in LONGEST.items():
        yield from (at(key, *wrong) for wrong in _wrong_texts(id_, key, raw.get(key), told, most))
    yield from (at(f"consent.{key}", *wrong) for key, *wrong in _wrong_consent(id_, raw.get("consent")))


def _wrong_texts(id_: str, key: str, texts: object, told: list[str], most: int) -> Iterator[tuple[Sentence, Sentence]]:
    part = {
        "title": sentence("title"),
        "text": sentence("text"),
        "alt": sentence("alternative text (what the picture shows)"),
    }[key]
    if not _is_texts(texts):
        yield (
            sentence("“{id}” has no {part}", id=id_, part=part),
            sentence("write `{key}:` and below it one line for each language, `de: …`", key=key),
        )
        return
    assert isinstance(texts, dict)
    for tag in told:
        if not texts.get(tag):
            yield (
                sentence("“{id}” has no {part} in {language}", id=id_, part=part, language=languages()[tag].name),
                sentence("add `{tag}: …`, or take {tag} out of `languages`", tag=tag),
            )
    for tag, text in texts.items():
        if told and tag not in told:
            yield (
                sentence("“{id}” has a {part} in {tag}, which is not among its languages", id=id_, part=part, tag=tag),
                sentence("add {tag} to `languages`", tag=tag),
            )
        if len(text) > most:
            yield (
                sentence(
                    "the {part} of “{id}” has {length} characters in {tag}",
                    part=part,
                    id=id_,
                    length=len(text),
                    tag=tag,
                ),
                sentence("shorten it to {most}", most=most),
            )


def _wrong_consent(id_: str, raw: object) -> Iterator[tuple[str, Sentence, Sentence]]:
    if not isinstance(raw, dict):
        yield (
            "",
            sentence("“{id}” has no consent", id=id_),
            sentence("write `consent:` and below it given_by, date, expires and scope; without it nothing is shown"),
        )
        return
    for key in raw:
        if key not in ("given_by", "date", "expires", "scope"):
            what = sentence("“{what}” is no part of a consent", what=key)
            yield key, what, sentence("use given_by, date, expires, scope")
    if not isinstance(raw.get("given_by"), str) or not raw["given_by"].strip():
        what = sentence("it does not say who gave the consent for “{id}”", id=id_)
        yield "given_by", what, sentence("write a role or initials; they are never shown")
    yield from _wrong_days(id_, _day(raw.get("date")), _day(raw.get("expires")))
    scope = raw.get("scope")
    if not isinstance(scope, list) or not scope or any(one not in SCOPES for one in scope):
        what = sentence("it does not say what the consent for “{id}” covers", id=id_)
        yield "scope", what, sentence("write `scope: [{web}]`; known are {what}", web=WEB, what=", ".join(SCOPES))
    elif WEB not in scope:
        what = sentence("the consent for “{id}” does not cover this page", id=id_)
        yield "scope", what, sentence("ask for it and add {web}, or delete the portrait here", web=WEB)


def _wrong_days(id_: str, given: date | None, expires: date | None) -> Iterator[tuple[str, Sentence, Sentence]]:
    for key, day in (("date", given), ("expires", expires)):
        if day is None:
            what = sentence("the consent for “{id}” has no {key}", id=id_, key=key)
            yield key, what, sentence("write `{key}: 2027-03-04`", key=key)
    if given and expires and expires < given:
        what = sentence("the consent for “{id}” ends before it begins", id=id_)
        yield "expires", what, sentence("correct one of the two dates")


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(text, str) and text.strip() for text in value.values())
    )


def _picture(source: Source, id_: str, raw: Mapping[str, Any], root: Path) -> Picture | Defect:
    name = raw.get("picture")
    where = ("portraits", id_, "picture")
    if not isinstance(name, str) or not _FILE.fullmatch(name):
        mend = sentence("put a JPEG, PNG or WebP file into faq/portraits/ and write its name here: `picture: name.jpg`")
        return source.defect(where, sentence("“{id}” has no picture", id=id_), mend)
    path = root / FOLDER / name
    if not path.is_file() or path.is_symlink():
        what = sentence("the picture {name} is not in faq/portraits/", name=name)
        return source.defect(where, what, sentence("put the file there, or correct its name"))
    seen = _seen(path)
    return seen if isinstance(seen, Picture) else source.defect(where, *seen)


def _seen(path: Path) -> Picture | tuple[Sentence, Sentence]:
    """The picture, or what is wrong with it and how to mend it."""
    from PIL import Image, UnidentifiedImageError  # heavy, and most installations have no portraits

    name, size = path.name, path.stat().st_size
    if size > LARGEST_FILE:
        return (
            sentence("the picture {name} has {size} KB", name=name, size=size // 1000),
            sentence("save it in at most {most} KB; many read with slow phones", most=LARGEST_FILE // 1000),
        )
    try:
        with Image.open(path) as image:
            kind, (width, height) = image.format or "", image.size
            if kind not in TYPES:
                what = sentence("the picture {name} is no JPEG, PNG or WebP", name=name)
                return what, sentence("save it anew as one of these")
            if max(width, height) > LONGEST_SIDE:
                return (
                    sentence(
                        "the picture {name} is {width} × {height} pixels large", name=name, width=width, height=height
                    ),
                    sentence("make it at most {most} pixels wide and high", most=LONGEST_SIDE),
                )
            image.load()  # a PNG may say at its end where it was taken
            if image.getexif().get_ifd(_LOCATION):
                what = sentence("the picture {name} says where it was taken", name=name)
                return what, sentence("save it without location (metadata)")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        what = sentence("the picture {name} cannot be opened", name=name)
        return what, sentence("save it anew as JPEG, PNG or WebP")
    return Picture(path=path, type=TYPES[kind], width=width, height=height)
