"""The state of translations: stale when the German meaning changed, fresh after a change of wording, read when somebody says so."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from faq import ROOT, card_text, load, load_usable, make_card
from faq.history import NoHistory, changes, earlier
from faq.translations import accept, digest, load_translations

TODAY = date(2026, 11, 25)
TOPIC = "tax-id"

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    copy = tmp_path / "faq"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def change_german(root: Path) -> Callable[[], None]:
    def change() -> None:
        path = root / "de" / "first-steps.yaml"
        text = path.read_text(encoding="utf-8")
        start = text.index(f"{TOPIC}:")
        lead = text.index("lead: ", start) + len("lead: ")
        path.write_text(text[:lead] + "Ruhig bleiben. " + text[lead:], encoding="utf-8")

    return change


def status(root: Path, language: str = "en") -> str:
    return load_translations(root).status(load("osnabrueck", root), language, TOPIC, TODAY)


def test_a_translation_is_stale_once_the_german_text_has_changed(root: Path, change_german: Callable[[], None]) -> None:
    accept(root, load("osnabrueck", root), "en", [TOPIC], by="Editor", on="2026-11-20")
    assert status(root) == "ok"
    change_german()
    assert status(root) == "stale"
    shown = card_text(make_card(load_usable("osnabrueck", root), TOPIC, "en", NOW))
    assert "The German text has changed since this translation" in shown
    assert "seit dieser Übersetzung" not in card_text(make_card(load_usable("osnabrueck", root), TOPIC, "de", NOW))


def test_a_change_of_wording_leaves_translations_fresh_and_keeps_who_read_them(
    root: Path, change_german: Callable[[], None]
) -> None:
    accept(root, load("osnabrueck", root), "en", [TOPIC], by="Editor", on="2026-11-20")
    change_german()
    accept(root, load("osnabrueck", root), "en", [TOPIC])
    assert status(root) == "ok"
    assert load_translations(root).made["en"][TOPIC].by == "Editor"


def test_an_answer_nobody_read_is_unreviewed_and_an_old_reading_is_overdue(root: Path) -> None:
    accept(root, load("osnabrueck", root), "en", [TOPIC])
    assert status(root) == "unreviewed"
    accept(root, load("osnabrueck", root), "en", [TOPIC], by="Editor", on="2024-01-01")
    assert status(root) == "overdue"
    (root / "fr" / "first-steps.yaml").unlink()
    assert status(root, "fr") == "missing"


def test_the_diff_shows_what_changed_since_the_translation(root: Path, change_german: Callable[[], None]) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)

    old = digest(load("osnabrueck", root).entries["de"][TOPIC])
    with pytest.raises(NoHistory):
        earlier(load("osnabrueck", root), TOPIC, old, root)
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "before")
    change_german()
    now = load("osnabrueck", root)
    lines = list(changes(earlier(now, TOPIC, old, root), now.entries["de"][TOPIC]))
    assert [line.split()[:2] for line in lines] == [["lead", "-"], ["lead", "+"]]
    assert "Ruhig bleiben." in lines[1]
