"""Drafts of entries as a YAML file that editors read beside the original: one draft an id, never into ``faq/``, never over another file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from bot.errors import Refused
from faq import ROOT
from locales.defects import said, sentence

FOLDER = Path("drafts")
WIDTH = 10_000  # lines of text stay whole, as editors wrote them
UNDATED = "undated"
_UMLAUTS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One entry that nobody has reviewed. ``topic``: the existing topic it is about, none for something new or doubtful.

    ``as_of`` is the date of the source or ``undated``; ``page`` where it stands in a printed source; ``doubts`` what an editor
    must look at; ``contacts`` the numbers and addresses it names; ``facts_to_enter`` the numbers that may not stay in a text.
    """

    id: str
    topic: str | None
    title: str
    lead: str
    more: str
    source: str
    as_of: str = UNDATED
    page: int | None = None
    doubts: tuple[str, ...] = ()
    contacts: tuple[Mapping[str, str], ...] = ()
    facts_to_enter: tuple[Mapping[str, str], ...] = ()


def make_id(title: str, taken: Iterable[str]) -> str:
    """A new id from a title: small letters, digits and dashes, and a number if another draft has it already."""
    german = title.lower().translate(_UMLAUTS)
    plain = unicodedata.normalize("NFKD", german).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or "draft"
    used = set(taken)
    return next(id_ for n in count(1) if (id_ := base if n == 1 else f"{base}-{n}") not in used)


def free_path(source: Path, folder: Path = FOLDER) -> Path:
    """Where the drafts from a file go: ``drafts/<name>.yaml``, or with a number beside an earlier import of the same file."""
    names = (source.stem if n == 1 else f"{source.stem}-{n}" for n in count(1))
    return next(path for name in names if not (path := folder / f"{name}.yaml").exists())


def refuse_existing(path: Path) -> None:
    """Say no before any work if a file of drafts is there already, or would lie among the reviewed answers.

    Raises:
        Refused: if so.
    """
    if path.resolve().is_relative_to(ROOT):
        raise Refused(
            sentence("Drafts never go into faq/, where reviewed answers are. Choose another file with --out.")
        )
    if path.exists():
        raise Refused(
            sentence("{path} is there already and stays as it is. Choose another file with --out.", path=path)
        )


def write_drafts(path: Path, drafts: Iterable[Draft], header: str, language: str = "en") -> None:
    """Write a new file of drafts with a comment above them, and the doubts in the editors' language.

    Raises:
        Refused: if the file is there already, would lie among the reviewed answers, or cannot be written.
    """
    refuse_existing(path)
    yaml = YAML()
    yaml.width, yaml.allow_unicode = WIDTH, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), lambda to, _: to.represent_scalar("tag:yaml.org,2002:null", "null"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.writelines(f"# {line}\n" for line in header.splitlines())
            for number, draft in enumerate(drafts):
                file.write("\n" if number or header else "")
                yaml.dump({draft.id: _entry(draft, language)}, file)
    except OSError as error:
        raise Refused(sentence("{path} cannot be written: {why}", path=path, why=error.strerror)) from error


def _entry(draft: Draft, language: str) -> dict[str, object]:
    place = {} if draft.page is None else {"page": draft.page}
    numbers = {"facts_to_enter": [dict(number) for number in draft.facts_to_enter]} if draft.facts_to_enter else {}
    return {
        "topic": draft.topic,
        "title": draft.title,
        "lead": draft.lead,
        "more": LiteralScalarString(draft.more + "\n") if draft.more else "",
        "source": draft.source,
        "as_of": draft.as_of if draft.as_of == UNDATED else DoubleQuotedScalarString(draft.as_of),
        **place,
        "reviewed": False,
        "doubts": [said(doubt, language) for doubt in draft.doubts],
        "contacts": [_contact(contact) for contact in draft.contacts],
        **numbers,
    }


def _contact(contact: Mapping[str, str]) -> dict[str, str]:
    """Phone numbers in quotes, so that their plus sign stays."""
    return {key: DoubleQuotedScalarString(value) if key == "phone" else value for key, value in contact.items()}
