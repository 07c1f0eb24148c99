"""The fitted model as an artefact: linear heads over letters and two encoders, typical examples, fusion, thresholds, and where they come from.

Everything is small arrays in ``model.npz`` and readable figures in ``model.json``; there is no code in it and no text but
the short utterances of the exact path.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.catalogue import ROOT
from intents.lexical import weighted
from intents.understanding import Thresholds

HERE = ROOT / "model"
OTHERS = "others"
HEADS = ("lex", "use", "e5")
PARTS = ("lex", "use", "use-near", "e5", "e5-near")
# Languages whose parts are weighed alike: those with most examples; the others that the first encoder was trained on (Yang
# et al., arXiv 1907.04307); and, as the last group, all the rest.
GROUPS = (frozenset({"de", "en"}), frozenset({"ar", "es", "fr", "pl", "ru", "tr"}))
SHARPNESS = 20.0
FORM = 3  # counts up when a model of an older version can no longer be read
Floats = NDArray[np.float32]


def key_of(parts: Iterable[str]) -> str:
    """Which fusion belongs to these parts: ``lex+use+e5``, ``lex+use`` or ``lex``."""
    return "+".join(name for name in HEADS if name in parts)


def group_shares(spoken: NDArray[Any], languages: Sequence[str]) -> Floats:
    """How likely the language is one of each group; from shape (…, languages) to (…, groups + 1)."""
    inside = [spoken[..., [name in group for name in languages]].sum(axis=-1) for group in GROUPS]
    shares: Floats = np.stack([*inside, 1 - sum(inside)], axis=-1)
    return shares


def unit(vector: Floats) -> Floats:
    """Scaled to length 1."""
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


class StaleModel(Exception):
    """There is no usable model; the message says how to make one."""


@dataclass(frozen=True)
class Scaled:
    """Rows of an 8-bit matrix, scaled when they are taken, so that the large heads stay small in memory."""

    weights: NDArray[np.int8]
    scale: Floats

    def __getitem__(self, rows: Any) -> Floats:
        taken: Floats = self.weights[rows].astype(np.float32) * self.scale
        return taken


@dataclass(frozen=True, kw_only=True)
class Head:
    """Scores of all classes from one kind of features: ``weights`` has shape (features, classes)."""

    weights: Floats | Scaled
    bias: Floats

    def scores(self, vector: Floats, rows: NDArray[np.int32] | None = None) -> Floats:
        """Log-probability of each class for a dense vector, or for the values of a sparse one in the given ``rows``."""
        weights = self.weights if rows is None else self.weights[rows]
        assert isinstance(weights, np.ndarray)
        return self.log_shares(np.asarray(vector @ weights, dtype=np.float32))

    def log_shares(self, scores: Floats) -> Floats:
        """Log-softmax of ``scores + bias``."""
        shifted = scores + self.bias
        shifted = shifted - shifted.max(axis=-1, keepdims=True)
        shares: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return shares


@dataclass(frozen=True, kw_only=True)
class Typical:
    """A bounded number of typical examples of each class: a message is scored by the nearest one.

    ``projection`` has shape (dimensions, reduced), ``examples`` (n, reduced), rows of length 1 in the order of the classes;
    ``starts`` (classes,) tells where each class begins. Their number, and so the time, does not grow with the utterances.
    """

    projection: Floats
    examples: Floats
    starts: NDArray[np.int32]

    def scores(self, vector: Floats) -> Floats:
        """Log-probability of each class."""
        near = self.examples @ unit(vector @ self.projection)
        scaled = SHARPNESS * np.maximum.reduceat(near, self.starts)
        scaled = scaled - scaled.max()
        shares: Floats = scaled - np.log(np.exp(scaled).sum())
        return shares


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """How much each part counts, and what confidence means: fitted on messages the heads had not seen.

    ``weights``: for each part one weight in each of ``GROUPS`` and one in the other languages.
    ``thresholds``: those of the languages with much evidence, by name, and of ``others``.
    """

    weights: Mapping[str, tuple[float, ...]]
    thresholds: Mapping[str, Thresholds]
    alarm: float
    alarm_ask: float
    person: int
    figures: Mapping[str, Any] = field(default_factory=dict)

    def limits(self, language: str) -> Thresholds:
        """The thresholds for a message in this language; the stricter ones when it is unknown."""
        return self.thresholds.get(language, self.thresholds[OTHERS])


@dataclass(frozen=True, kw_only=True)
class Model:
    """All that the matcher needs. ``fusions`` maps the available heads (``lex+use+e5``, ``lex+use``, ``lex``) to their fusion."""

    classes: tuple[str, ...]
    languages: tuple[str, ...]
    heads: Mapping[str, Head]
    typical: Mapping[str, Typical]
    language_head: Head
    language_column: NDArray[np.int32]
    language_idf: Floats
    centres: Floats
    column: NDArray[np.int32]
    idf: Floats
    fusions: Mapping[str, Fusion]
    short: Mapping[str, str]
    made_from: str

    def language_shares(self, text: str) -> Floats:
        """Probability of each language, from letters and words; shape (languages,)."""
        columns, values = weighted(text, self.language_column, self.language_idf)
        shares: Floats = np.exp(self.language_head.scores(values, columns))
        return shares

    def lexical(self, text: str) -> Floats:
        """Log-probability of each class from letters and words; shape (classes,)."""
        columns, values = weighted(text, self.column, self.idf)
        return self.heads["lex"].scores(values, columns)

    def encoded(self, name: str, vector: Floats, spoken: Floats) -> dict[str, Floats]:
        """Log-probabilities of each class from an encoder's vector, by its head and by its typical examples.

        e5 is centred by the likely language.
        """
        if name == "e5":
            vector = unit(vector - spoken @ self.centres)
        return {name: self.heads[name].scores(vector), f"{name}-near": self.typical[name].scores(vector)}

    def fuse(self, parts: Mapping[str, Floats], spoken: Floats) -> tuple[Floats, Fusion]:
        """Probability of each class from the parts that are there."""
        fusion = self.fusions[key_of(parts)]
        groups = group_shares(spoken, self.languages)
        score = np.zeros(len(self.classes), np.float32)
        for name, weights in fusion.weights.items():
            score = score + np.float32(groups @ np.array(weights)) * parts[name]
        score = score - score.max()
        shares: Floats = np.exp(score) / np.exp(score).sum()
        return shares, fusion


def save(model: Model, figures: Mapping[str, Any], folder: Path = HERE) -> None:
    """Write the artefact; the large heads in 8 bits, each class with its own scale."""
    folder.mkdir(exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "column": model.column,
        "idf": model.idf.astype(np.float16),
        "language_column": model.language_column,
        "language_idf": model.language_idf.astype(np.float16),
        "centres": model.centres.astype(np.float16),
    }
    for name, head in [*model.heads.items(), ("language", model.language_head)]:
        full = np.asarray(head.weights)
        scale = np.abs(full).max(axis=0) / 127 + 1e-12
        arrays |= {
            f"{name}.weights": np.round(full / scale).astype(np.int8),
            f"{name}.scale": scale.astype(np.float32),
            f"{name}.bias": head.bias,
        }
    for name, typical in model.typical.items():
        arrays |= {
            f"{name}.projection": typical.projection.astype(np.float16),
            f"{name}.examples": np.round(typical.examples * 127).astype(np.int8),
            f"{name}.starts": typical.starts,
        }
    arrays["short"] = np.frombuffer(
        json.dumps(model.short, ensure_ascii=False, sort_keys=True).encode(), dtype=np.uint8
    )
    with (folder / "model.npz").open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    save_readable(model, figures, folder)


def save_readable(model: Model, figures: Mapping[str, Any], folder: Path = HERE) -> None:
    """Write what people read: classes, thresholds and the figures they rest on."""
    readable = {
        "form": FORM, "made_from": model.made_from, "classes": model.classes, "languages": model.languages,
        "fusions": {names: _fusion_out(fusion) for names, fusion in model.fusions.items()}, "figures": figures,
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(readable, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path = HERE) -> Model:
    """Read the artefact.

    Raises:
        StaleModel: if it is missing or damaged.
    """
    try:
        readable = _of_this_form(json.loads((folder / "model.json").read_text(encoding="utf-8")))
        with np.load(io.BytesIO((folder / "model.npz").read_bytes()), allow_pickle=False) as arrays:
            heads = {name: _head(arrays, name) for name in ("lex", "use", "e5")}
            return Model(
                classes=tuple(readable["classes"]),
                languages=tuple(readable["languages"]),
                heads=heads,
                typical={name: _typical(arrays, name) for name in ("use", "e5")},
                language_head=_head(arrays, "language"),
                language_column=arrays["language_column"],
                language_idf=arrays["language_idf"].astype(np.float32),
                centres=arrays["centres"].astype(np.float32),
                column=arrays["column"],
                idf=arrays["idf"].astype(np.float32),
                fusions={k: _fusion_in(v) for k, v in readable["fusions"].items()},
                short=json.loads(arrays["short"].tobytes()),
                made_from=readable["made_from"],
            )
    except (OSError, KeyError, ValueError) as error:
        raise StaleModel(
            f"The model in {folder} is missing, damaged or of another version ({type(error).__name__}): make it with `lotsenbot train`"
        ) from error


def _head(arrays: Mapping[str, NDArray[Any]], name: str) -> Head:
    scale = arrays[f"{name}.scale"]
    weights = arrays[f"{name}.weights"]
    return Head(
        weights=Scaled(weights, scale) if name in ("lex", "language") else weights.astype(np.float32) * scale,
        bias=arrays[f"{name}.bias"],
    )


def _of_this_form(readable: dict[str, Any]) -> dict[str, Any]:
    if readable["form"] != FORM:
        raise ValueError("made by another version of this program")
    return readable


def _typical(arrays: Mapping[str, NDArray[Any]], name: str) -> Typical:
    return Typical(
        projection=arrays[f"{name}.projection"].astype(np.float32),
        examples=arrays[f"{name}.examples"].astype(np.float32) / np.float32(127),
        starts=arrays[f"{name}.starts"],
    )


def _fusion_out(fusion: Fusion) -> dict[str, Any]:
    return {
        "weights": {name: list(weights) for name, weights in fusion.weights.items()},
        "thresholds": {
            language: {"answer": limits.answer, "ahead": limits.ahead, "ask": limits.ask}
            for language, limits in fusion.thresholds.items()
        },
        "alarm": fusion.alarm,
        "alarm_ask": fusion.alarm_ask,
        "person": fusion.person,
        "figures": dict(fusion.figures),
    }


def _fusion_in(raw: Mapping[str, Any]) -> Fusion:
    return Fusion(
        weights={name: tuple(weights) for name, weights in raw["weights"].items()},
        thresholds={language: Thresholds(**limits) for language, limits in raw["thresholds"].items()},
        alarm=raw["alarm"],
        alarm_ask=raw["alarm_ask"],
        person=raw["person"],
        figures=raw["figures"],
    )
