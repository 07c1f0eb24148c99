"""Opening hours in German prose, turned into OpenStreetMap's notation where only one reading is possible.

“Mo–Fr 8–12 Uhr, Do auch 14–18 Uhr” becomes ``Mo-Fr 08:00-12:00, Th 14:00-18:00``. Every word must be understood; one
unknown word, one day said twice, one missing end, and the text stays a text with the reason beside it.
Notation: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import opening_hours
from babel.dates import get_day_names

from locales.defects import sentence

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
HOLIDAY = "PH"
APPOINTMENT = '"nach Vereinbarung"'
LONGEST = 400
_WORDS = {
    "Mo": r"montags?|(?-i:Mo|MO)",
    "Tu": r"dienstags?|(?-i:Di|DI)",
    "We": r"mittwochs?|(?-i:Mi|MI)",
    "Th": r"donnerstags?|(?-i:Do|DO)",
    "Fr": r"freitags?|(?-i:Fr|FR)",
    "Sa": r"samstags?|sonnabends?|(?-i:Sa|SA)",
    "Su": r"sonntags?|sonn-(?=\s+und)|(?-i:So|SO)",
}
_ORDER = {"1": 1, "erste": 1, "2": 2, "zweite": 2, "3": 3, "dritte": 3, "4": 4, "vierte": 4, "letzte": -1}
_TOKENS = (
    ("date", r"\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{2,4})?|\d{1,2}\.\s?(?:jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez)\w*"),
    ("always", r"rund um die uhr|24\s+stunden(?:\s+am\s+tag)?|24/7"),
    ("appointment", r"nach (?:telefonischer )?(?:termin)?(?:vereinbarung|absprache)|mit termin\b"),
    ("closed", r"geschlossen|geschl\.|ruhetag|zu(?=[,;.]|$)"),
    ("nth", r"(?:jede[nr]?\s+)?(?:[1-4]\.|(?:erste|zweite|dritte|vierte|letzte)[nr]?)\s+(?=(?:mo|di|mi|do|fr|sa|so))"),
    ("monthly", r"(?:im|des|jeden)\s+monats?"),
    ("all", r"täglich|jeden tag|alle tage|an allen tagen"),
    ("weekend", r"(?:am )?wochenende|an wochenenden|wochenends"),
    ("holiday", r"(?:an )?(?:gesetzlichen )?feiertag(?:en|e|s)?\b"),
    *((f"day:{day}", rf"(?:{words})(?:\.(?!\w)|(?![\w]))") for day, words in _WORDS.items()),
    ("time", r"(\d{1,2})(?:[:.](\d\d))?(?![\d:]|\.\d)(?:\s*h\b)?"),
    ("oclock", r"uhr\b"),
    ("dash", r"[-–—‑−]|bis(?:\s+einschließlich)?\b"),
    ("except", r"(?:außer|ausser|nicht)(?:\s+(?:am|an))?\b"),
    ("also", r"auch\b|zusätzlich\b|außerdem\b|ausserdem\b"),
    ("comma", r"[,;/|\n]"),
    ("and", r"(?:und|oder|sowie)\b|u\.|&|\+"),
    ("from", r"von\b"),
    ("fill", r"(?:am|an|immer|jeweils|jeden|jede|durchgehend|geöffnet|offen)\b|:|\.(?=\s|$)"),
    ("blank", r"[^\S\n]+"),
    ("unknown", r"\w+|."),
)  # fmt: skip
_TOKEN = re.compile(
    "|".join(f"(?P<k{i}>{pattern})" for i, (_, pattern) in enumerate(_TOKENS)), re.IGNORECASE | re.DOTALL
)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\D*")
_LABEL = re.compile(
    r"\W*(?:(?:allgemeine |unsere )?(?:öffnungszeit(?:en)?|sprechzeit(?:en)?|sprechstunden?|servicezeit(?:en)?|"
    r"geschäftszeit(?:en)?|beratungszeit(?:en)?|bürozeit(?:en)?|geöffnet|offene sprechstunde)\b\W*)+",
    re.IGNORECASE,
)
_BY_PHONE = re.compile(r"telefonzeit|telefonisch|telefonsprech|erreichbar|hotline", re.IGNORECASE)
_HABIT = re.compile(r"\b(?:\w+tags|mittwochs|täglich|jede[nr]?|immer|jeweils)\b", re.IGNORECASE)
_UNCLEAR = re.compile(r"\b(?:werktags|werktage?n?|wochentags|wochentage?n?)\b", re.IGNORECASE)
_LOOSE_TIME = re.compile(r"\d\s*Uhr|\bFerien\b|\b(?:gerade|ungerade)\w* Wochen?\b|\balle (?:zwei|14)\b", re.IGNORECASE)
_EDGE = ("blank", "comma", "and", "from", "fill", "also", "dash", "except")


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Hours as written; ``osm`` is empty when they can be read in more than one way, and ``why`` says what is unclear."""

    text: str
    osm: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class _Rule:
    days: tuple[str, ...]
    times: tuple[tuple[int, int], ...] = ()
    word: str = ""  # "off" or a comment, instead of times
    also: bool = False


class _Unclear(Exception):
    """More than one reading, or none; the message says where."""


def read_hours(text: str) -> Hours:
    """The hours of a text that holds nothing else, but perhaps a label such as “Öffnungszeiten:”."""
    label = _LABEL.match(text)
    plain = text[label.end() if label else 0 :].strip()
    if len(plain) > LONGEST:
        return Hours(text=text, why=sentence("the text is too long for hours alone"))
    if unclear := _UNCLEAR.search(plain):
        return Hours(text=text, why=sentence("“{word}” may or may not mean Saturday too", word=unclear[0]))
    try:
        osm = _notation(_Reader([token for token in _tokens(plain) if token.kind != "blank"]).rules())
    except _Unclear as error:
        return Hours(text=text, why=error.args[0])
    if not opening_hours.validate(osm):
        return Hours(text=text, why=sentence("no valid notation comes out of it"))
    if _BY_PHONE.search(text):
        return Hours(text=text, why=sentence("these seem to be the hours of the telephone"))
    return Hours(text=text, osm=osm)


def same_hours(a: str, b: str) -> bool:
    """Whether two notations mean the same."""
    if not (opening_hours.validate(a) and opening_hours.validate(b)):
        return False
    return str(opening_hours.OpeningHours(a).normalize()) == str(opening_hours.OpeningHours(b).normalize())


def find_hours(text: str) -> Iterator[tuple[int, int, Hours]]:
    """Every run of days and times in a line or a sentence, with its place.

    Inside a sentence only a habit is sure (“montags bis freitags”): “am Samstag von 14 bis 18 Uhr” may be a single day.
    """
    runs = list(_runs(text))
    for start, end in runs:
        hours = read_hours(text[start:end])
        around = text[:start] + " " + text[end:]
        rest = _LABEL.sub("", around, count=1).strip(" .,;:|()\n")
        if hours.osm and rest:
            hours = _in_a_sentence(hours, rest, alone=len(runs) == 1)
        yield start, end, hours


def _in_a_sentence(hours: Hours, rest: str, *, alone: bool) -> Hours:
    if _BY_PHONE.search(rest):
        return replace(hours, osm="", why=sentence("these seem to be the hours of the telephone"))
    if not alone or _LOOSE_TIME.search(rest):
        return replace(hours, osm="", why=sentence("the sentence names further times"))
    days = [token for token in _tokens(hours.text) if token.kind.startswith("day:")]
    if len(days) < 2 and not _HABIT.search(hours.text):
        return replace(hours, osm="", why=sentence("this may be a single day"))
    return hours


def _runs(text: str) -> Iterator[tuple[int, int]]:
    for known, group in groupby(_tokens(text), key=lambda token: token.kind not in ("unknown", "date")):
        if not known:
            continue
        tokens = list(group)
        while tokens and tokens[0].kind in _EDGE:
            tokens.pop(0)
        while tokens and (tokens[-1].kind in _EDGE or (tokens[-1].kind == "fill")):
            tokens.pop()
        kinds = {token.kind.partition(":")[0] for token in tokens}
        spans = any(
            a.kind == "time" and b.kind in ("dash", "oclock") for a, b in zip(tokens, _solid(tokens), strict=False)
        )
        if ("always" in kinds) or (
            kinds & {"day", "all", "weekend", "holiday"} and (spans or kinds & {"closed", "appointment"})
        ):
            yield tokens[0].start, tokens[-1].end


def _solid(tokens: Sequence[_Token]) -> list[_Token]:
    """For each token the next one that is no blank."""
    following: list[_Token] = []
    last = _Token("end", "", 0, 0)
    for token in reversed(tokens):
        following.append(last)
        last = token if token.kind != "blank" else last
    return following[::-1]


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        assert match.lastgroup
        yield _Token(_TOKENS[int(match.lastgroup[1:])][0], match[0], match.start(), match.end())


class _Reader:
    """Reads tokens from left to right into rules."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens, self._at = list(tokens), 0

    def rules(self) -> list[_Rule]:
        rules: list[_Rule] = []
        while self._skip("comma", "and", "fill"):
            if self._kind() == "appointment" and rules and not self._came_with_and():
                raise _Unclear(sentence("the appointment may be needed always, or at other times too"))
            rules.append(self._rule(rules))
        if not rules:
            raise _Unclear(sentence("there are no days and times in it"))
        return rules

    def _rule(self, before: Sequence[_Rule]) -> _Rule:
        also = self._take("also")
        if self._take("always"):
            return _Rule(DAYS, ((0, 1440),))
        if self._take("except"):
            return _Rule(self._days(), word="off")
        if self._kind() == "appointment":
            self._take("appointment")
            return _Rule((), word=APPOINTMENT)
        if self._is_time():
            return self._times_first(before)
        days = self._days()
        also = self._take("also") or also
        self._skip("fill")
        if self._kind() == "comma" and self._kind(1) in ("time", "closed", "from"):  # “Mo | 8–12 Uhr”
            self._at += 1
        if self._take("closed"):
            return _Rule(days, word="off")
        if self._take("appointment"):
            return _Rule(days, word=APPOINTMENT)
        return _Rule(days, self._times(), also=also)

    def _times_first(self, before: Sequence[_Rule]) -> _Rule:
        """“8–12 Uhr, montags bis freitags”: only where nothing else is said."""
        times = self._times()
        self._skip("comma", "fill")
        if before or self._kind() == "end":
            raise _Unclear(sentence("it does not say for which days “{times}” is meant", times=_words(times)))
        days = self._days()
        if self._skip("comma", "and", "fill"):
            raise _Unclear(sentence("it does not say for which days “{times}” is meant", times=_words(times)))
        return _Rule(days, times)

    def _days(self) -> tuple[str, ...]:
        found: list[str] = []
        while True:
            self._skip("fill", "from")
            found += self._some_days()
            mark = self._at
            if self._take("comma", "and") and self._is_day():
                continue
            self._at = mark
            break
        if self._take("except"):
            without = self._days()
            found = [day for day in found if day not in without]
            if not found:
                raise _Unclear(sentence("no day is left"))
        return tuple(dict.fromkeys(found))

    def _some_days(self) -> list[str]:
        token = self._next()
        kind, _, day = token.kind.partition(":")
        if kind == "all":
            return list(DAYS)
        if kind == "weekend":
            return ["Sa", "Su"]
        if kind == "holiday":
            return [HOLIDAY]
        if kind == "nth":
            return [self._nth(token)]
        if kind != "day":
            raise _Unclear(sentence("“{word}” is not understood", word=token.text.strip() or "…"))
        if self._kind() == "dash" and self._kind(1).startswith("day:"):
            self._next()
            last = self._next().kind.partition(":")[2]
            first, end = DAYS.index(day), DAYS.index(last)
            if end <= first:
                raise _Unclear(sentence("the days run backwards"))
            return list(DAYS[first : end + 1])
        return [day]

    def _nth(self, token: _Token) -> str:
        number = next(number for word, number in _ORDER.items() if word in token.text.lower())
        day = self._next().kind.partition(":")[2]
        self._skip("fill")
        if not self._take("monthly"):
            raise _Unclear(sentence("it does not say whether every month is meant"))
        return f"{day}[{number}]"

    def _times(self) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        while True:
            found.append(self._span())
            mark = self._at
            if self._take("comma", "and"):
                self._take("also")
                if self._is_time():
                    continue
            self._at = mark
            break
        found.sort()
        if any(first[1] > second[0] for first, second in pairwise(found)):
            raise _Unclear(sentence("the times overlap"))
        return tuple(found)

    def _span(self) -> tuple[int, int]:
        self._take("from")
        start = self._minutes()
        if not self._take("dash"):
            raise _Unclear(sentence("the end of a time is missing"))
        end = self._minutes()
        end = 1440 if end == 0 else end
        if end <= start:
            raise _Unclear(sentence("a time ends before it begins"))
        if self._kind() == "closed":
            raise _Unclear(sentence("it says when it is closed, not when it is open"))
        return start, end

    def _minutes(self) -> int:
        token = self._next()
        match = _CLOCK.fullmatch(token.text) if token.kind == "time" else None
        if not match:
            raise _Unclear(sentence("“{word}” is not understood", word=token.text.strip() or "…"))
        hour, minute = int(match[1]), int(match[2] or 0)
        if minute > 59 or hour * 60 + minute > 1440:
            raise _Unclear(sentence("“{word}” is no time of day", word=token.text))
        self._take("oclock")
        return hour * 60 + minute

    # ---- tokens

    def _kind(self, ahead: int = 0) -> str:
        return self._tokens[self._at + ahead].kind if self._at + ahead < len(self._tokens) else "end"

    def _came_with_and(self) -> bool:
        return self._tokens[self._at - 1].kind == "and"

    def _is_time(self) -> bool:
        return self._kind(self._kind() == "from") == "time"

    def _is_day(self) -> bool:
        ahead = 0
        while self._kind(ahead) in ("fill", "from"):
            ahead += 1
        return self._kind(ahead).partition(":")[0] in ("day", "all", "weekend", "holiday", "nth")

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise _Unclear(sentence("something is missing at the end"))
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *kinds: str) -> bool:
        if self._kind() not in kinds:
            return False
        self._at += 1
        return True

    def _skip(self, *kinds: str) -> bool:
        """Pass over these; whether something is left."""
        while self._take(*kinds):
            pass
        return self._kind() != "end"


def _notation(rules: Sequence[_Rule]) -> str:
    """The rules as one text.

    Raises:
        _Unclear: if a day is said twice without a word that makes one an addition.
    """
    told: dict[str, list[tuple[int, int]]] = {}
    written: list[str] = []
    on_demand = False
    for rule in rules:
        if not rule.days:
            on_demand = True
            continue
        again = [day for day in rule.days if day in told]
        if again and rule.word != "off":
            _must_add(rule, told, again)
        mark = ", " if again and rule.word != "off" else "; "
        for day in rule.days:
            told[day] = [*told.get(day, []), *rule.times] if rule.word != "off" else []
        written.append((mark if written else "") + f"{_ranges(rule.days)} {rule.word or _words(rule.times)}")
    text = "".join(written)
    if not text:
        return APPOINTMENT
    text = "24/7" if text == "Mo-Su 00:00-24:00" else text
    return f"{text} || {APPOINTMENT}" if on_demand else text


def _must_add(rule: _Rule, told: dict[str, list[tuple[int, int]]], again: Sequence[str]) -> None:
    same = len(rule.days) == 1 and len(told[rule.days[0]]) > 0 and _only(rule.days[0], told)
    if rule.word or not (rule.also or same) or len(again) < len(rule.days):
        raise _Unclear(_twice(again[0]))
    for day in again:
        spans = sorted([*told[day], *rule.times])
        if not told[day] or any(a[1] > b[0] for a, b in pairwise(spans)):
            raise _Unclear(_twice(day))


def _twice(day: str) -> str:
    names = get_day_names("abbreviated", locale="de")
    name = names[DAYS.index(day)].strip(".") if day in DAYS else day
    return sentence("{day} is named twice; it does not say whether both hold", day=name)


def _only(day: str, told: dict[str, list[tuple[int, int]]]) -> bool:
    """Whether no other day has the same times, so that the day was named for itself before."""
    return all(times != told[day] for other, times in told.items() if other != day)


def _ranges(days: Sequence[str]) -> str:
    week = sorted(DAYS.index(day) for day in days if day in DAYS)
    parts = []
    for _, run in groupby(enumerate(week), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        parts.append(
            f"{DAYS[numbers[0]]}-{DAYS[numbers[-1]]}" if len(numbers) > 2 else ",".join(DAYS[n] for n in numbers)
        )
    return ",".join([*parts, *(day for day in days if day not in DAYS)])


def _words(times: Sequence[tuple[int, int]]) -> str:
    return ",".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in times)
