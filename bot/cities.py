"""`lotsenbot city new` and the list of `lotsenbot faq check --city`: a folder for a new city, and what its editors fill in next."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from bot.errors import Refused
from faq import HOME, ROOT, Catalogue, load, load_usable
from faq.catalogue import Entry
from faq.cities import LAENDER, only_home
from faq.fit import Missing, missing
from locales import languages, offered
from locales.defects import Sentence, sentence

SHOWN = 20
PARTS = ("lead", "title", "bring", "steps", "more")
EMERGENCY = "emergency"
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

CITY = """\
# Diese Stadt. Zeilen mit # sind Hinweise.
# This city. Lines with # are hints.

# Der Name in jeder Sprache, die ihn anders schreibt; sonst gilt der deutsche.
# The name in every language that writes it differently; otherwise the German one is used.
name:
  de: {name}
{scripts}
# Andere Schreibweisen und gebeugte Formen, damit der Chat die Stadt erkennt. / Other spellings and inflected forms, so that the chat knows the city.
spellings: []
# Wen Menschen immer fragen können: ein Kontakt aus contacts.yaml. / Whom people may always ask: a contact of contacts.yaml.
town_hall: town-hall
# {laender}
land:
time_zone: Europe/Berlin
# Was die Seite zuerst anbietet. / What the page offers first.
languages: [de, en, ar, uk, ru, tr, fa]
# Die eigene Internetseite der Stadt, www.… / The city's own web page, www.…
home_page:
"""

CONTACTS = """\
# Kontakte dieser Stadt: Name, Anschrift, Telefon (+49… oder Kurznummer), Internetseite, Quelle und wie sicher sie sind.
# Contacts of this city: name, address, phone (+49… or a short code), web page, source, and how sure they are.
# confidence: statute | verified (mit einer amtlichen Seite verglichen / compared with an official page) | general-knowledge | unverified.
# Die letzten beiden erscheinen mit „bitte prüfen“. / The last two are shown with "please check".

town-hall:
  name: {town_hall}
  phone: # "+49…"
  source: # woher die Angaben sind / where this is from
  confidence: unverified

# Benutzen Sie die Kennungen aus faq/topics.yaml, dann erscheint der Kontakt in den Antworten; `lotsenbot faq check --city {slug}` nennt sie.
# Use the ids of faq/topics.yaml, then the contact appears in the answers; `lotsenbot faq check --city {slug}` names them.
#
# buergeramt:
#   name:
#   address:
#   phone:
#   web:
#   source:
#   confidence:
"""

FACTS = """\
# Örtliche Fakten: Zahlen, Fristen, Preise und was sonst nur hier gilt, jede mit Quelle und Datum.
# Local facts: numbers, deadlines, prices and what else is true here only, each with source and date.
# Ein Fakt mit der Kennung eines fehlenden bringt den gemeinsamen Satz zurück, der auf ihm beruht: Lesen Sie ihn vorher.
# A fact with the id of a missing one brings back the shared sentence that rests on it: read that sentence first.
#
# library/free-entry:
#   statement: Der deutsche Satz, den man mit der Quelle vergleicht. / The German sentence to compare with the source.
#   source:
#   as_of: "2026-11" # oder undated / or undated
#   confidence: verified
#   owner: city-library # der Kontakt, der es bestätigen kann / the contact that can confirm it
#   value: 0 EUR # nur bei Zahlen / for numbers only
"""

TEXTS = """\
# Eigene Sätze dieser Stadt, wo der gemeinsame Text nicht passt: nur die Teile, die anders sind (title, lead, bring, steps, more).
# This city's own sentences where the shared text does not fit: only the parts that differ (title, lead, bring, steps, more).
# Zahlen stehen nie im Text: {fakt} druckt einen Fakt, {@kontakt.phone} eine Angabe aus den Kontakten, {?fakt} nennt nur die Quelle.
# Numbers never stand in a text: {fact} prints a fact, {@contact.phone} a detail of a contact, {?fact} only names the source.
#
# library:
#   lead: Gehen Sie einfach in die Stadtbücherei. {?free-entry}
"""


def slug(name: str) -> str:
    """The folder's name: ``Bad Münder`` gives ``bad-muender``."""
    plain = unicodedata.normalize("NFKD", name.strip().lower().translate(_GERMAN)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def new_city(name: str, root: Path = ROOT) -> Path:
    """Make the folder of a new city with templates; its path.

    Raises:
        Refused: if there is one already, or the folder cannot be written.
    """
    if not slug(name):
        raise Refused(sentence("the name needs letters, for example: lotsenbot city new 'Bad Iburg'"))
    folder = root / "cities" / slug(name)
    scripts = [tag for tag, language in languages().items() if language.script != "Latin" and language.phrases]
    files = {
        "city.yaml": CITY.format(
            name=json.dumps(name.strip(), ensure_ascii=False),
            scripts="".join(f"  # {tag}:\n" for tag in scripts),
            laender=" ".join(LAENDER),
        ),
        "contacts.yaml": CONTACTS.format(
            town_hall=json.dumps(f"Stadt {name.strip()} – Zentrale", ensure_ascii=False), slug=slug(name)
        ),
        "facts.yaml": FACTS,
        "texts/de.yaml": TEXTS,
    }
    try:
        folder.mkdir()
        (folder / "texts").mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise Refused(sentence("{folder} is there already; nothing was changed", folder=folder)) from error
    except OSError as error:
        raise Refused(sentence("{path} cannot be written: {why}", path=folder, why=error.strerror)) from error
    return folder


def state(city: str, root: Path = ROOT) -> Sentence:
    """How much of the answers the city can show: whole, with gaps, or only the town hall."""
    raw, usable = load(city, root), load_usable(city, root)
    short = {topic for topic, entry in usable.entries["de"].items() if not _has_national_text(entry)}
    gaps = {found.topic for found in missing(raw, only_home(root))} - short
    whole = len(usable.topics) - len(short) - len(gaps)
    return sentence(
        "{all} answers: {whole} whole, {gaps} without what differs from city to city, {short} only the town hall",
        all=len(usable.topics),
        whole=whole,
        gaps=len(gaps),
        short=len(short),
    )


def to_do(city: str, root: Path = ROOT) -> list[Sentence]:
    """What the editors of a city fill in next, the most useful first."""
    raw, home = load(city, root), load(HOME, root)
    lacking = sorted(missing(raw, only_home(root)), key=lambda one: PARTS.index(one.part))
    urgent = [one for one in lacking if home.topics[one.topic].chapter == EMERGENCY]
    others = [one for one in lacking if one not in urgent]
    return [*_names(raw), *_sentences(urgent), *_contacts(raw, home), *_sentences(others)]


def _has_national_text(entry: Entry) -> bool:
    return any(getattr(entry, part) for part in ("bring", "steps", "more"))


def _names(raw: Catalogue) -> Iterator[Sentence]:
    for language in offered():
        if language.script != "Latin" and language.tag not in raw.city.names:
            yield sentence("city.yaml: the name in {tag} ({language})", tag=language.tag, language=language.name)


def _contacts(raw: Catalogue, home: Catalogue) -> Iterator[Sentence]:
    """Contacts that answers name and this city does not have, the most wanted first."""
    wanted: dict[str, list[str]] = {}
    for topic in home.topics.values():
        for contact in topic.contacts:
            if contact not in raw.contacts:
                wanted.setdefault(contact, []).append(topic.id)
    for contact, topics in sorted(wanted.items(), key=lambda item: -len(item[1])):
        where = ", ".join(topics[:3]) + (", …" if len(topics) > 3 else "")
        yield sentence(
            "contacts.yaml: {contact}, for {topics} (in {home}: {name})",
            contact=contact,
            topics=where,
            home=home.city.name("de"),
            name=home.contacts[contact].name,
        )


def _sentences(lacking: list[Missing]) -> Iterator[Sentence]:
    """Facts and own words that bring a sentence back; a fact once, with the first sentence that needs it."""
    asked: set[str] = set()
    for one in lacking:
        if one.own_words:
            yield sentence(
                "texts/de.yaml: {topic}, {part}: own words for “{line}”", topic=one.topic, part=one.part, line=one.line
            )
            continue
        for fact in one.facts:
            if fact not in asked:
                yield sentence("facts.yaml: {fact}, for “{line}”", fact=fact, line=one.line)
            asked.add(fact)
