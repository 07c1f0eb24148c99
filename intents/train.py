"""Fit the model from the utterances: `lotsenbot train`. Minutes on two cores; the encoders' vectors are kept by text, so an edit is quick.

Heads are multinomial or one-vs-rest logistic regressions. Their weights are fitted on out-of-fold predictions; confidence
and every threshold on the labelled messages of ``calibration/``, which no head was trained on. All of it is stored with
the figures it rests on.
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
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import StratifiedKFold

from intents import catalogue
from intents.catalogue import Labelled
from intents.elsewhere import make_elsewhere
from intents.encoders import available
from intents.lexical import BUCKETS, buckets
from intents.model import Fusion, Head, Model, load, save, save_readable
from intents.normalise import folded
from intents.understanding import Thresholds

FOLDS = 4
COLUMNS = 40_000
SEED = 20140
WRONG_AT_MOST, CERTAINTY = 0.05, 0.9
FALSE_ALARMS, FALSE_QUESTIONS, FALSE_PERSONS = 1 / 200, 1 / 100, 1 / 100
ASK_FROM = 6
EXPECTED_OUTSIDE = 0.1
SHORT_WORDS = 4
PERSON = "talk-to-a-human"
HEAD_SETS = (("lex", "use", "e5"), ("lex", "use"), ("lex",))
Say = Callable[[str], None]
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The training set: parallel sequences, ``y`` and ``language`` as class numbers."""

    texts: Sequence[str]
    classes: tuple[str, ...]
    languages: tuple[str, ...]
    y: NDArray[np.int64]
    language: NDArray[np.int64]


def train(root: Path = catalogue.ROOT, *, cache: Path, say: Say) -> dict[str, Any]:
    """Fit everything, write ``model/`` and return the figures."""
    rows = _rows(root)
    say(f"{len(rows.texts)} utterances, {len(rows.classes)} classes, {len(rows.languages)} languages")
    column, idf, letters = _letters(rows.texts)
    vectors = _vectors(rows.texts, cache, say)
    centres = np.stack([vectors["e5"][rows.language == i].mean(axis=0) for i in range(len(rows.languages))])
    centred = vectors["e5"] - centres[rows.language]
    features: dict[str, Any] = {
        "lex": letters,
        "use": vectors["use"],
        "e5": centred / np.linalg.norm(centred, axis=1, keepdims=True),
    }
    unseen = _out_of_fold(features, rows, say)
    say("fitting the heads on everything")
    heads = {name: _fit(name, matrix, rows.y, len(rows.classes)) for name, matrix in features.items()}
    bare = Model(
        classes=rows.classes, languages=rows.languages, heads=heads, centres=centres.astype(np.float32), column=column, idf=idf, fusions={},
        language_head=_fit("lex", letters, rows.language, len(rows.languages)), short=_short(rows), made_from=catalogue.fingerprint(root),
    )  # fmt: skip
    labelled = catalogue.labelled(root)
    known = _parts(bare, [row.text for row in labelled], cache, say)
    fusions = {
        "+".join(names): _calibrated(
            _weights({n: unseen[n] for n in names}, rows.y), {n: known[n] for n in names}, labelled, rows.classes
        )
        for names in HEAD_SETS
    }
    figures = {
        "utterances": len(rows.texts), "by_language": dict(Counter(rows.languages[i] for i in rows.language)), "folds": FOLDS,
        "calibrated_on": len(labelled),
    }  # fmt: skip
    save(replace(bare, fusions=fusions), figures, root / "model")
    return figures | {name: dict(fusion.figures) for name, fusion in fusions.items()}


def recalibrate(root: Path = catalogue.ROOT, *, cache: Path, say: Say) -> dict[str, Any]:
    """Fit confidence and thresholds of the stored model again, in seconds."""
    model, labelled = load(root / "model"), catalogue.labelled(root)
    known = _parts(model, [row.text for row in labelled], cache, say)
    fusions = {
        names: _calibrated(fusion.weights, {name: known[name] for name in fusion.weights}, labelled, model.classes)
        for names, fusion in model.fusions.items()
    }
    figures = json.loads((root / "model" / "model.json").read_text(encoding="utf-8"))["figures"]
    save_readable(replace(model, fusions=fusions), figures, root / "model")
    return {names: dict(fusion.figures) for names, fusion in fusions.items()}


def _parts(model: Model, texts: Sequence[str], cache: Path, say: Say) -> dict[str, Floats]:
    """What each head of the finished model says of new messages, as the matcher would ask it."""
    vectors, spoken = _vectors(texts, cache, say), [model.language_shares(text) for text in texts]
    parts = {
        name: np.stack([model.encoded(name, v, s) for v, s in zip(found, spoken, strict=True)])
        for name, found in vectors.items()
    }
    return parts | {"lex": np.stack([model.lexical(text) for text in texts])}


def _rows(root: Path) -> Rows:
    found = list({(u.language, folded(u.text) or u.text): u for u in catalogue.utterances(root)}.values())
    classes, languages = tuple(sorted({u.intent for u in found})), tuple(sorted({u.language for u in found}))
    return Rows(
        texts=[u.text for u in found],
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


def _vectors(texts: Sequence[str], cache: Path, say: Say) -> dict[str, Floats]:
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
    if name == "lex":
        fitted = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=15, tol=None, random_state=SEED, n_jobs=2).fit(
            matrix, y
        )
    else:
        fitted = LogisticRegression(C=10, max_iter=200).fit(matrix, y)
    weights, bias = np.zeros((matrix.shape[1], classes), np.float32), np.full(classes, -20.0, np.float32)
    weights[:, fitted.classes_], bias[fitted.classes_] = fitted.coef_.T, fitted.intercept_
    return Head(weights=weights, bias=bias)


def _out_of_fold(features: Mapping[str, Any], rows: Rows, say: Say) -> dict[str, Floats]:
    unseen = {name: np.zeros((len(rows.texts), len(rows.classes)), np.float32) for name in features}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows.texts, rows.y)
    for number, (seen, held) in enumerate(folds, 1):
        say(f"fold {number} of {FOLDS}")
        for name, matrix in features.items():
            head = _fit(name, matrix[seen], rows.y[seen], len(rows.classes))
            unseen[name][held] = head.log_shares(np.asarray(matrix[held] @ head.weights, dtype=np.float32))
    return unseen


def _weights(parts: Mapping[str, Floats], y: NDArray[np.int64]) -> dict[str, float]:
    """How much each head counts: maximum likelihood on out-of-fold predictions."""
    names, everyone = list(parts), np.arange(len(y))

    def loss(weights: Sequence[float]) -> float:
        return float(-np.log(_shares(dict(zip(names, weights, strict=True)), parts)[everyone, y] + 1e-9).mean())

    fitted = minimize(loss, x0=[0.6] * len(names), method="Nelder-Mead")
    return {name: float(weight) for name, weight in zip(names, fitted.x, strict=True)}


def _shares(weights: Mapping[str, float], parts: Mapping[str, Floats]) -> Floats:
    score = sum((weight * parts[name] for name, weight in weights.items()), np.zeros_like(next(iter(parts.values()))))
    score = score - score.max(axis=1, keepdims=True)
    shares: Floats = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    return shares


def _calibrated(
    weights: Mapping[str, float], parts: Mapping[str, Floats], labelled: Sequence[Labelled], classes: Sequence[str]
) -> Fusion:
    """Confidence and thresholds, fitted on labelled messages that no head was trained on.

    One factor on all weights makes confidence agree with how often the bot is right. Then the lowest confidence and lead
    are taken whose wrong answers stay, with the given certainty, under ``WRONG_AT_MOST`` of all messages: Clopper and
    Pearson's bound for a share (Biometrika 26, 1934). Messages that no topic covers are more frequent among the labelled
    ones than we expect in the chat, so they count as ``EXPECTED_OUTSIDE`` of all. The limits for danger and for the wish for a person catch what the labels ask
    for, as long as ordinary messages stay below them.
    """
    allowed = np.array([[name in row.means for name in classes] for row in labelled])
    factor = minimize(
        lambda f: float(
            -np.log((_shares({n: w * f[0] for n, w in weights.items()}, parts) * allowed).sum(axis=1) + 1e-9).mean()
        ),
        x0=[1.0],
        method="Nelder-Mead",
    ).x[0]
    weights = {name: weight * float(factor) for name, weight in weights.items()}
    p = _shares(weights, parts)
    thresholds, figures = _thresholds(p, labelled, classes)
    kinds = np.array([row.kind for row in labelled])
    danger = p[:, [name.startswith("emergency-") for name in classes]].sum(axis=1)
    sure, perhaps = (_share_above(danger[kinds != "emergency"], share) for share in (FALSE_ALARMS, FALSE_QUESTIONS))
    person = p[:, classes.index(PERSON)]
    others = _share_above(person[(kinds != "human") & ~allowed[:, classes.index(PERSON)]], FALSE_PERSONS)
    return Fusion(
        weights=weights, thresholds=thresholds, alarm=max(sure, 0.2), alarm_ask=max(perhaps, 0.1), person=max(round(100 * others), 10), figures=figures
    )  # fmt: skip


def _thresholds(p: Floats, labelled: Sequence[Labelled], classes: Sequence[str]) -> tuple[Thresholds, dict[str, float]]:
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
            if wrong_share(answered)[1] <= WRONG_AT_MOST and (answered & right).sum() > most:
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


def _short(rows: Rows) -> dict[str, str]:
    """Short utterances that mean exactly one thing, for the exact path."""
    meanings: dict[str, set[str]] = {}
    for text, y in zip(rows.texts, rows.y, strict=True):
        plain = folded(text)
        if plain and len(plain.split()) <= SHORT_WORDS:
            meanings.setdefault(plain, set()).add(rows.classes[y])
    return {plain: next(iter(found)) for plain, found in sorted(meanings.items()) if len(found) == 1}
