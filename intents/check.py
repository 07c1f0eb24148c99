"""Everything an editor can get wrong in the utterances, each with file, line, what and how to mend; and whether the model is stale."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from intents import catalogue
from intents.alarm import compile_pattern
from intents.normalise import folded
from locales.defects import Defect, sentence

FEWEST = {"de": 10, "en": 10}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class _Line:
    file: str
    number: int
    language: str
    intent: str
    text: str


def check(language: str = "", root: Path = catalogue.ROOT) -> list[Defect]:
    """All defects of the utterances, in one language if asked."""
    known = catalogue.registry(root)
    findings: list[Defect] = []
    lines: list[_Line] = []
    for path in catalogue.files(root):
        if not language or path.parent.name == language:
            findings += _file(path, root, known, lines)
    findings += _repeated(lines)
    findings += _too_few(lines, known, language)
    if not language:
        findings += _stale(root)
    return sorted(set(findings))


def _file(path: Path, root: Path, known: dict[str, dict[str, str]], lines: list[_Line]) -> Iterator[Defect]:
    name, language = str(path.relative_to(root)), path.parent.name
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError:
        yield Defect(
            name, 1, sentence("is not saved as UTF-8"), sentence("save the file again with the encoding UTF-8")
        )
        return
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        yield Defect(
            name,
            mark.line + 1 if mark else 1,
            sentence("cannot be read ({problem})", problem=error.problem),
            sentence('compare with the lines above: "- " before each utterance, quotes around one with a colon'),
        )
        return
    if not isinstance(node, yaml.MappingNode):
        yield Defect(
            name,
            1,
            sentence("does not begin with an id and a colon"),
            sentence("write `register-address:` and below it the utterances"),
        )
        return
    seen: set[str] = set()
    for key, value in node.value:
        at = key.start_mark.line + 1
        if key.value in seen:
            yield Defect(
                name,
                at,
                sentence("“{value}” stands here a second time", value=key.value),
                sentence("put its utterances under the first one"),
            )
        seen.add(key.value)
        if path.name == "_alarm.yaml":
            yield from _patterns(name, key.value, value, known)
        elif key.value == catalogue.NOT_DANGER:
            yield from _pairs(name, language, value, known, lines)
        elif key.value not in known and not (path.name == "_common.yaml" and key.value in catalogue.COMMON):
            yield Defect(
                name,
                at,
                sentence("there is no topic “{value}”", value=key.value),
                sentence("use an id from intents/intents.yaml"),
            )
        elif path.name != "_common.yaml" and known[key.value]["chapter"] != path.stem:
            yield Defect(
                name,
                at,
                sentence("“{value}” belongs to the chapter {what}", value=key.value, what=known[key.value]["chapter"]),
                sentence("move it to {language}/{what}.yaml", language=language, what=known[key.value]["chapter"]),
            )
        else:
            yield from _utterances(name, language, key.value, value, lines)


def _utterances(name: str, language: str, intent: str, value: yaml.Node, lines: list[_Line]) -> Iterator[Defect]:
    for item in value.value if isinstance(value, yaml.SequenceNode) else ():
        at = item.start_mark.line + 1
        if not isinstance(item, yaml.ScalarNode):
            yield Defect(
                name,
                at,
                sentence("an utterance with a colon is read as a table"),
                sentence('put it in quotes: - "anmeldung: was kostet das"'),
            )
        elif not item.value.strip():
            yield Defect(name, at, sentence("an utterance is empty"), sentence("delete the line or write one"))
        else:
            lines.append(_Line(name, at, language, intent, item.value))


def _pairs(
    name: str, language: str, value: yaml.Node, known: dict[str, dict[str, str]], lines: list[_Line]
) -> Iterator[Defect]:
    for item in value.value if isinstance(value, yaml.SequenceNode) else ():
        at = item.start_mark.line + 1
        pair = {key.value: inner.value for key, inner in item.value} if isinstance(item, yaml.MappingNode) else {}
        if not isinstance(pair.get("say"), str) or (
            pair.get("topic") not in known and pair.get("topic") not in catalogue.COMMON
        ):
            yield Defect(
                name, at, sentence("is no pair of words and topic"), sentence('- {say: "…", topic: mental-health}')
            )
        else:
            lines.append(_Line(name, at, language, pair["topic"], pair["say"]))


def _patterns(name: str, topic: str, value: yaml.Node, known: dict[str, dict[str, str]]) -> Iterator[Defect]:
    if topic != "unless" and known.get(topic, {}).get("kind") != "emergency":
        yield Defect(
            name,
            value.start_mark.line + 1,
            sentence("“{topic}” is no emergency topic", topic=topic),
            sentence("use an emergency topic or `unless`"),
        )
    for item in value.value if isinstance(value, yaml.SequenceNode) else ():
        if not isinstance(item, yaml.ScalarNode) or compile_pattern(item.value) is None:
            yield Defect(
                name,
                item.start_mark.line + 1,
                sentence("a pattern has no words"),
                sentence("write words, for example `atmet nicht`"),
            )


def _repeated(lines: list[_Line]) -> Iterator[Defect]:
    """The same words, in any order, may mean one thing only; otherwise one topic over-matches the other."""
    first: dict[tuple[str, str], _Line] = {}
    by_words: dict[tuple[str, tuple[str, ...]], _Line] = {}
    for line in lines:
        plain = folded(line.text) or line.text.strip()
        before = first.setdefault((line.language, plain), line)
        if before is not line:
            yield Defect(
                line.file,
                line.number,
                sentence(
                    "“{text}” stands already in {file_}:{number}",
                    text=line.text,
                    file_=before.file,
                    number=before.number,
                ),
                sentence("keep it in one place only"),
            )
            continue
        same_words = by_words.setdefault((line.language, tuple(sorted(plain.split()))), line)
        if same_words.intent != line.intent:
            yield Defect(
                line.file,
                line.number,
                sentence(
                    "“{text}” is over-matched: {file_}:{number} says the same words for {intent}",
                    text=line.text,
                    file_=same_words.file,
                    number=same_words.number,
                    intent=same_words.intent,
                ),
                sentence("decide for one topic, or make the two differ"),
            )


def _too_few(lines: list[_Line], known: dict[str, dict[str, str]], language: str) -> Iterator[Defect]:
    for tag, fewest in FEWEST.items():
        if language and tag != language:
            continue
        for topic, fields in known.items():
            number = sum(1 for line in lines if line.language == tag and line.intent == topic)
            if number < fewest:
                yield Defect(
                    f"{tag}/{fields['chapter']}.yaml",
                    1,
                    sentence("“{topic}” has {number} utterances", topic=topic, number=number),
                    sentence("write at least {fewest}, as people really type", fewest=fewest),
                )


def _stale(root: Path) -> Iterator[Defect]:
    try:
        made_from = json.loads((root / "model" / "model.json").read_text(encoding="utf-8"))["made_from"]
    except (OSError, ValueError, KeyError):
        made_from = "nothing"
    if made_from != catalogue.fingerprint(root):
        yield Defect(
            "model/model.json", 1, sentence("the model was made from other utterances"), sentence("run `make train`")
        )
