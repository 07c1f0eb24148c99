"""Reads a file from outside in a process of its own, with a limit of time and memory: whatever is in it, it cannot take us along.

The child writes JSON lines: ``{"page", "of"}`` for each page, at the end ``{"document"}`` or ``{"unreadable", "values"}``.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.importing.blocks import Block, Document, Unreadable
from locales.defects import Sentence, sentence

LARGEST = 200_000_000
MEMORY = 2_000_000_000
SECONDS_A_PAGE = 30.0
_KINDS = {".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html"}


def read_file(path: Path, on_page: Callable[[int, int], None], seconds: float = SECONDS_A_PAGE) -> Document:
    """Read a PDF, a Word document or a saved web page.

    Raises:
        Unreadable: if it cannot be read, with what to do instead.
    """
    _must_be_possible(path)
    command = (sys.executable, "-m", "bot.importing.contained", str(path.resolve()))
    with tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints)  # noqa: S603 (our own module)
        try:
            for told in _told(child, seconds):
                if "page" in told:
                    on_page(told["page"], told["of"])
                elif "unreadable" in told:
                    why = told["unreadable"]
                    raise Unreadable(sentence(why, **told["values"]))
                else:
                    return _document(told["document"])
        finally:
            child.kill()
            child.wait()
            assert child.stdout
            child.stdout.close()
    raise Unreadable(
        sentence(
            "The file needs more memory than a brochure does, or it is damaged. Print it into a new PDF and take that one."
        )
    )


def _must_be_possible(path: Path) -> None:
    if path.suffix.lower() not in _KINDS:
        raise Unreadable(
            sentence(
                "“{name}” is no PDF, .docx or .html file. Save it as one of these (in Word: Save as, .docx).",
                name=path.name,
            )
        )
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            begin = file.read(1024)
    except OSError as error:
        raise Unreadable(sentence("{path} cannot be read: {why}", path=path, why=error.strerror)) from error
    if size > LARGEST:
        raise Unreadable(
            sentence(
                "The file has {size} MB, more than {most}. Save it in a smaller quality, or split it.",
                size=size // 1_000_000,
                most=LARGEST // 1_000_000,
            )
        )
    if not begin.strip():
        raise Unreadable(sentence("The file is empty. Download it again."))
    if _looks_like(begin) != _KINDS[path.suffix.lower()]:
        raise Unreadable(
            sentence("“{name}” is not what its ending says. Open it in its program and save it anew.", name=path.name)
        )


def _looks_like(begin: bytes) -> str:
    if b"%PDF-" in begin:
        return "pdf"
    return "docx" if begin.startswith(b"PK\x03\x04") else "html" if b"<" in begin else ""


def _told(child: subprocess.Popen[bytes], seconds: float) -> Iterator[dict[str, Any]]:
    """What the child says, line by line.

    Raises:
        Unreadable: if it says nothing for too long.
    """
    assert child.stdout
    page, waiting = 0, b""
    while True:
        ready, _, _ = select.select([child.stdout], [], [], seconds)
        if not ready:
            raise Unreadable(
                sentence(
                    "Page {page} takes longer than {seconds} seconds. Print the file into a new PDF, or leave that page out.",
                    page=page + 1,
                    seconds=round(seconds),
                )
            )
        part = os.read(child.stdout.fileno(), 65536)
        if not part:
            return
        *lines, waiting = (waiting + part).split(b"\n")
        for line in lines:
            told = json.loads(line)
            page = told.get("page", page)
            yield told


def _document(raw: dict[str, Any]) -> Document:
    return Document(
        title=raw["title"],
        blocks=tuple(Block(**block) for block in raw["blocks"]),
        pages=raw["pages"],
        textless=tuple(raw["textless"]),
    )


def main(path: Path) -> None:
    """The process itself."""
    with suppress(ValueError, OSError):  # not every system has this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        document = _reader(path)(path, lambda page, of: _say(page=page, of=of))
    except Unreadable as error:
        _say_why(error.args[0])
    except (RecursionError, MemoryError):
        _say_why(sentence("The file is built in a way no brochure is. Print it into a new PDF and take that one."))
    else:
        _say(document=asdict(document))


def _reader(path: Path) -> Callable[[Path, Callable[[int, int], None]], Document]:
    match _KINDS[path.suffix.lower()]:
        case "pdf":
            from bot.importing.read_pdf import read_pdf

            return read_pdf
        case "docx":
            from bot.importing.read_docx import read_docx

            return read_docx
        case _:
            from bot.importing.read_html import read_html

            return read_html


def _say_why(why: Sentence) -> None:
    _say(unreadable=why.template, values=dict(why.values))


def _say(**told: Any) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
