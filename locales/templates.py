"""The texts of WhatsApp templates, one file a language, as they are handed in to Meta for approval.

Meta knows no Kurmanji, Somali or Tigrinya templates; these newcomers get the English one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from locales import ROOT, SOURCE, languages

ANSWER_WAITING = "answer_waiting"
CATEGORY = "UTILITY"
LONGEST_BODY, LONGEST_BUTTON = 1024, 25
SECOND, THIRD = SOURCE, "de"


@dataclass(frozen=True, kw_only=True)
class Template:
    """One template in one language: ``meta`` is Meta's code for it; a body and a button to tap."""

    name: str
    locale: str
    meta: str
    body: str
    button: str

    def submission(self) -> dict[str, Any]:
        """What Meta is sent when it is handed in."""
        return {
            "name": self.name,
            "language": self.meta,
            "category": CATEGORY,
            "components": [
                {"type": "BODY", "text": self.body},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": self.button}]},
            ],
        }


@cache
def templates() -> dict[str, Template]:
    """The template that an answer waits, by our language tag."""
    found = {}
    for tag in languages():
        path = ROOT / tag / "whatsapp.yaml"
        if path.exists():
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))[ANSWER_WAITING]
            found[tag] = Template(
                name=ANSWER_WAITING, locale=tag, meta=raw["language"], body=raw["body"], button=raw["button"]
            )
    return found


def templates_for(locale: str) -> tuple[Template, ...]:
    """Those to try for a newcomer, best first: her language, English, German."""
    wanted = dict.fromkeys((locale, SECOND, THIRD))
    return tuple(templates()[tag] for tag in wanted if tag in templates())
