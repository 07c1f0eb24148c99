"""Bring a message into the forms the matcher compares: a gentle one for the encoders, a folded one for letters and patterns."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 300
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xFE0E, 0xFE0F, 0x0640, 0x00AD],
    None,
)
_LETTERS = str.maketrans(
    {
        # Arabic and Persian: hamza forms, ta marbuta, alef maqsura, Persian kaf and ya
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ؤ": "و",
        "ة": "ه",
        "ۀ": "ه",
        "ک": "ك",
        # Cyrillic: what people leave out or mix up
        "ё": "е",
        "ґ": "г",
        "ѝ": "и",
        # Latin letters without a decomposition
        "ß": "ss",
        "ı": "i",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "`": "'",
        "´": "'",
    }
)
_REPEATED = re.compile(r"(.)\1{2,}")
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_CYRILLIC = re.compile("[а-яёіїєґ]")
_MIXED = re.compile("(?=[а-яёіїєґ]*[a-z])(?=[a-z]*[а-яёіїєґ])[a-zа-яёіїєґ]+")
_LATIN_TWINS, _CYRILLIC_TWINS = "aceopxyiktmbh", "асеорхуіктмвн"
_TO_CYRILLIC, _TO_LATIN = str.maketrans(_LATIN_TWINS, _CYRILLIC_TWINS), str.maketrans(_CYRILLIC_TWINS, _LATIN_TWINS)
_DIGRAPHS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"))


def gentle(text: str) -> str:
    """For the encoders: compatibility forms, lower case, no invisible characters, at most ``LONGEST`` characters.

    A word that mixes Latin and Cyrillic letters gets the script of most of its letters (look-alikes, also typed on purpose).
    """
    text = unicodedata.normalize("NFKC", text[: 4 * LONGEST]).translate(_INVISIBLE)
    text = _REPEATED.sub(r"\1\1", text.replace("İ", "i").lower())
    if _CYRILLIC.search(text):
        text = _MIXED.sub(_one_script, text)
    return _BLANKS.sub(" ", text).strip()[:LONGEST]


def _one_script(word: re.Match[str]) -> str:
    """The script of a letter that exists in one of them only; else that of most letters."""
    for letter in word[0]:
        if letter not in _LATIN_TWINS and letter not in _CYRILLIC_TWINS:
            return word[0].translate(_TO_CYRILLIC if _CYRILLIC.match(letter) else _TO_LATIN)
    return word[0].translate(_TO_CYRILLIC if 2 * len(_CYRILLIC.findall(word[0])) >= len(word[0]) else _TO_LATIN)


def folded(text: str) -> str:
    """For letters and patterns: words only, without marks, with one spelling for ``ü``, ``ue`` and ``u``, digits 0-9.

    The same folding is applied to examples, patterns and messages, so that it need not be right for any one language.
    """
    decomposed = unicodedata.normalize("NFD", gentle(text).translate(_LETTERS))
    plain = "".join(_digit(c) for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)
    for two, one in _DIGRAPHS:
        plain = plain.replace(two, one)
    return " ".join(word.replace("'", "") for word in _WORD.findall(plain))


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
