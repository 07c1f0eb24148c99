"""A PostgreSQL server of our own for the tests, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.machine import postgres_bin
from tests.server import free_port


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server and give its address; PostgreSQL refuses to run as root, so root steps down to another account."""
    programs = postgres_bin()
    assert programs, "python -m tests.machine finds or installs PostgreSQL"
    folder, port = Path(tempfile.mkdtemp(prefix="lotsenbot-pg-")), free_port()
    account = _account()
    if account:
        shutil.chown(folder, account)
    data = folder / "data"
    _run(account, programs / "initdb", "-D", data, "-U", "lotsenbot", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    _run(account, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
    try:
        yield f"postgresql://lotsenbot@127.0.0.1:{port}/postgres"
    finally:
        _run(account, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str:
    if os.geteuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(account: str, *command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=account or None,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        raise AssertionError(f"{command[0]}: {done.stderr or done.stdout}")
