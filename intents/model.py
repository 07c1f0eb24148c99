"""The fitted model as an artefact: linear heads over letters and two encoders, their fusion, thresholds, and where they come from.

Everything is small arrays in ``model.npz`` and readable figures in ``model.json``; there is no code in it and no text but
the short utterances of the exact path.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.catalogue import ROOT
from intents.lexical import weighted
from intents.understanding import Thresholds

HERE = ROOT / "model"
Floats = NDArray[np.float32]


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
class Fusion:
    """How much each head counts, and what confidence means: fitted on messages the heads had not seen."""

    weights: Mapping[str, float]
    thresholds: Thresholds
    alarm: float
    alarm_ask: float
    person: int
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Model:
    """All that the matcher needs. ``fusions`` maps the available heads (``lex+use+e5``, ``lex+use``, ``lex``) to their fusion."""

    classes: tuple[str, ...]
    languages: tuple[str, ...]
    heads: Mapping[str, Head]
    language_head: Head
    centres: Floats
    column: NDArray[np.int32]
    idf: Floats
    fusions: Mapping[str, Fusion]
    short: Mapping[str, str]
    made_from: str

    def language_shares(self, text: str) -> Floats:
        """Probability of each language, from letters and words; shape (languages,)."""
        columns, values = weighted(text, self.column, self.idf)
        shares: Floats = np.exp(self.language_head.scores(values, columns))
        return shares

    def lexical(self, text: str) -> Floats:
        """Log-probability of each class from letters and words; shape (classes,)."""
        columns, values = weighted(text, self.column, self.idf)
        return self.heads["lex"].scores(values, columns)

    def encoded(self, name: str, vector: Floats, language: Floats) -> Floats:
        """Log-probability of each class from an encoder's vector; e5 is centred by the likely language."""
        if name == "e5":
            vector = vector - language @ self.centres
            vector = vector / max(float(np.linalg.norm(vector)), 1e-6)
        return self.heads[name].scores(vector)

    def fuse(self, parts: Mapping[str, Floats]) -> tuple[Floats, Fusion]:
        """Probability of each class from the parts that are there."""
        fusion = self.fusions["+".join(name for name in ("lex", "use", "e5") if name in parts)]
        score = sum(
            (fusion.weights[name] * part for name, part in parts.items()), np.zeros(len(self.classes), np.float32)
        )
        score = score - score.max()
        shares: Floats = np.exp(score) / np.exp(score).sum()
        return shares, fusion


def save(model: Model, figures: Mapping[str, Any], folder: Path = HERE) -> None:
    """Write the artefact; the large heads in 8 bits, each class with its own scale."""
    folder.mkdir(exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "column": model.column,
        "idf": model.idf.astype(np.float16),
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
    arrays["short"] = np.frombuffer(
        json.dumps(model.short, ensure_ascii=False, sort_keys=True).encode(), dtype=np.uint8
    )
    with (folder / "model.npz").open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    save_readable(model, figures, folder)


def save_readable(model: Model, figures: Mapping[str, Any], folder: Path = HERE) -> None:
    """Write what people read: classes, thresholds and the figures they rest on."""
    readable = {
        "made_from": model.made_from, "classes": model.classes, "languages": model.languages,
        "fusions": {names: _fusion_out(fusion) for names, fusion in model.fusions.items()}, "figures": figures,
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(readable, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path = HERE) -> Model:
    """Read the artefact.

    Raises:
        StaleModel: if it is missing or damaged.
    """
    try:
        readable = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(io.BytesIO((folder / "model.npz").read_bytes()), allow_pickle=False) as arrays:
            heads = {name: _head(arrays, name) for name in ("lex", "use", "e5")}
            return Model(
                classes=tuple(readable["classes"]),
                languages=tuple(readable["languages"]),
                heads=heads,
                language_head=_head(arrays, "language"),
                centres=arrays["centres"].astype(np.float32),
                column=arrays["column"],
                idf=arrays["idf"].astype(np.float32),
                fusions={k: _fusion_in(v) for k, v in readable["fusions"].items()},
                short=json.loads(arrays["short"].tobytes()),
                made_from=readable["made_from"],
            )
    except (OSError, KeyError, ValueError) as error:
        raise StaleModel(
            f"The model in {folder} is missing or damaged ({type(error).__name__}): make it with `lotsenbot train`"
        ) from error


def _head(arrays: Mapping[str, NDArray[Any]], name: str) -> Head:
    scale = arrays[f"{name}.scale"]
    weights = arrays[f"{name}.weights"]
    return Head(
        weights=Scaled(weights, scale) if name in ("lex", "language") else weights.astype(np.float32) * scale,
        bias=arrays[f"{name}.bias"],
    )


def _fusion_out(fusion: Fusion) -> dict[str, Any]:
    limits = fusion.thresholds
    return {
        "weights": dict(fusion.weights),
        "answer": limits.answer,
        "ahead": limits.ahead,
        "ask": limits.ask,
        "alarm": fusion.alarm,
        "alarm_ask": fusion.alarm_ask,
        "person": fusion.person,
        "figures": dict(fusion.figures),
    }


def _fusion_in(raw: Mapping[str, Any]) -> Fusion:
    return Fusion(
        weights=raw["weights"],
        thresholds=Thresholds(answer=raw["answer"], ahead=raw["ahead"], ask=raw["ask"]),
        alarm=raw["alarm"],
        alarm_ask=raw["alarm_ask"],
        person=raw["person"],
        figures=raw["figures"],
    )


def index_of(classes: Sequence[str]) -> dict[str, int]:
    """Class to column."""
    return {name: i for i, name in enumerate(classes)}
