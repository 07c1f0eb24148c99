"""The utterances as editors write them, and the registry of what they can mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent
COMMON = ("greeting", "thanks", "goodbye", "insult", "vague", "outside")
NOT_DANGER = "no-emergency"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What somebody wrote, and what it means: a topic id or one of ``COMMON``."""

    language: str
    intent: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Patterns of one language: emergency topic to patterns, and those that cancel."""

    language: str
    patterns: dict[str, tuple[str, ...]]
    unless: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A message of ``calibration/``, which is no example: its kind and all classes that are right for it."""

    text: str
    language: str
    kind: str
    means: frozenset[str]


_MEANS = {
    "human": frozenset({"talk-to-a-human"}),
    "smalltalk": frozenset({"greeting", "thanks", "goodbye", "what-can-you-do"}),
    "out-of-scope": frozenset({"outside", "insult", "vague"}),
}


def labelled(root: Path = ROOT) -> list[Labelled]:
    """The messages on which weights, confidence and thresholds are fitted."""
    return labelled_in(sorted((root / "calibration").glob("*.jsonl")))


def labelled_in(files: Iterable[Path]) -> list[Labelled]:
    """The labelled messages of these files; those that ask for two things are left out."""
    rows = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Labelled(
            text=row["text"],
            language=row["lang"],
            kind=row["kind"],
            means=frozenset(row["expect"]) | _MEANS.get(row["kind"], frozenset()),
        )
        for row in rows
        if row["kind"] != "multi"
    ]


def registry(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Topic id to chapter, kind (``topic`` or ``emergency``) and scope."""
    return {str(id_): dict(fields) for id_, fields in _read(root / "intents.yaml").items()}


def utterances(root: Path = ROOT, language: str = "") -> list[Utterance]:
    """All utterances, in one language if asked, in the order of the files."""
    return [
        utterance
        for path in files(root)
        if not path.name.startswith("_alarm") and (not language or path.parent.name == language)
        for utterance in _utterances(path)
    ]


def alarms(root: Path = ROOT) -> list[Alarms]:
    """The patterns of every language that has some."""
    return [_alarms(path) for path in files(root) if path.name == "_alarm.yaml"]


def commands(root: Path = ROOT) -> dict[str, str]:
    """Written command words of all languages to the button they stand for."""
    return {str(word): str(button) for button, words in _read(root / "commands.yaml").items() for word in words}


def vocabulary(root: Path = ROOT) -> dict[str, list[str]]:
    """German official words to the further spellings people use for them."""
    return {
        str(word): [str(spelling) for spelling in spellings or ()]
        for word, spellings in _read(root / "vocabulary.yaml").items()
    }


def places(root: Path = ROOT) -> dict[str, list[str]]:
    """Other towns, and the words that make their mention harmless."""
    return {str(key): list(map(str, names)) for key, names in _read(root / "places.yaml").items()}


def files(root: Path = ROOT) -> list[Path]:
    """Every file of utterances and patterns."""
    return sorted(path for path in root.glob("*/*.yaml"))


def fingerprint(root: Path = ROOT) -> str:
    """Two hashes, of the examples and of the labelled messages the model is made from; a model with another one is stale."""
    examples = [root / "intents.yaml", root / "vocabulary.yaml", *(p for p in files(root) if p.name != "_alarm.yaml")]
    return f"{_hash(examples, root)}-{_hash(sorted((root / 'calibration').glob('*.jsonl')), root)}"


def _hash(paths: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _utterances(path: Path) -> Iterator[Utterance]:
    language = path.parent.name
    for intent, lines in _read(path).items():
        for line in lines or ():
            if intent == NOT_DANGER:
                yield Utterance(language=language, intent=str(line["topic"]), text=str(line["say"]))
            else:
                yield Utterance(language=language, intent=str(intent), text=str(line))


def _alarms(path: Path) -> Alarms:
    raw = _read(path)
    return Alarms(
        language=path.parent.name,
        unless=tuple(map(str, raw.get("unless") or ())),
        patterns={str(topic): tuple(map(str, lines or ())) for topic, lines in raw.items() if topic != "unless"},
    )


def _read(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) or {}  # noqa: S506 (the safe loader, in C where it is there)
