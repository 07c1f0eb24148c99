"""Polite address, the same throughout a language: words that only the familiar form has.

Only unmistakable words are listed; Arabic, English and Somali have one form of
address for everybody, and in Kurmanji “tu” also means “none”.
"""

from __future__ import annotations

import re

# What is quoted is a name, such as the campaign's “Osnabrück und Du”, or what people say to each other.
_QUOTED = re.compile(r"[„“«\"][^„“”«»\"]*[“”»\"]")
_FAMILIAR = {
    "de": ("Sie", r"du|dir|dich|dein|deine|deinen|deinem|deiner|deines|euch|eure|euren"),
    "uk": ("ви", r"ти|тебе|тобі|тобою|твій|твоя|твоє|твої|твого|твоєї|твоїх|твою"),
    "ru": ("вы", r"ты|тебя|тебе|тобой|твой|твоя|твоё|твои|твоего|твоей|твоих|твою"),
    "tr": ("siz", r"sen|seni|sana|senin|senden|sende"),
    "fa": ("شما", r"تو"),
    "fr": ("vous", r"tu|toi|tes"),
    "pl": ("Państwo", r"ty|ciebie|tobie|twój|twoja|twoje|twojego|twojej|twoich|twoim"),
    "ro": ("dumneavoastră", r"tu|tine|ție|tău|tăi|tale"),
    "bg": ("вие", r"теб|твой|твоя|твоят|твоето|твоите|твое|твои"),
    "es": ("usted", r"tú|ti|tuyo|tuya|contigo|vosotros|vuestro|vuestra"),
    "sq": ("ju", r"ty|yt|jote"),
    "ti": ("ንስኹም", r"ንስኻ|ንስኺ"),
}
_PATTERNS = {
    tag: (formal, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for tag, (formal, words) in _FAMILIAR.items()
}


def familiar(text: str, tag: str) -> tuple[str, str] | None:
    """The first familiar word in a text and the polite form the language uses instead, or none."""
    formal, pattern = _PATTERNS.get(tag.partition("-x-")[0], ("", None))
    found = pattern.search(_QUOTED.sub("", text)) if pattern else None
    return (found[0], formal) if found else None
