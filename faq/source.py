"""Read the editors' YAML: plain mappings that remember where each value stands, and defects that say file, line and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faq.mistakes import mistake
from locales.defects import Defect, sentence

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContentError(Exception):
    """The content cannot be used; ``defects`` says why."""

    def __init__(self, defects: Iterable[Defect]) -> None:
        self.defects = tuple(defects)
        super().__init__("\n".join(str(defect) for defect in self.defects))


# Signs without which no line needs a closer look.
_SUSPECT = re.compile(r"\t|[^\S\n\r ]|<{7}|>{7}|={7}|\s#")


@dataclass(frozen=True)
class Source:
    """One parsed file: its data and the line of every key path."""

    file: str
    data: dict[str, Any]
    lines: dict[tuple[str, ...], int]
    defects: tuple[Defect, ...] = ()

    def line(self, *path: str) -> int:
        """The line of a key, or of the nearest key around it; 1 when nothing is known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def defect(self, path: tuple[str, ...], what: str, mend: str) -> Defect:
        """A defect at a key of this file."""
        return Defect(self.file, self.line(*path), what, mend)


def read(path: Path, root: Path) -> Source:
    """Parse one YAML file.

    Raises:
        ContentError: if it is no readable YAML mapping; the message is for somebody who never saw YAML.
    """
    name = str(path.relative_to(root))
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise ContentError(
            [
                Defect(
                    name,
                    1,
                    sentence("cannot be read ({strerror})", strerror=error.strerror),
                    sentence("put the file back or make it readable"),
                )
            ]
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ContentError(
            [
                Defect(
                    name,
                    line,
                    sentence("is not saved as UTF-8"),
                    sentence("save the file again with the encoding UTF-8"),
                )
            ]
        ) from error
    text = text.removeprefix("\ufeff")
    if _SUSPECT.search(text) and (wrong := _before_yaml(name, text)):
        raise ContentError([wrong])
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        found = mistake(text)
        raise ContentError([Defect(name, *found) if found else _yaml_defect(name, error)]) from error
    except yaml.YAMLError as error:
        raise ContentError(
            [
                Defect(
                    name,
                    1,
                    f"holds a sign that YAML cannot read ({error})".replace("\n", " "),
                    sentence("delete the invisible or special sign and type the word again"),
                )
            ]
        ) from error
    if node is None:
        return Source(name, {}, {})
    if not isinstance(node, yaml.MappingNode):
        raise ContentError(
            [
                Defect(
                    name,
                    1,
                    sentence("does not begin with a name and a colon"),
                    sentence("begin each entry with its id, for example `register-address:`"),
                )
            ]
        )
    lines: dict[tuple[str, ...], int] = {}
    defects: list[Defect] = []
    try:
        data = _build(node, (), lines, defects, name)
    except RecursionError as error:
        what = sentence("refers to itself with & and *")
        raise ContentError(
            [Defect(name, 1, what, sentence("write the text out instead of referring to it"))]
        ) from error
    return Source(name, data, lines, tuple(defects))


def _before_yaml(name: str, text: str) -> Defect | None:
    """What YAML would only report in words that help nobody: blanks that are none, and marks of an unfinished merge."""
    for number, row in enumerate(text.split("\n"), 1):
        indent = row[: len(row) - len(row.lstrip())]
        if "\t" in indent:
            what, mend = sentence("begins with a tab"), sentence("indent with two blanks instead of the tab key")
        elif indent.strip(" \r"):
            what = sentence("begins with a special blank, as word processors write it")
            mend = sentence("delete it and type two ordinary blanks for each step")
        elif re.match(r"(<{7}|>{7}) |={7}\r?$", row):
            what = sentence("holds both sides of a change that git could not join")
            mend = sentence("keep the right one of the two texts, delete the other and the lines with <<<, === and >>>")
        elif cut := re.match(r"  (?:title|lead): [^\"'#|]*\s(#.*)", row):
            what = sentence("“{words}” would be read as a note and not be shown", words=cut[1].strip())
            mend = sentence('put the whole text in quotes: title: "text #1"')
        else:
            continue
        return Defect(name, number, what, mend)
    return None


def _build(
    node: yaml.Node, path: tuple[str, ...], lines: dict[tuple[str, ...], int], defects: list[Defect], name: str
) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or (isinstance(value, yaml.MappingNode) and value is node):
                defects.append(
                    Defect(
                        name,
                        key.start_mark.line + 1,
                        sentence("a name is no plain word"),
                        sentence("write `name: text`"),
                    )
                )
                continue
            if key.value in found:
                defects.append(
                    Defect(
                        name,
                        key.start_mark.line + 1,
                        sentence("“{value}” stands here a second time", value=key.value),
                        sentence("keep one of the two and delete or rename the other"),
                    )
                )
                continue
            here = (*path, str(key.value))
            lines[here] = key.start_mark.line + 1
            found[str(key.value)] = _build(value, here, lines, defects, name)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, str(i)), lines, defects, name) for i, item in enumerate(node.value)]
    if not getattr(node, "style", "") and node.end_mark.line > node.start_mark.line:
        defects.append(
            Defect(
                name,
                node.start_mark.line + 1,
                sentence("the lines of “{key}” would run together into one", key=path[-1] if path else ""),
                sentence("write | after the colon: `{key}: |`", key=path[-1] if path else ""),
            )
        )
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool" and str(node.value).lower() in ("true", "false"):
        return str(node.value).lower() == "true"
    return node.value


def _yaml_defect(name: str, error: yaml.MarkedYAMLError) -> Defect:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or str(error)
    if "mapping values are not allowed" in problem:
        return Defect(
            name,
            line,
            sentence("has a second colon in the line"),
            sentence('put the text in quotes: key: "text: more text"'),
        )
    if "could not find expected ':'" in problem:
        return Defect(
            name,
            line,
            sentence("a colon is missing after a name in this line or the one before"),
            sentence("write `name: text`"),
        )
    if "block end" in problem or "block mapping" in (error.context or "") or "indent" in problem:
        return Defect(
            name,
            line,
            sentence("this line is not indented like its neighbours"),
            sentence("give it the same number of blanks as the lines of the same list or entry; check quotes above it"),
        )
    if "quoted scalar" in (error.context or ""):
        start = error.context_mark.line + 1 if error.context_mark else line
        return Defect(
            name,
            start,
            sentence("a quotation mark is opened and not closed"),
            sentence('close it with the same sign: "text"'),
        )
    if "unacceptable" in problem or "special characters" in problem:
        return Defect(
            name, line, sentence("holds an invisible control sign"), sentence("delete it and type the word again")
        )
    return Defect(
        name,
        line,
        sentence("cannot be read: {problem}", problem=problem),
        sentence("compare with an entry above that works: same blanks, a colon after the name, quotes closed"),
    )
