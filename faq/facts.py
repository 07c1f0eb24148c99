"""Facts and contacts: the one place for every number, address, phone, price, deadline, each with source, date and confidence."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, get_args

import phonenumbers

from faq.hours import ALWAYS, is_opening_hours
from faq.source import Source
from faq.values import Value, parse_value
from locales.defects import Defect, Sentence, sentence

Confidence = Literal["statute", "verified", "general-knowledge", "unverified"]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that is true, or that somebody must still confirm.

    ``statement`` is the German sentence an editor compares with ``source``; ``as_of`` the year, month or day of the state
    it was checked against (empty if the source bore no date); ``owner`` the contact that can confirm it.
    """

    id: str
    statement: str
    source: str
    as_of: str
    confidence: Confidence
    owner: str
    values: dict[str, Value] = field(default_factory=dict)
    checks: str = ""

    @property
    def is_sure(self) -> bool:
        """May be stated without "please check"."""
        return self.confidence in ("statute", "verified")

    def is_overdue(self, today: date, days: int) -> bool:
        """Whether the state it was checked against is older than its review interval; months and years count to their end."""
        if not self.as_of:
            return False
        year, month, day = (int(part) for part in (*self.as_of.split("-"), "12", "31")[:3])
        if len(self.as_of) == len("2026-11"):
            day = 31
        last = date(year, month, min(day, monthrange(year, month)[1]))
        return last + timedelta(days=days) < today


@dataclass(frozen=True, kw_only=True)
class Contact:
    """An office, an advice centre or a number to call."""

    id: str
    name: str
    confidence: Confidence
    address: str = ""
    phone: str = ""
    email: str = ""
    web: str = ""
    opening_hours: str = ""
    source: str = ""
    checks: str = ""

    @property
    def is_sure(self) -> bool:
        """Its details were compared with an official page."""
        return self.confidence in ("statute", "verified")


def read_facts(source: Source) -> Iterator[Fact | Defect]:
    """The facts of one file; what cannot be used comes as a defect in its place."""
    for id_, raw in source.data.items():
        yield _fact(id_, raw, source)


def read_contacts(source: Source) -> Iterator[Contact | Defect]:
    """The contacts of one file; what cannot be used comes as a defect in its place."""
    for id_, raw in source.data.items():
        if not isinstance(raw, dict) or not raw.get("name"):
            yield source.defect((id_,), sentence("contact “{id}” has no name", id=id_), sentence("add `name: …`"))
        elif raw.get("confidence") not in get_args(Confidence):
            yield _bad_confidence(id_, source)
        elif wrong := _undiallable(str(raw.get("phone") or "")):
            yield source.defect((id_, "phone"), *wrong)
        elif not is_opening_hours(str(raw.get("opening_hours") or ALWAYS)):
            yield source.defect(
                (id_, "opening_hours"),
                sentence("“{hours}” cannot be read as opening hours", hours=raw["opening_hours"]),
                sentence(
                    'write English days and full times: "Mo-Fr 08:00-16:00", "Mo,We 09:00-12:00; Th 14:00-18:00; PH off" or "24/7"'
                ),
            )
        else:
            known = {key: str(raw[key]) for key in Contact.__dataclass_fields__ if key != "id" and raw.get(key)}
            yield Contact(id=id_, **known)  # type: ignore[arg-type]


def _undiallable(phone: str) -> tuple[Sentence, Sentence] | None:
    if not phone:
        return None
    if not re.fullmatch(r"\+?\d{3,15}", phone):
        return (
            sentence("“{phone}” has signs a phone cannot dial", phone=phone),
            sentence("write digits only, with + and country code: +495413230"),
        )
    try:
        possible = not phone.startswith("+") or phonenumbers.is_possible_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        possible = False
    if possible:
        return None
    return (
        sentence("{phone} cannot be a phone number", phone=phone),
        sentence("write it with country code and without blanks: +495413230"),
    )


def _fact(id_: str, raw: Any, source: Source) -> Fact | Defect:
    if not isinstance(raw, dict):
        return source.defect(
            (id_,),
            sentence("fact “{id}” has no content", id=id_),
            sentence("add statement, source, as_of, confidence and owner below it"),
        )
    for key in ("statement", "source", "as_of", "confidence", "owner"):
        if not raw.get(key):
            return source.defect(
                (id_,),
                sentence("fact “{id}” has no {key}", id=id_, key=key),
                sentence("add `{key}: …`; without it the fact may not be used", key=key),
            )
    if raw["confidence"] not in get_args(Confidence):
        return _bad_confidence(id_, source)
    written = raw["values"] if "values" in raw else {"": raw["value"]} if "value" in raw else {}
    if not isinstance(written, dict):
        return source.defect(
            (id_, "values"),
            sentence("the values of “{id}” have no names", id=id_),
            sentence("write one line each: `name: 2 weeks`"),
        )
    values = {}
    for part, text in written.items():
        try:
            values[part] = parse_value(str(text))
        except ValueError as error:
            return source.defect(
                (id_, "values", part) if part else (id_, "value"), error.args[0], sentence("correct the value")
            )
    as_of = str(raw["as_of"])
    if as_of != "undated" and not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", as_of):
        return source.defect(
            (id_, "as_of"),
            sentence("“{as_of}” is no date", as_of=as_of),
            sentence('write "2026-11", "2026-11-25", "2026" or undated'),
        )
    return Fact(
        id=id_,
        statement=str(raw["statement"]),
        source=str(raw["source"]),
        as_of="" if as_of == "undated" else as_of,
        confidence=raw["confidence"],
        owner=str(raw["owner"]),
        values=values,
        checks=str(raw.get("checks") or ""),
    )


def _bad_confidence(id_: str, source: Source) -> Defect:
    return source.defect(
        (id_, "confidence"),
        sentence("the confidence of “{id}” is none of the four words", id=id_),
        sentence("write one of {what}", what=", ".join(get_args(Confidence))),
    )
