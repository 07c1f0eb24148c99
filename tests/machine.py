"""`python -m tests.machine`: what the tests need beyond Python packages is found, or installed where that is allowed, or named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from glob import glob
from pathlib import Path

NEEDED = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "postgresql": ("postgres",)}


def chromium() -> str:
    """The browser for the tests of the pages, or an empty string."""
    return next((found for name in NEEDED["chromium"] if (found := shutil.which(name))), "")


def postgres_bin() -> Path | None:
    """The folder with PostgreSQL's server programs."""
    places = [*sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True), *glob("/opt/homebrew/opt/postgresql*/bin")]
    found = shutil.which("initdb")
    return next(
        (
            Path(place)
            for place in [*([str(Path(found).parent)] if found else []), *places]
            if (Path(place) / "initdb").exists()
        ),
        None,
    )


def main() -> None:
    """Install with apt as root what is missing; otherwise stop with one sentence."""
    missing = [package for package, there in (("chromium", chromium()), ("postgresql", postgres_bin())) if not there]
    if not missing:
        return
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(missing)} for the tests …", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment, stdout=subprocess.DEVNULL)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        return
    sys.exit(
        f"The tests need {' and '.join(missing)}: install it with your system's package manager, then run make test again."
    )


if __name__ == "__main__":
    main()
