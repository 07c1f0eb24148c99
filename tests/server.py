"""A real Lotsenbot process on a free port with its own database, for tests from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
LOTSENBOT = Path(sys.executable).parent / "lotsenbot"
READY_WITHIN = 60.0


def free_port() -> int:
    """A port nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """Start, kill and start again; the database stays."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, port: int | None = None, verb: str = "run"
    ) -> None:
        self.folder, self.port, self.verb = folder, port or free_port(), verb
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = clean_environment(folder) | {"PORT": str(self.port)} | dict(environment or {})
        self.log = folder / "server.log"

    def start(self) -> Server:
        """Start and wait until it is ready."""
        self.spawn()
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            assert self._process
            if self._process.poll() is not None:
                raise AssertionError(
                    f"the server ended with {self._process.returncode}: {self.log.read_text()[-2000:]}"
                )
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return self
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()[-2000:]}")

    @property
    def pid(self) -> int:
        """The process now running."""
        assert self._process
        return self._process.pid

    def spawn(self) -> None:
        """Start without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [LOTSENBOT, self.verb], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self._process
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=40)

    def run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command of the console script beside the server."""
        return subprocess.run(
            [LOTSENBOT, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def clean_environment(folder: Path) -> dict[str, str]:
    """Nothing of the machine's own settings."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
        if name in os.environ
    }
    return kept | {
        "DATABASE_URL": f"sqlite:///{folder / 'test.sqlite3'}",
        "SECRET_KEY": "only-for-tests-" + "x" * 32,
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }
