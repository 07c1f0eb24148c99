"""What people mistype in YAML, found line by line: the parser's own complaint often points to the line after the mistake.

Asked only about a file that cannot be read. The editors' files are mappings, indented by two blanks, with texts after ``|``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from locales.defects import Sentence, sentence

_KEY = re.compile(r"( *)(- )?(\"[^\"]+\"|[\w@./-]+):(?:( +)(.*)|(\S.*))?$")
_BLOCK = re.compile(r"[|>][+-]?\d?\s*(#.*)?$")
TEXTS = ("title", "lead", "bring", "steps", "more")
_SHOWN = 40
Mistake = tuple[int, Sentence, Sentence]


def mistake(text: str) -> Mistake | None:
    """The first likely mistake: line, what is wrong, how to mend it; none if no line looks wrong by itself."""
    return next(_mistakes(text), None)


def _mistakes(text: str) -> Iterator[Mistake]:
    block: int | None = None
    before, name = -1, ""
    for number, raw in enumerate(text.splitlines(), 1):
        row = raw.rstrip()
        indent = len(row) - len(row.lstrip(" "))
        if not row or (block is not None and indent > block):
            continue
        block = None
        if name in TEXTS and row.lstrip().startswith("- "):
            yield (
                number,
                sentence("“{what}…” begins with a list mark", what=row.strip()[:_SHOWN]),
                sentence("write `{what}: |` and below it one line for each point, without a dash before it", what=name),
            )
            return
        if row.lstrip().startswith(("#", "- ", "---")):
            continue
        match = _KEY.match(row)
        if wrong := _line(row.strip(), match) or _indented(row, indent, before):
            yield number, *wrong
            return
        before, name = indent, match[3] if match else ""
        if match and _BLOCK.match(match[5] or ""):
            block = indent


def _line(row: str, match: re.Match[str] | None) -> tuple[Sentence, Sentence] | None:
    shown = row[:_SHOWN]
    if match is None:
        if "\u00a0" in row:
            return _special(shown)
        if row.endswith("|"):
            return sentence("“{words}” has no colon", words=shown), sentence("write the colon before the |: `steps: |`")
        return (
            sentence("“{words}” has no colon after its name", words=shown),
            sentence("write `name: text`, with a blank after the colon"),
        )
    if match[6]:
        if match[6].startswith("\u00a0"):
            return _special(shown)
        return sentence("“{words}” has no blank after the colon", words=shown), sentence("write `name: text`")
    if match[3] in TEXTS and (match[5] or "").startswith("{"):
        return _cannot_begin(shown, "{")
    return _value(match[5] or "", shown)


def _cannot_begin(shown: str, sign: str) -> tuple[Sentence, Sentence]:
    return (
        sentence("“{words}”: a text cannot begin with {sign}", words=shown, sign=sign),
        sentence('put the text in quotes: title: "text"'),
    )


def _special(shown: str) -> tuple[Sentence, Sentence]:
    return (
        sentence("“{words}” holds a special blank, as word processors write it", words=shown),
        sentence("delete the blank after the colon and type it again"),
    )


def _value(value: str, shown: str) -> tuple[Sentence, Sentence] | None:
    if value[:1] == '"':
        if not re.fullmatch(r'"(?:[^"\\]|\\.)*"\s*(#.*)?', value):
            return (
                sentence("“{words}” opens a quotation mark that is not closed at the end", words=shown),
                sentence('write "text" with one mark at each end and typographic marks („“) inside'),
            )
    elif value[:1] == "'":
        if not re.fullmatch(r"'(?:[^']|'')*'\s*(#.*)?", value):
            return (
                sentence("“{words}” has an apostrophe inside single quotation marks", words=shown),
                sentence('put the text in double ones: "text"'),
            )
    elif value[:1] in tuple("@%`*&!|>]},") and not _BLOCK.match(value):
        return _cannot_begin(shown, value[0])
    elif value[:1] in ("[", "{") and not re.fullmatch(r"\[[^\[\]]*\]|\{.*\}", value):
        return (
            sentence("“{words}”: what begins with {sign} must end with its partner", words=shown, sign=value[0]),
            sentence('put a text in quotes: title: "text"; close a list: [id, id]'),
        )
    elif re.search(r":(\s|$)", value):
        return (
            sentence("“{words}” has a second colon in the line", words=shown),
            sentence('put the text in quotes: key: "text: more text"'),
        )
    return None


def _indented(row: str, indent: int, before: int) -> tuple[Sentence, Sentence] | None:
    if indent % 2 or indent > before + 2:
        return (
            sentence("“{words}” is indented with {number} blanks", words=row.strip()[:_SHOWN], number=indent),
            sentence("two blanks for each step: a name below a topic has 2, the lines of its text 4"),
        )
    if before == -1 and indent:
        return None
    if not indent and re.match(r"(title|lead|bring|steps|more|value|source|as_of|confidence|owner|name|phone):", row):
        return (
            sentence("“{words}” stands at the beginning of the line", words=row[:_SHOWN]),
            sentence("put two blanks before it, so that it belongs to the entry above"),
        )
    return None
