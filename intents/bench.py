"""Our training and matching on anybody's labelled sentences: `lotsenbot bench intents TRAIN.csv TEST.csv`.

The files have the columns ``sentence,label``; ``NO_NODES_DETECTED`` means that no intent fits (HINT3, Arora et al.,
arXiv 2009.13833). Nothing of the project's own examples takes part.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import matthews_corrcoef

from intents import catalogue
from intents.encoders import available
from intents.model import Fusion, Model, group_shares, key_of
from intents.prepare import example
from intents.train import Rows, Say, fit, fit_weights, vectors_of
from intents.understanding import Thresholds
from intents.vocabulary import Vocabulary, make_vocabulary

OUTSIDE = "NO_NODES_DETECTED"
GROUPS, FOLDS, SEED = 5, 4, 20140
EXPECTED_OUTSIDE = 1 / 3
Floats = NDArray[np.float32]


class WrongTable(Exception):
    """A file is no table of sentences and labels; the message says where."""


def read_table(path: Path) -> list[tuple[str, str]]:
    """Sentences with labels.

    Raises:
        WrongTable: if the file cannot be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(row["sentence"], row["label"]) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongTable(f"{path} cannot be read: {error}") from error
    except KeyError as error:
        raise WrongTable(f"{path} has no column {error}: the first line must name `sentence` and `label`") from error
    found = [(sentence, label) for sentence, label in rows if sentence and sentence.strip() and label]
    if len({label for _, label in found}) < 2:
        raise WrongTable(f"{path} needs sentences of at least two labels")
    return found


def bench(train: Path, test: Path, *, language: str, cache: Path, say: Say) -> dict[str, Any]:
    """Train on one table and measure on the other.

    ``accuracy``: share of the messages with an intent whose most likely intent is theirs, 0 to 1. ``mcc``: Matthews
    correlation over all messages, no intent counted as one more class, at the best threshold; ``mcc_calibrated``: at
    the threshold chosen on the training table alone. ``p50_us``, ``p99_us``: microseconds a message, one thread.
    """
    words = make_vocabulary(catalogue.vocabulary())
    known, asked = read_table(train), read_table(test)
    rows = _rows(known, language, words)
    inside = np.array([rows.classes[y] != OUTSIDE for y in rows.y])
    say(f"{len(known)} sentences, {len(rows.classes)} labels; {len(asked)} to test")
    vectors = vectors_of(rows.texts, cache, say)
    model, limit = _calibrated(rows, inside, vectors, say)
    encoders = available()
    guesses, confidence, micros = [], [], []
    for sentence, _ in asked:
        began = time.perf_counter_ns()
        shares = _shares(model, example(sentence, language, words), encoders)
        micros.append((time.perf_counter_ns() - began) // 1000)
        guesses.append(model.classes[int(shares.argmax())])
        confidence.append(float(shares.max()))
    labels, sure = np.array([label for _, label in asked]), np.array(confidence)
    first = np.array(guesses)
    best = max(_mcc(labels, first, sure, t) for t in np.unique(np.concatenate([[0.0], sure])))
    return {
        "accuracy": round(float((first == labels)[labels != OUTSIDE].mean()), 4),
        "mcc": round(best, 4),
        "mcc_calibrated": round(_mcc(labels, first, sure, limit), 4),
        "p50_us": int(np.percentile(micros, 50)),
        "p99_us": int(np.percentile(micros, 99)),
    }


def _rows(table: Sequence[tuple[str, str]], language: str, words: Vocabulary) -> Rows:
    classes = tuple(sorted({label for _, label in table}))
    return Rows(
        typed=[sentence for sentence, _ in table],
        texts=[example(sentence, language, words) for sentence, _ in table],
        classes=classes,
        languages=(language,),
        y=np.array([classes.index(label) for _, label in table]),
        language=np.zeros(len(table), dtype=np.int64),
    )


def _calibrated(rows: Rows, inside: NDArray[np.bool_], vectors: dict[str, Floats], say: Say) -> tuple[Model, float]:
    """The model with its weights and the confidence from which it answers.

    Weights come from ordinary cross-validation. The limit comes from cross-validation in which a part of the labels is
    unknown too, so that some messages have no intent: as those of real people will.
    """
    say("weights, by cross-validation")
    everyone = np.arange(len(rows.y))
    shuffled = np.random.default_rng(SEED).permutation(everyone)
    unseen: dict[str, Floats] = {}
    for fold in range(FOLDS):
        held = shuffled[fold::FOLDS]
        part = fit(
            _some(rows, np.setdiff1d(everyone, held)), {n: v[np.setdiff1d(everyone, held)] for n, v in vectors.items()}
        )
        for name, scores in _parts(part, rows, vectors, held).items():
            unseen.setdefault(name, np.zeros((len(rows.y), len(rows.classes)), np.float32))[held] = scores
    weights = fit_weights(
        unseen, group_shares(np.ones((len(rows.y), 1)), rows.languages), np.eye(len(rows.classes), dtype=bool)[rows.y]
    )
    fusion = Fusion(
        weights=weights, thresholds={"others": Thresholds(answer=0, ahead=0, ask=0)}, alarm=1, alarm_ask=1, person=100
    )
    say("the limit, by cross-validation with unknown labels")
    labels, first, sure = [], [], []
    groups = np.random.default_rng(SEED).permutation(len(rows.classes)) % GROUPS
    for group in range(GROUPS):
        strange = (groups[rows.y] == group) | ~inside
        held = shuffled[group::GROUPS]
        seen = np.setdiff1d(everyone[~(groups[rows.y] == group)], held)
        asked = np.union1d(held, everyone[strange])
        part = replace(
            fit(_some(rows, seen), {n: v[seen] for n, v in vectors.items()}),
            fusions={key_of(("lex", *vectors)): fusion},
        )
        parts = _parts(part, rows, vectors, asked)
        for row, number in enumerate(asked):
            shares, _ = part.fuse({name: scores[row] for name, scores in parts.items()}, np.ones(1, np.float32))
            labels.append(OUTSIDE if strange[number] else rows.classes[rows.y[number]])
            first.append(rows.classes[int(shares.argmax())])
            sure.append(float(shares.max()))
    outside = np.array(labels) == OUTSIDE
    weight = np.where(outside, EXPECTED_OUTSIDE / outside.mean(), (1 - EXPECTED_OUTSIDE) / (1 - outside.mean()))
    limits = np.arange(0.02, 1, 0.02)
    reached = [_mcc(np.array(labels), np.array(first), np.array(sure), limit, weight) for limit in limits]
    final = replace(fit(rows, vectors), fusions={key_of(("lex", *vectors)): fusion})
    return final, float(limits[int(np.argmax(reached))])


def _some(rows: Rows, chosen: NDArray[np.int64]) -> Rows:
    return replace(
        rows,
        typed=[rows.typed[i] for i in chosen],
        texts=[rows.texts[i] for i in chosen],
        y=rows.y[chosen],
        language=rows.language[chosen],
    )


def _parts(model: Model, rows: Rows, vectors: dict[str, Floats], chosen: NDArray[np.int64]) -> dict[str, Floats]:
    found: dict[str, list[Floats]] = {"lex": [model.lexical(rows.texts[i]) for i in chosen]}
    for encoder, matrix in vectors.items():
        for i in chosen:
            for name, part in model.encoded(encoder, matrix[i], np.ones(1, np.float32)).items():
                found.setdefault(name, []).append(part)
    return {name: np.stack(scores) for name, scores in found.items()}


def _shares(model: Model, text: str, encoders: Sequence[Any]) -> Floats:
    one = np.ones(1, np.float32)
    parts = {"lex": model.lexical(text)}
    for encoder in encoders:
        parts |= model.encoded(encoder.name, encoder.encode([text])[0], one)
    return model.fuse(parts, one)[0]


def _mcc(
    labels: NDArray[Any], first: NDArray[Any], sure: Floats, limit: float, weight: NDArray[Any] | None = None
) -> float:
    return float(matthews_corrcoef(labels, np.where(sure >= limit, first, OUTSIDE), sample_weight=weight))
