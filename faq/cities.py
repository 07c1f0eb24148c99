"""The cities: a folder each under ``cities/``, with what is true there alone, and what of the shared texts speaks of the home city only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from faq.source import ContentError, Source, read
from locales import languages
from locales.defects import Defect, Sentence, sentence

ROOT = Path(__file__).resolve().parent
HOME = "osnabrueck"  # the city the shared texts were written for: every fact and contact they name is known there
LAENDER = ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")
KEYS = ("name", "spellings", "town_hall", "land", "time_zone", "languages", "home_page", "only_here")
_REMEDY = {
    "town_hall": sentence(
        "write the id of the contact in contacts.yaml whom people may always ask, `town_hall: town-hall`"
    ),
    "land": sentence(
        "write the letters of the Land, for example `land: NW`; one of {laender}", laender=", ".join(LAENDER)
    ),
    "time_zone": sentence("write `time_zone: Europe/Berlin`"),
    "home_page": sentence("write the city's own web page, `home_page: www.example.de`"),
    "languages": sentence("write the languages that the page offers first, `languages: [de, en, ar]`"),
}


@dataclass(frozen=True, kw_only=True)
class City:
    """What is the same for all topics. ``names`` by language; ``town_hall`` the contact people may always ask.

    ``spellings`` are other ways people write the name; ``languages`` those the page offers first; ``land`` as in ISO 3166-2.
    """

    slug: str
    names: Mapping[str, str]
    town_hall: str
    land: str
    time_zone: str
    home_page: str
    languages: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()

    def name(self, locale: str) -> str:
        """The city's name in a language, as in German where nothing else is known."""
        return self.names.get(locale, self.names["de"])

    @property
    def written(self) -> tuple[str, ...]:
        """Every way people write the name."""
        return tuple(dict.fromkeys([*self.names.values(), *self.spellings]))


@dataclass(frozen=True, kw_only=True)
class OnlyHome:
    """What in the shared files belongs to the home city: words, topics and the ids of its contacts.

    ``instead`` names a national contact for one of the home city's, for cities that have none of their own yet.
    """

    words: re.Pattern[str]
    topics: frozenset[str]
    contacts: frozenset[str]
    instead: Mapping[str, str]


def cities(root: Path = ROOT) -> tuple[str, ...]:
    """The cities there are, by the names of their folders."""
    return tuple(sorted(path.parent.name for path in root.glob("cities/*/city.yaml")))


def no_such_city(city: str, root: Path = ROOT) -> Sentence:
    """The sentence for a city that is not there: which there are, and how a new one is made."""
    return sentence(
        "there is no city “{city}”; there are {cities}; `lotsenbot city new NAME` makes another one",
        city=city,
        cities=", ".join(cities(root)),
    )


def city_files(city: str, root: Path = ROOT) -> list[Path]:
    """The files of a city: its folder; the home city's facts and contacts stand beside those of all of Germany."""
    folder = root / "cities" / city
    places = [
        root / kind / f"{HOME}.yaml" if city == HOME else folder / f"{kind}.yaml" for kind in ("facts", "contacts")
    ]
    return [folder / "city.yaml", *places, *sorted(folder.glob("texts/*.yaml"))]


def read_city(source: Source) -> tuple[City | None, list[Defect]]:
    """The city of a ``city.yaml``, or what is wrong with it."""
    raw = source.data
    defects = [
        source.defect(
            (key,),
            sentence("“{key}” says nothing about a city", key=key),
            sentence("use {what}", what=", ".join(KEYS)),
        )
        for key in raw
        if key not in KEYS
    ]
    names = raw.get("name")
    if not isinstance(names, dict) or not names.get("de"):
        what, mend = sentence("the city has no German name"), sentence("write `name: {de: …}`, one a language")
        defects.append(source.defect(("name",), what, mend))
    elif wrong := [tag for tag in names if tag not in languages()]:
        what = sentence("there is no language “{tag}”", tag=wrong[0])
        defects.append(source.defect(("name", wrong[0]), what, sentence("take the line out")))
    defects += [
        source.defect((key,), sentence("“{key}” is missing", key=key), remedy)
        for key, remedy in _REMEDY.items()
        if not raw.get(key)
    ]
    defects += _wrong_values(source)
    if defects:
        return None, defects
    return (
        City(
            slug=Path(source.file).parent.name,
            names={tag: str(name) for tag, name in raw["name"].items() if name},
            town_hall=str(raw["town_hall"]),
            land=str(raw["land"]),
            time_zone=str(raw["time_zone"]),
            home_page=str(raw["home_page"]),
            languages=tuple(map(str, raw["languages"])),
            spellings=tuple(map(str, raw.get("spellings") or ())),
        ),
        [],
    )


def only_home(root: Path = ROOT) -> OnlyHome:
    """What the home city's folder says of the shared texts.

    Raises:
        ContentError: if one of its files cannot be read.
    """
    folder = root / "cities" / HOME
    source = read(folder / "city.yaml", root)
    marked = source.data.get("only_here")
    words = marked.get("words") if isinstance(marked, dict) else None
    if not isinstance(marked, dict) or not isinstance(words, list) or not words:
        raise ContentError(
            [
                source.defect(
                    ("only_here",),
                    sentence("the words of the home city are missing"),
                    sentence("write `only_here: {words: […]}`"),
                )
            ]
        )
    return OnlyHome(
        words=_any_of(map(str, words)),
        topics=frozenset(map(str, marked.get("topics") or ())),
        contacts=frozenset(read(root / "contacts" / f"{HOME}.yaml", root).data),
        instead={str(key): str(value) for key, value in (marked.get("instead") or {}).items()},
    )


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, as whole words; ``*`` at the end stands for any ending."""
    words = list(words)
    stems = [re.escape(word.removesuffix("*")) for word in words if word.endswith("*")]
    whole = [re.escape(word) for word in words if not word.endswith("*")]
    choices = [*stems, *([f"(?:{'|'.join(whole)})(?!\\w)"] if whole else [])]
    return re.compile(rf"(?<!\w)(?:{'|'.join(choices)})")


def _wrong_values(source: Source) -> list[Defect]:
    raw, found = source.data, []
    if raw.get("land") and raw["land"] not in LAENDER:
        found.append(source.defect(("land",), sentence("“{land}” is no Land", land=raw["land"]), _REMEDY["land"]))
    if zone := raw.get("time_zone"):
        try:
            ZoneInfo(str(zone))
        except (ZoneInfoNotFoundError, ValueError):
            what = sentence("“{zone}” is no time zone", zone=zone)
            found.append(source.defect(("time_zone",), what, _REMEDY["time_zone"]))
    for key in ("languages", "spellings"):
        if raw.get(key) and not isinstance(raw[key], list):
            mend = sentence("write `{key}: [one, another]`", key=key)
            found.append(source.defect((key,), sentence("“{key}” is no list", key=key), mend))
            return found
    found += [
        source.defect(
            ("languages",),
            sentence("there is no language “{tag}”", tag=tag),
            sentence("use {what}", what=", ".join(languages())),
        )
        for tag in raw.get("languages") or ()
        if tag not in languages()
    ]
    return found
