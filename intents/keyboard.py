"""Text typed with the keyboard still in another script: "ghbdtn" is "привет" on a Russian keyboard set to Latin."""

from __future__ import annotations

from collections.abc import Callable

_QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_KEYBOARDS = {
    "Russian": "йцукенгшщзхъфывапролджэячсмитьбю",
    "Ukrainian": "йцукенгшщзхїфівапролджєячсмитьбю",
    "Arabic": "ضصثقفغعهخحجدشسيبلاتنمكطئءؤرلىةوز",
    "Persian": "ضصثقفغعهخحجچشسیبلاتنمکگظطزرذدپو.",
}
_READ_AS = {name: str.maketrans(_QWERTY, keys) for name, keys in _KEYBOARDS.items()}
_AS_LATIN = {
    name: str.maketrans(keys, _QWERTY) for name, keys in _KEYBOARDS.items() if name in ("Russian", "Ukrainian")
}
FEWEST_LETTERS = 6
STRANGE, FAMILIAR = 0.45, 0.55


def as_meant(text: str, familiar: Callable[[str], float]) -> str:
    """The text as it was meant. ``familiar`` tells which share of a text's letter groups is known, 0 to 1.

    Only a text that looks like no language at all is read otherwise, and only if it then looks like one.
    """
    if sum(map(str.isalpha, text)) < FEWEST_LETTERS or familiar(text) > STRANGE:
        return text
    readings = [text.translate(table) for table in (*_READ_AS.values(), *_AS_LATIN.values())]
    best = max(readings, key=familiar)
    return best if familiar(best) >= FAMILIAR else text
