"""`python -m benchmarks.layers`: what every layer of the matcher adds, on the held-out messages, each left out in turn.

Without a part of the score the others are weighed anew on the calibration messages; without a step of preparation the
examples and messages still pass the other steps, and the heads stay as they were trained. "first": the expected topic is
the most likely one, among all messages with a topic; "at 3 % wrong": answered rightly when confidence is cut so that at
most 3 of 100 messages get a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.settings import VAR
from bot.understand import load_matcher
from intents import catalogue
from intents.catalogue import Labelled
from intents.matcher import Matcher
from intents.model import PARTS, group_shares
from intents.prepare import Prepared, prepare
from intents.train import fit_weights, parts_of, shares_of
from intents.vocabulary import make_vocabulary

TESTS = Path(__file__).resolve().parent.parent / "tests" / "utterances"
WRONG = 0.03
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The matcher with something left out."""

    name: str
    without: str = ""
    read: Callable[[Matcher, str], Prepared] = lambda matcher, text: matcher.read(text)
    elsewhere: bool = True


def _not_romanised(matcher: Matcher, text: str) -> Prepared:
    read = matcher.read(text)
    return replace(read, text=matcher.vocabulary.read(read.typed))


def _no_vocabulary(matcher: Matcher, text: str) -> Prepared:
    return replace(matcher, vocabulary=make_vocabulary({})).read(text)


def _no_keyboard(matcher: Matcher, text: str) -> Prepared:
    return prepare(
        text,
        matcher.vocabulary,
        matcher.model.languages,
        familiar=lambda words: 1.0,
        shares=matcher.model.language_shares,
    )


VARIANTS = (
    Variant(name="all layers"),
    *(Variant(name=f"without {part}", without=part) for part in PARTS),
    Variant(name="without own script for romanised", read=_not_romanised),
    Variant(name="without official words", read=_no_vocabulary),
    Variant(name="without the meant keyboard", read=_no_keyboard),
    Variant(name="without the names of other towns", elsewhere=False),
)


def measure(
    matcher: Matcher, variant: Variant, known: Sequence[Labelled], asked: Sequence[Labelled]
) -> tuple[float, float]:
    """Share first, share answered rightly at 3 % wrong."""
    names = [part for part in PARTS if part != variant.without]
    weights = _weights(matcher, names, known)
    shares = _shares(matcher, variant, weights, asked)
    quiet = np.array([name in catalogue.COMMON for name in matcher.model.classes])
    topics = np.where(quiet, 0, shares)
    best, confidence = topics.argmax(axis=1), topics.max(axis=1)
    answers = confidence > np.where(quiet, shares, 0).max(axis=1)
    if variant.elsewhere:
        answers &= ~np.array([bool(matcher.elsewhere.named_in(row.text)) for row in asked])
    right = np.array([matcher.model.classes[b] in row.means for b, row in zip(best, asked, strict=True)])
    in_scope = np.array([row.kind == "in-scope" for row in asked])
    danger = np.array([row.kind == "emergency" for row in asked])
    reached = 0.0
    for limit in np.unique(confidence):
        answered = answers & (confidence >= limit)
        if (answered & ~right & ~danger).sum() <= WRONG * (~danger).sum():
            reached = float((answered & right & in_scope).sum() / in_scope.sum())
            break
    return float(right[in_scope].mean()), reached


def _parts(
    matcher: Matcher, read: Callable[[Matcher, str], Prepared], rows: Sequence[Labelled]
) -> tuple[Mapping[str, Floats], Floats]:
    prepared = [read(matcher, row.text) for row in rows]
    known = group_shares(np.stack([message.spoken for message in prepared]), matcher.model.languages)
    return parts_of(matcher.model, prepared, VAR / "vectors", lambda line: None), known


def _weights(matcher: Matcher, names: Sequence[str], known: Sequence[Labelled]) -> dict[str, tuple[float, ...]]:
    parts, spoken = _parts(matcher, lambda m, text: m.read(text), known)
    allowed = np.array([[name in row.means for name in matcher.model.classes] for row in known])
    return fit_weights({name: parts[name] for name in names}, spoken, allowed)


def _shares(
    matcher: Matcher, variant: Variant, weights: Mapping[str, tuple[float, ...]], asked: Sequence[Labelled]
) -> Floats:
    parts, known = _parts(matcher, variant.read, asked)
    return shares_of(weights, {name: parts[name] for name in weights}, known)


def main() -> None:
    """Print the table."""
    matcher = load_matcher()
    known, asked = catalogue.labelled(), catalogue.labelled_in(sorted(TESTS.glob("*.jsonl")))
    print(f"{len(asked)} held-out messages; weights fitted on {len(known)} others")
    print(f"{'':36} {'first':>8} {'at 3 % wrong':>14}")
    for variant in VARIANTS:
        first, reached = measure(matcher, variant, known, asked)
        print(f"{variant.name:36} {100 * first:6.1f} % {100 * reached:12.1f} %", flush=True)


if __name__ == "__main__":
    main()
