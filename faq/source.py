"""Read the editors' YAML: plain mappings that remember where each value stands, and defects that say file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Defect:
    """Something an editor should mend: where it is, what is wrong and how to mend it."""

    file: str
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} → {self.mend}"


class ContentError(Exception):
    """The content cannot be used; ``defects`` says why."""

    def __init__(self, defects: Iterable[Defect]) -> None:
        self.defects = tuple(defects)
        super().__init__("\n".join(str(defect) for defect in self.defects))


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
            [Defect(name, 1, f"cannot be read ({error.strerror})", "put the file back or make it readable")]
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ContentError(
            [Defect(name, line, "is not saved as UTF-8", "save the file again with the encoding UTF-8")]
        ) from error
    text = text.removeprefix("\ufeff")
    tab = next((i for i, row in enumerate(text.splitlines(), 1) if row[: len(row) - len(row.lstrip())].count("\t")), 0)
    if tab:
        raise ContentError([Defect(name, tab, "begins with a tab", "indent with two blanks instead of the tab key")])
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        raise ContentError([_yaml_defect(name, error)]) from error
    except yaml.YAMLError as error:
        raise ContentError(
            [
                Defect(
                    name,
                    1,
                    f"holds a sign that YAML cannot read ({error})".replace("\n", " "),
                    "delete the invisible or special sign and type the word again",
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
                    "does not begin with a name and a colon",
                    "begin each entry with its id, for example `register-address:`",
                )
            ]
        )
    lines: dict[tuple[str, ...], int] = {}
    defects: list[Defect] = []
    try:
        data = _build(node, (), lines, defects, name)
    except RecursionError as error:
        what = "refers to itself with & and *"
        raise ContentError([Defect(name, 1, what, "write the text out instead of referring to it")]) from error
    return Source(name, data, lines, tuple(defects))


def _build(
    node: yaml.Node, path: tuple[str, ...], lines: dict[tuple[str, ...], int], defects: list[Defect], name: str
) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or (isinstance(value, yaml.MappingNode) and value is node):
                defects.append(Defect(name, key.start_mark.line + 1, "a name is no plain word", "write `name: text`"))
                continue
            if key.value in found:
                defects.append(
                    Defect(
                        name,
                        key.start_mark.line + 1,
                        f"“{key.value}” stands here a second time",
                        "keep one of the two and delete or rename the other",
                    )
                )
                continue
            here = (*path, str(key.value))
            lines[here] = key.start_mark.line + 1
            found[str(key.value)] = _build(value, here, lines, defects, name)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, str(i)), lines, defects, name) for i, item in enumerate(node.value)]
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
        return Defect(name, line, "has a second colon in the line", 'put the text in quotes: key: "text: more text"')
    if "could not find expected ':'" in problem:
        return Defect(
            name, line, "a colon is missing after a name in this line or the one before", "write `name: text`"
        )
    if "block end" in problem or "block mapping" in (error.context or "") or "indent" in problem:
        return Defect(
            name,
            line,
            "this line is not indented like its neighbours",
            "give it the same number of blanks as the lines of the same list or entry; check quotes above it",
        )
    if "quoted scalar" in (error.context or ""):
        start = error.context_mark.line + 1 if error.context_mark else line
        return Defect(name, start, "a quotation mark is opened and not closed", 'close it with the same sign: "text"')
    if "unacceptable" in problem or "special characters" in problem:
        return Defect(name, line, "holds an invisible control sign", "delete it and type the word again")
    return Defect(
        name,
        line,
        f"cannot be read: {problem}",
        "compare with an entry above that works: same blanks, a colon after the name, quotes closed",
    )
