"""The documents tell the truth: every command, setting and target is in the README, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from bot.cli import cli
from bot.settings import Settings

TOP = Path(__file__).resolve().parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def commands(app: typer.Typer, before: str = "lotsenbot") -> list[str]:
    """All verbs of the console script."""
    own = [
        f"{before} {command.name or (command.callback.__name__ if command.callback else '')}"
        for command in app.registered_commands
    ]
    return own + [
        name
        for group in app.registered_groups
        if group.typer_instance
        for name in commands(group.typer_instance, f"{before} {group.name}")
    ]


def test_every_command_is_in_the_readme() -> None:
    missing = [name for name in commands(cli) if name not in README]
    assert missing == []


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    table = README[README.index("## Settings") : README.index("## Find your way")]
    named = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])
    }
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_target_of_the_makefile_is_explained() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    assert [name for name in targets[1].split() if f"make {name}" not in README and name != "clean"] == []


def test_documents_name_only_files_that_exist() -> None:
    for document in ("README.md", "docs/editing.md", "docs/operating.md", "docs/understanding.md", "DECISIONS.md"):
        text = (TOP / document).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:bot|intents|faq|locales|tests|docs)/[\w./-]+)`", text):
            assert (TOP / path).exists(), f"{document}: {path}"


def test_the_locked_requirements_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-test.txt"):
        text = (TOP / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
