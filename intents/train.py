"""Fit the model from the utterances: `lotsenbot train`. Minutes on two cores; the encoders' vectors are kept by text, so an edit is quick.

Heads are multinomial or one-vs-rest logistic regressions. Their fusion and every threshold are fitted on out-of-fold
predictions, that is on messages the heads had not seen, and stored with the figures they rest on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from intents.encoders import available
from intents.lexical import BUCKETS, buckets
from intents.model import Fusion, Head, Model, save
from intents.normalise import folded
from intents.understanding import Thresholds

FOLDS = 4
COLUMNS = 40_000
SEED = 20140
WRONG_AT_MOST = 0.03
WRONG_SURE = 0.95
SHORT_WORDS = 4
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
    language_head = _fit("lex", letters, rows.language, len(rows.languages))
    fusions = {
        "+".join(names): _fusion({name: unseen[name] for name in names}, rows)
        for names in (("lex", "use", "e5"), ("lex", "use"), ("lex",))
    }
    model = Model(
        classes=rows.classes,
        languages=rows.languages,
        heads=heads,
        language_head=language_head,
        centres=centres.astype(np.float32),
        column=column,
        idf=idf,
        fusions=fusions,
        short=_short(rows),
        made_from=catalogue.fingerprint(root),
    )
    figures = {
        "utterances": len(rows.texts),
        "by_language": dict(Counter(rows.languages[i] for i in rows.language)),
        "folds": FOLDS,
    }
    save(model, figures, root / "model")
    return figures | {name: dict(fusion.figures) for name, fusion in fusions.items()}


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


def _fusion(parts: Mapping[str, Floats], rows: Rows) -> Fusion:
    """Weights by maximum likelihood, then thresholds by a bound on the share of wrong answers."""
    names, everyone = list(parts), np.arange(len(rows.y))

    def shares(weights: Sequence[float]) -> Floats:
        score = sum((w * parts[name] for w, name in zip(weights, names, strict=True)), np.zeros_like(parts[names[0]]))
        score = score - score.max(axis=1, keepdims=True)
        total: Floats = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        return total

    fitted = minimize(
        lambda w: float(-np.log(shares(w)[everyone, rows.y] + 1e-9).mean()), x0=[0.6] * len(names), method="Nelder-Mead"
    )
    p = shares(fitted.x)
    thresholds, figures = _thresholds(p, rows)
    danger, ask = _alarm_limits(p, rows)
    return Fusion(
        weights={name: float(w) for name, w in zip(names, fitted.x, strict=True)},
        thresholds=thresholds,
        alarm=danger,
        alarm_ask=ask,
        person=thresholds.answer,
        figures=figures,
    )


def _thresholds(p: Floats, rows: Rows) -> tuple[Thresholds, dict[str, float]]:
    """The lowest confidence and lead whose wrong answers stay, with 95 % certainty, under ``WRONG_AT_MOST`` of all messages.

    The bound is Clopper and Pearson's for a share (Biometrika 26, 1934).
    """
    quiet = np.array([name in catalogue.COMMON for name in rows.classes])
    order = np.sort(np.where(quiet, 0, p), axis=1)
    topics = np.where(quiet, 0, p)
    best, confidence, lead = topics.argmax(axis=1), order[:, -1] * 100, (order[:, -1] - order[:, -2]) * 100
    beats_quiet = topics.max(axis=1) > np.where(quiet, p, 0).max(axis=1)
    right = best == rows.y
    is_topic = ~quiet[rows.y]
    choice = (100, 100)
    answered_best = -1.0
    for answer in range(20, 96, 2):
        for ahead in range(0, 60, 4):
            answered = (confidence >= answer) & (lead >= ahead) & beats_quiet
            wrong = int((answered & ~right).sum())
            if _upper(wrong, len(p)) <= WRONG_AT_MOST and (answered & right).mean() > answered_best:
                answered_best, choice = float((answered & right).mean()), (answer, ahead)
    answered = (confidence >= choice[0]) & (lead >= choice[1]) & beats_quiet
    figures = {
        "right": float((answered & right)[is_topic].mean()),
        "wrong_of_all": float((answered & ~right).mean()),
        "wrong_upper_bound": _upper(int((answered & ~right).sum()), len(p)),
        "first": float(right[is_topic].mean()),
        "among_three": float((np.argsort(-topics, axis=1)[:, :3] == rows.y[:, None]).any(axis=1)[is_topic].mean()),
    }
    return Thresholds(answer=choice[0], ahead=choice[1], ask=10), {
        name: round(value, 4) for name, value in figures.items()
    }


def _upper(wrong: int, of: int) -> float:
    return float(beta.ppf(WRONG_SURE, wrong + 1, of - wrong)) if wrong < of else 1.0


def _alarm_limits(p: Floats, rows: Rows) -> tuple[float, float]:
    """Alarm where at most one ordinary message in 300 is above it; ask where at most one in 100 is."""
    danger = np.array([name.startswith("emergency-") for name in rows.classes])
    ordinary = np.sort(p[:, danger].sum(axis=1)[~danger[rows.y]])
    sure, perhaps = (float(ordinary[int(len(ordinary) * (1 - share))]) for share in (1 / 300, 1 / 100))
    return max(sure, 0.3), max(perhaps, 0.15)


def _short(rows: Rows) -> dict[str, str]:
    """Short utterances that mean exactly one thing, for the exact path."""
    meanings: dict[str, set[str]] = {}
    for text, y in zip(rows.texts, rows.y, strict=True):
        plain = folded(text)
        if plain and len(plain.split()) <= SHORT_WORDS:
            meanings.setdefault(plain, set()).add(rows.classes[y])
    return {plain: next(iter(found)) for plain, found in sorted(meanings.items()) if len(found) == 1}
