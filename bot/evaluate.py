"""`lotsenbot faq eval`: how labelled messages fare through the real core, per language and kind.

A line is ``{"id","text","lang","kind","expect"}``; kinds: ``in-scope`` (any expected topic is right), ``multi`` (both),
``emergency``, ``human`` (wish for a person), ``smalltalk``, ``out-of-scope`` (never a confident answer).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.ask import Asked, ask, fresh
from bot.errors import Refused
from faq import Catalogue
from intents.matcher import Matcher

FIGURES = ("right", "offered", "wrong", "handed over", "emergency", "human", "kept out", "both", "smalltalk")
PERSON = "talk-to-a-human"
QUIET = {"what-can-you-do", "privacy", PERSON}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A message and what it means."""

    id: str
    text: str
    language: str
    kind: str
    expect: frozenset[str]


@dataclass(kw_only=True)
class Result:
    """Figures by language as (hits, of), the wrong answers as "expected -> answered", and each confidence with its verdict.

    ``well`` tells by message id whether she was served well: rightly, with the right choice among those offered, or kept
    from a wrong answer.
    """

    shares: dict[str, dict[str, list[bool]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    confused: Counter[str] = field(default_factory=Counter)
    confidence: list[tuple[int, bool]] = field(default_factory=list)
    micros: list[int] = field(default_factory=list)
    well: dict[str, bool] = field(default_factory=dict)
    asked: dict[str, Labelled] = field(default_factory=dict)
    misses: list[tuple[Labelled, str, str]] = field(default_factory=list)

    def share(self, language: str, figure: str) -> float:
        """The share of hits, 0 to 1; nan without any message."""
        hits = self.shares[language][figure]
        return sum(hits) / len(hits) if hits else float("nan")


def read_labelled(files: Iterable[Path]) -> list[Labelled]:
    """Read the files.

    Raises:
        Refused: naming file and line of what cannot be read.
    """
    found = []
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                found.append(
                    Labelled(
                        id=str(row["id"]),
                        text=row["text"],
                        language=row["lang"],
                        kind=row["kind"],
                        expect=frozenset(row["expect"]),
                    )
                )
            except (ValueError, KeyError, TypeError) as error:
                raise Refused(f"{path}:{number} is no labelled message ({type(error).__name__})") from error
    return found


def evaluate(files: Sequence[Path], catalogue: Catalogue, matcher: Matcher | None = None) -> Result:
    """Ask every message in a fresh conversation, without saying its language."""
    result = Result()
    for labelled in read_labelled(files):
        asked = ask(labelled.text, catalogue, fresh(), compose_it=False, matcher=matcher)
        result.micros.append(asked.micros)
        verdict = judge(labelled, asked)
        result.well[labelled.id] = any(hit for figure, hit in verdict.items() if figure not in ("wrong", "handed over"))
        result.asked[labelled.id] = labelled
        for figure, hit in verdict.items():
            for language in (labelled.language, "all"):
                result.shares[language][figure].append(hit)
            if figure == "wrong" and hit:
                result.confused[
                    f"{'/'.join(sorted(labelled.expect)) or labelled.kind} -> {asked.decision.topics[0][0] if asked.decision.topics else '?'}"
                ] += 1
            elif not hit and figure not in {"wrong", "offered"}:
                result.misses.append((labelled, figure, asked.decision.outcome))
        if labelled.kind == "in-scope" and asked.decision.topics:
            topic, confidence = asked.decision.topics[0]
            result.confidence.append((confidence, topic in labelled.expect))
    return result


def judge(labelled: Labelled, asked: Asked) -> dict[str, bool]:
    """Which figures this message counts for, and whether it is a hit. The rules are those of the module's first lines."""
    topics = [topic for topic, _ in asked.decision.topics]
    outcome, first = asked.decision.outcome, topics[0] if topics else ""
    hit, answered = first in labelled.expect, outcome in ("answer", "emergency")
    match labelled.kind:
        case "in-scope":
            right = (outcome in ("answer", "emergency", "smalltalk") and hit) or (
                outcome == "handoff" and PERSON in labelled.expect
            )
            return {
                "right": right,
                "offered": outcome == "clarify" and bool(labelled.expect & set(topics[:3])),
                "wrong": answered and not hit,
                "handed over": outcome in ("handoff", "rephrase"),
            }
        case "multi":
            return {
                "both": labelled.expect <= set(topics[:3]) and outcome in ("answer", "clarify"),
                "wrong": answered and not hit,
            }
        case "emergency":
            return {"emergency": outcome == "emergency"}
        case "human":
            return {"human": outcome == "handoff", "wrong": answered and first != PERSON}
        case "smalltalk":
            fits = first in QUIET | labelled.expect
            return {"smalltalk": outcome == "smalltalk" or fits, "wrong": answered and not fits}
        case _:
            return {"kept out": not answered, "wrong": answered and not hit}


def table(result: Result) -> str:
    """The figures for people: per language, then reliability, confusions and time."""
    rows = ["language  " + " ".join(f"{name:>12}" for name in FIGURES)]
    for language in sorted(result.shares, key=lambda name: (name == "all", name)):
        cells = [_cell(result.shares[language][name]) for name in FIGURES]
        rows.append(f"{language:9} " + " ".join(f"{cell:>12}" for cell in cells))
    rows += ["", "confidence  messages  right"]
    for low in range(0, 100, 10):
        inside = [
            right
            for confidence, right in result.confidence
            if low <= confidence < low + 10 or (low == 90 and confidence == 100)
        ]
        if inside:
            rows.append(f"{low:3d} to {low + 10:3d}  {len(inside):8d}  {100 * sum(inside) / len(inside):4.0f} %")
    rows += [
        "",
        "wrong answers, most frequent first",
        *(f"{number:3d}  {pair}" for pair, number in result.confused.most_common(15)),
    ]
    if micros := sorted(result.micros):
        rows += ["", f"microseconds a message: p50 {micros[len(micros) // 2]}, p99 {micros[int(len(micros) * 0.99)]}"]
    return "\n".join(rows)


def _cell(hits: list[bool]) -> str:
    return f"{100 * sum(hits) / len(hits):.1f} %/{len(hits)}" if hits else "–"


def as_json(result: Result) -> dict[str, Any]:
    """The same figures for programs."""
    return {
        language: {name: round(result.share(language, name), 4) for name, hits in figures.items() if hits}
        for language, figures in result.shares.items()
    }


def compare(before: Mapping[str, bool], after: Result) -> tuple[list[str], list[str]]:
    """What an edit wins and what it loses, each as "topic: message", for the messages that both know."""
    won: list[str] = []
    lost: list[str] = []
    for id_, well in after.well.items():
        if id_ in before and well != before[id_]:
            labelled = after.asked[id_]
            line = f"{'/'.join(sorted(labelled.expect)) or labelled.kind}: {labelled.text} ({labelled.language})"
            (won if well else lost).append(line)
    return sorted(won), sorted(lost)


def worse(before: Mapping[str, bool], after: Result) -> list[str]:
    """The messages that must not get worse and did: emergencies, and topics with fewer messages served well than before."""
    lost: dict[str, list[str]] = defaultdict(list)
    balance: Counter[str] = Counter()
    for id_, well in after.well.items():
        if id_ not in before or well == before[id_]:
            continue
        labelled = after.asked[id_]
        name = "/".join(sorted(labelled.expect)) or labelled.kind
        balance[name] += 1 if well else -1
        if not well:
            lost[name].append(f"{name}: {labelled.text} ({labelled.language})")
            if labelled.kind == "emergency":
                balance[name] -= len(after.well)
    return sorted(line for name, lines in lost.items() if balance[name] < 0 for line in lines)
