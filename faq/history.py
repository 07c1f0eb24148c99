"""Earlier German texts, out of git: what a translation was made from, and what has changed since."""

from __future__ import annotations

import difflib
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from faq.catalogue import ROOT, SOURCE_LANGUAGE, TEXT_KEYS, Catalogue, Entry
from faq.source import Loader
from faq.translations import digest

GIT_SECONDS = 20


class NoHistory(Exception):
    """Git is not there or does not know the text; the message says what to do instead."""


def earlier(catalogue: Catalogue, topic: str, wanted: str, root: Path = ROOT) -> Entry:
    """The German text of a topic whose hash is ``wanted``.

    Raises:
        NoHistory: if no commit holds it.
    """
    file = root / SOURCE_LANGUAGE / f"{catalogue.topics[topic].chapter}.yaml"
    for revision in _git(root, "log", "--format=%H", "--", str(file)).split():
        entry = _entry(_git(root, "show", f"{revision}:./{file.relative_to(root)}"), topic)
        if entry and digest(entry) == wanted:
            return entry
    raise NoHistory(f"no commit holds the German text that “{topic}” was translated from; compare it as a whole")


def checkout(revision: str, folder: Path, to: Path) -> None:
    """Copy a folder as it was at a revision.

    Raises:
        NoHistory: if git does not know the revision.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    archive = to / "revision.tar"
    _git(top, "archive", "-o", str(archive), revision, str(folder.relative_to(top)))
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")


def changed_files(folder: Path) -> set[str]:
    """The files, from the top of the repository, that differ from the last commit or are new.

    Raises:
        NoHistory: outside a repository.
    """
    top = _git(folder, "rev-parse", "--show-toplevel").strip()
    known = _git(Path(top), "diff", "--name-only", "HEAD").splitlines()
    return {*known, *_git(Path(top), "ls-files", "--others", "--exclude-standard").splitlines()}


def changes(old: Entry, new: Entry) -> Iterator[str]:
    """What changed, line by line: ``- `` was there, ``+ `` is there now."""
    for key in TEXT_KEYS:
        before, after = getattr(old, key).splitlines(), getattr(new, key).splitlines()
        for line in difflib.unified_diff(before, after, lineterm="", n=0):
            if not line.startswith(("---", "+++", "@@")):
                yield f"{key:6} {line[0]} {line[1:]}"


def _entry(text: str, topic: str) -> Entry | None:
    try:
        raw = (yaml.load(text, Loader=Loader) or {}).get(topic)  # noqa: S506 (the safe loader, in C where it is there)
        return Entry(**{key: str(value).strip() for key, value in raw.items()}) if raw else None
    except (yaml.YAMLError, AttributeError, TypeError):
        return None  # a commit whose file was broken holds no text to compare with


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (fixed words and our own paths)
            ["git", "-C", str(root), *words],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoHistory(
            "git does not know this here; name a revision it knows, or compare the texts as a whole"
        ) from error
    return done.stdout
