"""Letters and words as hashed features: character n-grams inside words, whole words and pairs of words. Typos keep most of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from intents.normalise import folded

BUCKETS = 1 << 18
SIZES = (2, 3, 4, 5)
FAMILIAR_FROM = 3


def buckets(text: str) -> list[int]:
    """The feature numbers of a message, with repetitions. The same in every process and on every machine."""
    return [zlib.crc32(gram.encode()) % BUCKETS for gram in _grams(folded(text))]


def _grams(text: str) -> Iterator[str]:
    words = text.split()
    for word in words:
        padded = f" {word} "
        for size in SIZES:
            yield from (padded[i : i + size] for i in range(len(padded) - size + 1))
        yield f"w{word}"
    yield from (f"b{one} {two}" for one, two in pairwise(words))


def weighted(
    text: str, column: NDArray[np.int32], idf: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """TF-IDF of a message with sublinear counts and length 1: column numbers and values of what the model knows.

    ``column`` has shape (BUCKETS,) with -1 for unknown features, ``idf`` shape (columns,).
    """
    found, counts = np.unique(
        np.array([column[bucket] for bucket in buckets(text)], dtype=np.int32), return_counts=True
    )
    known = found >= 0
    found, values = found[known], (1 + np.log(counts[known])).astype(np.float32) * idf[found[known]]
    length = float(np.sqrt((values**2).sum()))
    return found, values / length if length else values


def familiar(text: str, column: NDArray[np.int32]) -> float:
    """Which share of a message's words and longer letter groups the model knows, 0 to 1."""
    groups = [gram for gram in _grams(folded(text)) if len(gram.strip()) >= FAMILIAR_FROM and not gram.startswith("b")]
    return float(np.mean([column[zlib.crc32(gram.encode()) % BUCKETS] >= 0 for gram in groups])) if groups else 0.0
