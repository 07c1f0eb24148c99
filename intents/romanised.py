"""Turns messages typed in Latin letters back into the script of their language, so that all layers can read them.

People romanise by ear and by keyboard, not by a standard; these tables follow what is typed on phones (Arabizi with
its digits, Finglish, "shlyokavitsa"). The result need not be right, only nearer to how others write the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_LATIN = re.compile(r"[a-zà-ž]")
_OTHER = re.compile(r"[\u0370-\u1fff\u2c00-\uffff]")
_WORD = re.compile(r"[a-zà-ž0-9']+")

_SLAVIC = {
    "shch": "щ", "sch": "щ", "zh": "ж", "kh": "х", "ts": "ц", "ch": "ч", "sh": "ш", "yu": "ю", "ya": "я", "yo": "е",
    "ju": "ю", "ja": "я", "jo": "е", "a": "а", "b": "б", "v": "в", "w": "в", "g": "г", "d": "д", "e": "е", "z": "з",
    "i": "и", "j": "й", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "r": "р", "s": "с", "t": "т",
    "u": "у", "f": "ф", "h": "х", "c": "ц", "x": "х", "q": "к", "'": "ь", "4": "ч", "6": "ш",
    "ay": "ай", "ey": "ей", "oy": "ой", "uy": "уй",
}  # fmt: skip
_RUSSIAN = _SLAVIC | {
    "y": "ы", "ye": "е", "je": "е", "eh": "э", "iy$": "ий", "yj$": "ый", "ij$": "ий", "yy$": "ый", "tsya$": "тся",
}  # fmt: skip
_UKRAINIAN = _SLAVIC | {
    "y": "и", "i": "і", "h": "г", "ye": "є", "je": "є", "ie": "є", "yi": "ї", "ji": "ї", "ia": "я", "iu": "ю", "ii": "ії",
    "yi$": "ий", "yy$": "ий", "yj$": "ий", "ij$": "ій", "tsya$": "ться", "tsia$": "ться",
}  # fmt: skip
_BULGARIAN = _SLAVIC | {"y": "ъ", "q": "я", "j": "ж", "sht": "щ", "ia": "ия", "iq": "ия", "c": "ц"}
_ARABIC = {
    "sh": "ش", "ch": "ش", "kh": "خ", "5": "خ", "gh": "غ", "3'": "غ", "th": "ث", "dh": "ذ", "7'": "خ", "ou": "و", "oo": "و",
    "ee": "ي", "aa": "ا", "ei": "ي", "ai": "ي", "ay": "اي", "ey": "ي", "2": "ا", "3": "ع", "7": "ح", "8": "ق", "9": "ص",
    "6": "ط", "b": "ب", "p": "ب", "t": "ت", "j": "ج", "g": "ج", "d": "د", "r": "ر", "z": "ز", "s": "س", "f": "ف", "v": "ف",
    "q": "ق", "k": "ك", "c": "ك", "l": "ل", "m": "م", "n": "ن", "h": "ه", "w": "و", "y": "ي", "x": "كس", "i": "ي", "u": "و",
    "o": "و", "a": "ا", "e": "", "'": "",
}  # fmt: skip
_PERSIAN = {
    "sh": "ش", "ch": "چ", "kh": "خ", "gh": "ق", "zh": "ژ", "ou": "و", "oo": "و", "ee": "ی", "aa": "ا", "ei": "ی", "ey": "ی",
    "ai": "ای", "ay": "ای", "b": "ب", "p": "پ", "t": "ت", "j": "ج", "g": "گ", "d": "د", "r": "ر", "z": "ز", "s": "س",
    "f": "ف", "v": "و", "q": "ق", "k": "ک", "c": "ک", "l": "ل", "m": "م", "n": "ن", "h": "ه", "w": "و", "y": "ی", "x": "خ",
    "i": "ی", "u": "و", "o": "و", "a": "ا", "e": "", "'": "",
}  # fmt: skip


def _by_table(table: Mapping[str, str]) -> Callable[[str], str]:
    """Replace the longest keys first; a key ending in ``$`` counts at the end of a word only."""
    longest = sorted(table, key=lambda key: (key.endswith("$"), len(key)), reverse=True)
    pattern = re.compile("|".join(re.escape(key.rstrip("$")) + "$" * key.endswith("$") for key in longest))

    def letters(found: re.Match[str]) -> str:
        key = found[0]
        at_end = found.end() == len(found.string)
        return table[key + "$"] if at_end and key + "$" in table else table[key]

    return lambda word: pattern.sub(letters, word)


def _without_short_vowels(table: Mapping[str, str]) -> Callable[[str], str]:
    """Arabic script writes no short a and e inside a word, a doubled consonant once, and an a or e at the end as ه."""
    letters = _by_table(table)

    def convert(word: str) -> str:
        word = re.sub(r"([^aeiou])\1", r"\1", word)
        word = re.sub(r"(?<=[^aeiou])[ae](?=[^ae])", "", word)
        start = re.sub(r"^[aeiou]", "ا", re.sub(r"(?<=.)[ae]$", "ه", word))
        return letters(start)

    return convert


_CONVERT: Mapping[str, Callable[[str], str]] = {
    "ru": _by_table(_RUSSIAN), "uk": _by_table(_UKRAINIAN), "bg": _by_table(_BULGARIAN),
    "ar": _without_short_vowels(_ARABIC), "fa": _without_short_vowels(_PERSIAN),
}  # fmt: skip
LANGUAGES = frozenset(_CONVERT)


def is_latin(text: str) -> bool:
    """Whether there are Latin letters and none of another script (``text`` in lower case)."""
    return bool(_LATIN.search(text)) and not _OTHER.search(text)


def in_own_script(text: str, language: str, keep: Callable[[str], bool] = lambda word: False) -> str:
    """The message in the script of ``language``; numbers and the words to ``keep`` (German offices and papers) stay."""
    convert = _CONVERT[language]
    return _WORD.sub(lambda found: found[0] if found[0].isdigit() or keep(found[0]) else convert(found[0]), text)
