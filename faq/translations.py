"""What each translation was made from, and who has read it: ``translations/<language>.yaml``, kept by `lotsenbot faq accept`.

A translation is stale when the German text has changed since. A change of wording alone can be accepted for all
languages at once, so that translations stay fresh when the meaning did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from faq.catalogue import ROOT, SOURCE_LANGUAGE, TEXT_KEYS, Catalogue, Entry
from faq.source import ContentError, Source, read
from locales.defects import sentence

Status = Literal["ok", "missing", "stale", "unreviewed", "overdue"]
HEADER = "# Which German text each answer was made from, and who has read it. Written by `lotsenbot faq accept`.\n"


@dataclass(frozen=True, kw_only=True)
class Made:
    """``source``: the hash of the German text; ``by`` and ``on``: who read the translation last, empty for nobody yet."""

    source: str
    by: str = ""
    on: str = ""


@dataclass(frozen=True, kw_only=True)
class Translations:
    """The state of every answer: ``made[language][topic]``."""

    made: Mapping[str, Mapping[str, Made]] = field(default_factory=dict)

    def is_stale(self, catalogue: Catalogue, language: str, topic: str) -> bool:
        """Whether the German text is another one now than the one this answer was made from."""
        made, german = self.made.get(language, {}).get(topic), catalogue.entry(topic, SOURCE_LANGUAGE)
        return made is not None and german is not None and language != SOURCE_LANGUAGE and made.source != digest(german)

    def stale(self, catalogue: Catalogue) -> frozenset[tuple[str, str]]:
        """All stale answers as (language, topic)."""
        return frozenset(
            (language, topic)
            for language, entries in catalogue.entries.items()
            for topic in entries
            if self.is_stale(catalogue, language, topic)
        )

    def status(self, catalogue: Catalogue, language: str, topic: str, today: date) -> Status:
        """The worst thing to say of one answer."""
        made = self.made.get(language, {}).get(topic)
        if catalogue.entry(topic, language) is None:
            return "missing"
        if self.is_stale(catalogue, language, topic):
            return "stale"
        if made is None or not made.on:
            return "unreviewed"
        due = date.fromisoformat(made.on) + timedelta(days=catalogue.topics[topic].review_days)
        return "overdue" if due < today else "ok"


def digest(entry: Entry) -> str:
    """The hash of a text: the same for the same words, whatever the line breaks around them."""
    parts = [" ".join(getattr(entry, key).split()) for key in TEXT_KEYS]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:12]


def load_translations(root: Path = ROOT) -> Translations:
    """Read the state of all languages.

    Raises:
        ContentError: if a file cannot be read.
    """
    files = sorted((root / "translations").glob("*.yaml"))
    return Translations(made={path.stem: dict(_made(read(path, root))) for path in files})


def accept(root: Path, catalogue: Catalogue, language: str, topics: list[str], *, by: str = "", on: str = "") -> None:
    """Note that these answers say what the German text says today; with ``by`` and ``on``, that a person has read them.

    Without them an earlier reading stays: so a change of wording alone leaves all translations fresh.
    """
    made = dict(load_translations(root).made.get(language, {}))
    for topic in topics:
        german = catalogue.entry(topic, SOURCE_LANGUAGE)
        if german is None or catalogue.entry(topic, language) is None:
            continue
        new = Made(source=digest(german))
        old = made.get(topic, new)
        made[topic] = replace(new, by=by, on=on) if on else replace(old, source=new.source)
    path = root / "translations" / f"{language}.yaml"
    path.parent.mkdir(exist_ok=True)
    order = [topic for topic in catalogue.topics if topic in made]
    path.write_text(HEADER + "".join(f"{topic}: {_line(made[topic])}\n" for topic in order), encoding="utf-8")


def _line(made: Made) -> str:
    return json.dumps({"source": made.source, "by": made.by, "on": made.on}, ensure_ascii=False)


def _made(source: Source) -> Iterator[tuple[str, Made]]:
    for topic, raw in source.data.items():
        fields = raw if isinstance(raw, dict) else {}
        on = str(fields.get("on") or "")
        try:
            if on:
                date.fromisoformat(on)
            yield topic, Made(source=str(fields["source"]), by=str(fields.get("by") or ""), on=on)
        except (KeyError, ValueError) as error:
            raise ContentError(
                [
                    source.defect(
                        (topic,),
                        sentence("is no note of a translation"),
                        sentence("write it anew with `lotsenbot faq accept`"),
                    )
                ]
            ) from error
