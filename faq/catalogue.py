"""The whole FAQ in memory: topics, texts by language, facts and contacts of one city. Loading stops at the first unusable state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from faq.cities import HOME, City, cities, city_files, no_such_city, read_city
from faq.facts import Contact, Fact, read_contacts, read_facts
from faq.placeholders import FactUse, Use, fill
from faq.source import ContentError, Source, read
from locales.defects import Defect, sentence

ROOT = Path(__file__).resolve().parent
SOURCE_LANGUAGE = "de"
NO_TEXTS = ("facts", "contacts", "translations", "portraits", "cities")
TEXT_KEYS = ("title", "lead", "bring", "steps", "more")
HEADLINES = ("deadline", "cost", "amount", "duration", "age", "limit", "number")


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What is the same in every language about one entry. ``headline``: label to fact id (``fact`` or ``fact.part``)."""

    id: str
    chapter: str
    owner: str
    contacts: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    headline: tuple[tuple[str, str], ...] = ()
    review_days: int = 180


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The text of one topic in one language; empty parts are empty strings."""

    title: str
    lead: str
    bring: str = ""
    steps: str = ""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Everything the bot may say about the city. ``entries[language][topic]`` holds the texts.

    ``own[language][topic]`` are the parts of answers that the city writes itself. ``stale`` are the answers (language, topic)
    whose German text has changed since they were translated, ``gaps`` those that lack what nobody has checked for this city.
    """

    city: City
    topics: Mapping[str, Topic]
    entries: Mapping[str, Mapping[str, Entry]]
    facts: Mapping[str, Fact]
    contacts: Mapping[str, Contact]
    sources: tuple[Source, ...]
    own: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    stale: frozenset[tuple[str, str]] = frozenset()
    gaps: frozenset[tuple[str, str]] = frozenset()

    @property
    def town_hall(self) -> Contact:
        """Whom people may always ask."""
        return self.contacts[self.city.town_hall]

    @property
    def chapters(self) -> tuple[str, ...]:
        """Chapter ids in reading order."""
        return tuple(dict.fromkeys(topic.chapter for topic in self.topics.values()))

    def entry(self, topic: str, locale: str) -> Entry | None:
        """The text of a topic in exactly this language."""
        return self.entries.get(locale, {}).get(topic)

    def title(self, topic: str, locale: str) -> str:
        """The topic's title, in German if the language has none."""
        entry = self.entry(topic, locale) or self.entry(topic, "de")
        if entry is None:
            return topic
        return fill(entry.title, topic, lambda use: self._printed(use, locale))

    def _printed(self, use: Use, locale: str) -> str:
        if isinstance(use, FactUse):
            return self.facts[use.id].values[use.part].words(locale)
        return str(getattr(self.contacts[use.contact], use.part))


def load(city: str, root: Path = ROOT) -> Catalogue:
    """Read all content of one city, as it is written: the shared texts as the home city has them.

    Raises:
        ContentError: with every defect that makes the content unusable, by file and line.
    """
    if city not in cities(root):
        raise ContentError([Defect("cities", 1, no_such_city(city, root), sentence("correct the name"))])
    sources, defects = _read_all(_read_for(city, root), root)
    by_file = {source.file: source for source in sources}
    if "topics.yaml" not in by_file:
        raise ContentError(sorted(defects))
    facts = _collect(source for name, source in by_file.items() if holds_facts(name))
    contacts = _collect(source for name, source in by_file.items() if holds_contacts(name))
    defects += [item for item in (*facts, *contacts) if isinstance(item, Defect)]
    topics = _topics(by_file["topics.yaml"], defects)
    entries = _entries(by_file, topics, defects)
    own = _own_texts(by_file, topics, defects)
    contacts_by_id = {item.id: item for item in contacts if isinstance(item, Contact)}
    place = _city(by_file.get(f"cities/{city}/city.yaml"), contacts_by_id, defects)
    if defects or place is None:
        raise ContentError(sorted(defects))
    return Catalogue(
        city=place,
        topics=topics,
        entries=entries,
        own=own,
        sources=tuple(sources),
        facts={item.id: item for item in facts if isinstance(item, Fact)},
        contacts=contacts_by_id,
    )


def content_files(city: str, root: Path = ROOT) -> list[Path]:
    """Every file that a city's content comes from, for noticing a change."""
    return _read_for(city, root) + ([] if city == HOME else city_files(HOME, root))


def holds_facts(file: str) -> bool:
    """Whether a file of the content holds facts, of Germany or of a city."""
    return file.startswith("facts/") or (file.startswith("cities/") and file.endswith("/facts.yaml"))


def holds_contacts(file: str) -> bool:
    """Whether a file of the content holds contacts, of Germany or of a city."""
    return file.startswith("contacts/") or (file.startswith("cities/") and file.endswith("/contacts.yaml"))


def _read_for(city: str, root: Path) -> list[Path]:
    shared = [root / "topics.yaml", root / "facts" / "germany.yaml", root / "contacts" / "germany.yaml"]
    texts = sorted(path for path in root.glob("*/*.yaml") if path.parent.name not in NO_TEXTS)
    return shared + city_files(city, root) + texts


def _city(source: Source | None, contacts: dict[str, Contact], defects: list[Defect]) -> City | None:
    if source is None:
        return None
    place, wrong = read_city(source)
    defects += wrong
    named = str(source.data.get("town_hall") or "")
    hall = contacts.get(named)
    if named and hall is None:
        what = sentence("there is no contact “{contact}”", contact=named)
        defects.append(source.defect(("town_hall",), what, sentence("use an id of contacts.yaml")))
    elif hall and not hall.phone:
        what = sentence("the contact “{contact}” has no phone", contact=named)
        mend = sentence("add it in contacts.yaml: whoever gets no answer here is told to call it")
        defects.append(source.defect(("town_hall",), what, mend))
    elif place and hall:
        contacts[named] = replace(hall, web=hall.web or place.home_page)
    return place


def _read_all(files: Iterable[Path], root: Path) -> tuple[list[Source], list[Defect]]:
    sources: list[Source] = []
    defects: list[Defect] = []
    for path in files:
        try:
            source = read(path, root)
        except ContentError as error:
            defects += error.defects
        else:
            sources.append(source)
            defects += source.defects
    return sources, defects


def _collect(sources: Iterable[Source]) -> list[Fact | Contact | Defect]:
    found: list[Fact | Contact | Defect] = []
    for source in sources:
        found += read_facts(source) if holds_facts(source.file) else read_contacts(source)
    return found


def _topics(source: Source, defects: list[Defect]) -> dict[str, Topic]:
    topics = {}
    for id_, raw in source.data.items():
        if not isinstance(raw, dict) or not raw.get("chapter") or not raw.get("owner"):
            defects.append(
                source.defect(
                    (id_,),
                    sentence("topic “{id}” lacks chapter or owner", id=id_),
                    sentence("add `chapter: …` and `owner: …`"),
                )
            )
            continue
        if not str(raw.get("review_days", "180")).isdecimal():
            defects.append(
                source.defect(
                    (id_, "review_days"),
                    sentence("the review interval is no whole number of days"),
                    sentence("write for example `review_days: 180`"),
                )
            )
            continue
        shapes = {"contacts": list, "related": list, "headline": dict}
        if wrong := [key for key, shape in shapes.items() if not isinstance(raw.get(key) or shape(), shape)]:
            mend = (
                sentence("write `headline: {deadline: fact}`")
                if wrong[0] == "headline"
                else sentence("write `{what}: [id, id]`", what=wrong[0])
            )
            defects.append(
                source.defect(
                    (id_, wrong[0]), sentence("“{what}” of “{id}” is written wrongly", what=wrong[0], id=id_), mend
                )
            )
            continue
        topics[id_] = Topic(
            id=id_,
            chapter=raw["chapter"],
            owner=raw["owner"],
            contacts=tuple(raw.get("contacts") or ()),
            related=tuple(raw.get("related") or ()),
            headline=tuple((raw.get("headline") or {}).items()),
            review_days=int(raw.get("review_days", 180)),
        )
    return topics


def _entries(
    by_file: Mapping[str, Source], topics: Mapping[str, Topic], defects: list[Defect]
) -> dict[str, dict[str, Entry]]:
    entries: dict[str, dict[str, Entry]] = {}
    for name, source in by_file.items():
        language, _, chapter_file = name.partition("/")
        if not chapter_file or language in NO_TEXTS:
            continue
        for id_, raw in source.data.items():
            if entry := _entry(id_, raw, source, topics, defects):
                entries.setdefault(language, {})[id_] = entry
    return entries


def _own_texts(
    by_file: Mapping[str, Source], topics: Mapping[str, Topic], defects: list[Defect]
) -> dict[str, dict[str, dict[str, str]]]:
    """The parts of answers that a city writes itself, from ``cities/<city>/texts/<language>.yaml``."""
    own: dict[str, dict[str, dict[str, str]]] = {}
    for name, source in by_file.items():
        if not name.startswith("cities/") or "/texts/" not in name:
            continue
        for id_, raw in source.data.items():
            if id_ not in topics:
                what, mend = sentence("there is no topic “{id}”", id=id_), sentence("use an id from faq/topics.yaml")
                defects.append(source.defect((id_,), what, mend))
            elif not isinstance(raw, dict) or not raw:
                what, mend = sentence("“{id}” has no text", id=id_), sentence("use {what}", what=", ".join(TEXT_KEYS))
                defects.append(source.defect((id_,), what, mend))
            elif wrong := [key for key in raw if key not in TEXT_KEYS or not isinstance(raw[key], str)]:
                what = sentence("“{what}” is no part of an answer", what=wrong[0])
                mend = sentence("use {what}", what=", ".join(TEXT_KEYS))
                defects.append(source.defect((id_, wrong[0]), what, mend))
            else:
                parts = {key: str(value).strip() for key, value in raw.items()}
                own.setdefault(Path(name).stem, {})[id_] = parts
    return own


def _entry(id_: str, raw: object, source: Source, topics: Mapping[str, Topic], defects: list[Defect]) -> Entry | None:
    if id_ not in topics:
        defects.append(
            source.defect(
                (id_,), sentence("there is no topic “{id}”", id=id_), sentence("use an id from faq/topics.yaml")
            )
        )
    elif not isinstance(raw, dict) or not raw.get("title") or not raw.get("lead"):
        defects.append(
            source.defect(
                (id_,), sentence("“{id}” has no title or no lead", id=id_), sentence("add `title: …` and `lead: …`")
            )
        )
    elif wrong := [key for key in raw if key not in TEXT_KEYS]:
        defects.append(
            source.defect(
                (id_, wrong[0]),
                sentence("“{what}” is no part of an answer", what=wrong[0]),
                sentence("use {what}", what=", ".join(TEXT_KEYS)),
            )
        )
    elif wrong := [key for key in raw if not isinstance(raw[key], str)]:
        defects.append(
            source.defect(
                (id_, wrong[0]),
                sentence("“{what}” is not a text", what=wrong[0]),
                sentence(
                    "write `{what}: |` and below it one line for each point, without a dash before it", what=wrong[0]
                ),
            )
        )
    else:
        return Entry(**{key: value.strip() for key, value in raw.items()})
    return None
