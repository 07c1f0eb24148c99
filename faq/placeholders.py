"""Placeholders in the texts of the FAQ: ``{deadline}``, ``{amounts.single}``, ``{other-topic/fact}``, ``{years|n}``,
``{?fact}`` (rests on a fact, prints nothing) and ``{@contact.phone}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from locales.defects import sentence

CONTACT_PARTS = ("name", "phone", "address", "web", "email")
_ANY = re.compile(r"[^\S\n]*\{([^{}]*)\}")
_FACT = re.compile(r"(\?)?(?:([a-z0-9-]+)/)?([a-z0-9-]+)(?:\.([a-z0-9-]+))?(\|n)?")
_CONTACT = re.compile(r"@([a-z0-9-]+)(?:\.([a-z]+))?")


@dataclass(frozen=True)
class FactUse:
    """A fact named in a text; silent ones only say what the sentence rests on."""

    topic: str
    fact: str
    part: str = ""
    number_only: bool = False
    silent: bool = False

    @property
    def id(self) -> str:
        """The fact's id across all topics."""
        return f"{self.topic}/{self.fact}"


@dataclass(frozen=True)
class ContactUse:
    """A detail of a contact named in a text."""

    contact: str
    part: str = "name"


Use = FactUse | ContactUse


def parse(inside: str, topic: str) -> Use:
    """What stands between the braces, in a text of ``topic``.

    Raises:
        ValueError: with a sentence that says how to write it.
    """
    if match := _CONTACT.fullmatch(inside):
        part = match[2] or "name"
        if part not in CONTACT_PARTS:
            raise ValueError(sentence("{{inside}}: a contact has {what}", inside=inside, what=", ".join(CONTACT_PARTS)))
        return ContactUse(match[1], part)
    if match := _FACT.fullmatch(inside):
        return FactUse(match[2] or topic, match[3], match[4] or "", bool(match[5]), bool(match[1]))
    raise ValueError(
        sentence(
            "{{inside}} is no placeholder: write {fact}, {fact.part}, {topic/fact}, {fact|n}, {?fact} or {@contact.phone}",
            inside=inside,
        )
    )


def uses(text: str, topic: str) -> Iterator[Use]:
    """Every placeholder of a text, in order."""
    return (parse(match[1], topic) for match in _ANY.finditer(text))


def fill(text: str, topic: str, print_use: Callable[[Use], str]) -> str:
    """The text with every placeholder printed; the blank before a silent one goes with it."""

    def one(match: re.Match[str]) -> str:
        use = parse(match[1], topic)
        if isinstance(use, FactUse) and use.silent:
            return ""
        blank = match[0][: match[0].index("{")]
        return blank + print_use(use)

    return _ANY.sub(one, text).strip()


def without(text: str) -> str:
    """The text with its placeholders taken out, for checks of what was typed."""
    return _ANY.sub("", text)
