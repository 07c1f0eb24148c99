"""From words with a place on a page to blocks in reading order: columns, headings, lists, divided words, running titles.

Knows nothing of PDF, so that every rule can be tried with words alone. Lengths are in points, tops grow downwards.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from bot.importing.blocks import CELL, Block, Kind, cleaned, has_bullet, has_number, joined, without_bullet

FEWEST_IN_COLUMN = 3
SEGMENT_GAP, CELL_GAP = 0.9, 2.5  # in sizes of the font: from here on another segment of the line, another cell
MARGIN = 0.12  # of the page's height, above and below: where running titles stand
BIGGER = 1.15  # times the usual size: a heading
LONGEST_HEADING = 140
_PAGE_NUMBER = re.compile(r"\W*(?:(?:seite|page|s\.)\s*)?\d{1,4}(?:\s*(?:/|von|of)\s*\d{1,4})?\W*", re.IGNORECASE)
_LEADERS = re.compile(r"(?:\s?[.·…_]){4,}\s*\d*\s*$")
_NO_HEADING = re.compile(r"@|www\.|https?:|\d{4}|^\W*$")
_ADDRESS = re.compile(r"\S*@|www\.|https?:|[\w.-]+\.[a-z]{2,3}(?:/\S*)?$")
_SENTENCE_END = (".", "!", "?", ":", ";")


@dataclass(frozen=True, kw_only=True)
class Word:
    """One word as printed."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """Words beside each other. ``first`` is the width of the first word; ``row`` marks a row of a table."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool = False
    first: float = 0.0
    row: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """The lines of one page, in no particular order."""

    number: int
    height: float
    lines: tuple[Line, ...]


def make_lines(words: Sequence[Word]) -> list[Line]:
    """Words to lines; a wide gap ends one, so that two columns never share a line."""
    open_: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.x0, word.top)):
        best = min(
            (line for line in open_ if _follows(line[-1], word)),
            key=lambda line: (abs(line[-1].bottom - word.bottom), word.x0 - line[-1].x1),
            default=None,
        )
        if best is None:
            open_.append([word])
        else:
            best.append(word)
    return [_line(words) for words in open_]


def blocks(pages: Sequence[Page]) -> list[Block]:
    """All pages as blocks in reading order, without running titles, page numbers and dotted tables of contents."""
    usual = _usual_size(pages)
    running = _running(pages, usual)
    kept = [replace(page, lines=tuple(_kept(page, running))) for page in pages]
    levels = _Levels(kept, usual)
    found: list[Block] = []
    for page in kept:
        for flow in flows(page.lines):
            for number, block in enumerate(_blocks(flow, page.number, levels)):
                if number == 0 and found and _goes_on(found[-1], block):
                    before = found.pop()
                    found.append(replace(before, text=joined(before.text, block.text)))
                else:
                    found.append(block)
    return found


# ---- columns


def flows(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines in reading order, one list for each column or stretch over all columns."""
    lines = sorted(lines, key=lambda line: (line.top, line.x0))
    if not lines:
        return []
    if (title := _title_in_the_middle(lines)) is not None:
        return [
            *flows([line for line in lines if line.top < title]),
            *flows([line for line in lines if line.top >= title]),
        ]
    gutter = _gutter(lines)
    if gutter is None:
        return [_beside(lines)]
    found: list[list[Line]] = []
    wide: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        if line.x0 < gutter < line.x1:
            found += _columns(left, right)
            left, right = [], []
            wide.append(line)
            continue
        if wide:
            found += flows(wide)
            wide = []
        (left if line.x1 <= gutter else right).append(line)
    return [*found, *_columns(left, right), *(flows(wide) if wide else [])]


def _columns(left: list[Line], right: list[Line]) -> list[list[Line]]:
    if not _are_labels(left, right):
        return [*flows(left), *flows(right)]
    lines = left + right
    rows = [row for row in _rows(lines) if len(row) > 1]
    edge = max(line.x1 for line in lines)
    stretched = sum(_is_stretched(row, edge) for row in rows)
    return [_beside(lines, cells=stretched < len(rows) / 2)]


def _are_labels(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """A table without rules, such as days beside hours: nearly every line has a neighbour, and one side holds single words."""
    if not left or not right:
        return False
    beside = sum(any(_same_line(a, b) for b in right) for a in left)
    words = min(sum(len(line.text.split()) for line in side) / len(side) for side in (left, right))
    return beside >= 0.8 * len(left) and words < 1.7


def _gutter(lines: Sequence[Line]) -> float | None:
    """Where the page is best cut from top to bottom: many lines on both sides, hardly one across."""
    best, best_score = None, 0
    for edge in sorted({round(line.x0) for line in lines}):
        cut = edge - 2.0
        left, right = [line for line in lines if line.x1 <= cut], [line for line in lines if line.x0 >= cut]
        if not left or not right:
            continue
        top = max(min(line.top for line in left), min(line.top for line in right))
        bottom = min(max(line.bottom for line in left), max(line.bottom for line in right))
        beside = [
            len({round(line.bottom) for line in side if top <= line.bottom and line.top <= bottom})
            for side in (left, right)
        ]
        across = sum(line.x0 < cut < line.x1 and top <= line.top <= bottom for line in lines)
        if min(beside) >= 2 and max(beside) >= FEWEST_IN_COLUMN and min(beside) - 2 * across > best_score:
            best, best_score = cut, min(beside) - 2 * across
    return best


def _title_in_the_middle(lines: Sequence[Line]) -> float | None:
    """Where a big title over all columns begins a new part of the page: nothing beside it, room around it, columns below it."""
    usual = median(line.size for line in lines)
    right = max(line.x1 for line in lines)
    for title in lines:
        if title.row or title.size < 1.25 * usual:
            continue
        above = [line for line in lines if line.bottom <= title.top + 2]
        below = [line for line in lines if line.top >= title.bottom - 2]
        alone = above and below and len(above) + len(below) + 1 == len(lines)
        if not alone or title.top - max(line.bottom for line in above) < 0.8 * title.size:
            continue
        if max(line.x1 for line in below) >= 0.9 * right:
            return title.top
    return None


def _beside(lines: Sequence[Line], *, cells: bool = False) -> list[Line]:
    """The lines of one column, with what stands on one line brought together; wide gaps become cells of a table."""
    edge = max((line.x1 for line in lines), default=0.0)
    found: list[Line] = []
    for row in _rows(lines):
        whole = _together(row, edge, cells=cells)
        indented = found and found[-1].row and not whole.row and whole.x0 > found[-1].x0 + whole.size
        if cells and indented:  # the rest of a cell
            found[-1] = replace(found[-1], text=joined(found[-1].text, whole.text), bottom=whole.bottom)
        else:
            found.append(whole)
    return found


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """What stands on one line, from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.bottom, line.x0)):
        if rows and _same_line(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _is_stretched(parts: Sequence[Line], edge: float) -> bool:
    """Words set apart to fill the line, up to its end."""
    gaps = [b.x0 - a.x1 for a, b in itertools.pairwise(parts)]
    return max(gaps) < 1.6 * min(gaps) and parts[-1].x1 >= edge - 2


def _together(parts: Sequence[Line], edge: float, *, cells: bool) -> Line:
    if len(parts) == 1:
        return parts[0]
    gaps = [b.x0 - a.x1 for a, b in itertools.pairwise(parts)]
    size = max(part.size for part in parts)
    stretched = _is_stretched(parts, edge)
    bullet = not without_bullet(parts[0].text)
    text, row = parts[0].text, False
    for number, (gap, part) in enumerate(zip(gaps, parts[1:], strict=True)):
        apart = (cells or gap >= CELL_GAP * size) and not (stretched and not cells) and not (bullet and number == 0)
        row = row or apart
        text += (CELL if apart else " ") + part.text
    return replace(
        parts[0], text=text, x1=parts[-1].x1, top=min(part.top for part in parts), size=size, row=row,
        bottom=max(part.bottom for part in parts), bold=all(part.bold for part in parts),
    )  # fmt: skip


def _same_line(a: Line, b: Line) -> bool:
    return not (a.row or b.row) and abs(a.bottom - b.bottom) <= 0.35 * min(a.size, b.size)


def _follows(before: Word, word: Word) -> bool:
    small = min(before.size, word.size)
    level = abs(before.bottom - word.bottom) <= 0.35 * max(before.size, word.size)
    return level and -0.5 * small <= word.x0 - before.x1 <= SEGMENT_GAP * small


def _line(words: Sequence[Word]) -> Line:
    text = words[0].text
    for before, word in itertools.pairwise(words):
        text += (" " if word.x0 - before.x1 > 0.1 * word.size else "") + word.text
    size = Counter[float]()
    for word in words:
        size[word.size] += len(word.text)
    return Line(
        text=text, x0=words[0].x0, x1=words[-1].x1, top=min(word.top for word in words), size=size.most_common(1)[0][0],
        bottom=max(word.bottom for word in words), bold=all(word.bold for word in words),
        first=words[0].x1 - words[0].x0,
    )  # fmt: skip


# ---- running titles, page numbers, dotted lines


def _usual_size(pages: Sequence[Page]) -> float:
    sizes = Counter[float]()
    for page in pages:
        for line in page.lines:
            sizes[round(2 * line.size) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _zone(page: Page, line: Line) -> str:
    if line.bottom <= MARGIN * page.height:
        return "above"
    return "below" if line.top >= (1 - MARGIN) * page.height else ""


def _running(pages: Sequence[Page], usual: float) -> set[tuple[str, str, int]]:
    """What stands at the same place of several pages in small print, whatever its numbers are."""
    seen: defaultdict[tuple[str, str, int], set[int]] = defaultdict(set)
    for page in pages:
        for line in page.lines:
            if (zone := _zone(page, line)) and line.size < BIGGER * usual:
                for place in _places(line):
                    seen[(zone, _wording(line), place)].add(page.number)
    enough = 3 if len(pages) > 4 else 2
    return {key for key, numbers in seen.items() if len(numbers) >= enough}


def _places(line: Line) -> tuple[int, int]:
    """The place in steps of four points, and the next step, so that a hair's breadth makes no difference."""
    return round(line.top / 4), int(line.top / 4)


def _wording(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _kept(page: Page, running: set[tuple[str, str, int]]) -> Iterator[Line]:
    for line in page.lines:
        zone = _zone(page, line)
        if zone and (
            _PAGE_NUMBER.fullmatch(line.text) or any((zone, _wording(line), p) in running for p in _places(line))
        ):
            continue
        if not _LEADERS.search(line.text):
            yield line


# ---- headings and paragraphs


class _Levels:
    """Which lines are headings, and how high: bigger print first, then bold print of the usual size."""

    def __init__(self, pages: Sequence[Page], usual: float) -> None:
        self._usual, self._steps = usual, list[float]()
        sizes = {line.size for page in pages for line in page.lines if line.size >= BIGGER * usual and self._may(line)}
        for size in sorted(sizes, reverse=True):
            if not self._steps or size < self._steps[-1] - 0.6:
                self._steps.append(size)

    def __call__(self, line: Line) -> int:
        """The level of a line, 0 for text."""
        if line.row or not self._may(line):
            return 0
        if line.size >= BIGGER * self._usual:
            return 1 + next(i for i, size in enumerate(self._steps) if line.size >= size - 0.6)
        small = line.size < 0.95 * self._usual
        return 0 if small or not line.bold or line.text.endswith((":", ".", ",")) else 1 + len(self._steps)

    @staticmethod
    def _may(line: Line) -> bool:
        return not _NO_HEADING.search(line.text) and not has_bullet(line.text) and len(line.text) > 1


def _blocks(flow: Sequence[Line], page: int, levels: _Levels) -> Iterator[Block]:
    edge = max((line.x1 for line in flow), default=0.0)
    steps = [b.top - a.top for a, b in itertools.pairwise(flow) if 0 < b.top - a.top < 2 * a.size]
    leading = median(steps) if steps else 0.0
    current: list[Line] = []
    for line in flow:
        if current and _is_new(current, line, leading, levels):
            yield _block(current, page, levels(current[0]), edge)
            current = []
        current.append(line)
    if current:
        yield _block(current, page, levels(current[0]), edge)


def _is_new(current: Sequence[Line], line: Line, leading: float, levels: _Levels) -> bool:
    first, before = current[0], current[-1]
    if line.row or before.row or has_bullet(line.text) or levels(first) != levels(line):
        return True
    gap = line.top - before.bottom
    if levels(line):
        return gap > 0.9 * line.size or abs(line.size - before.size) > 0.6
    if line.top - before.top > 1.35 * max(leading, line.size) or line.top < before.top:
        return True
    if abs(line.size - before.size) > 0.12 * before.size or line.bold != before.bold:
        return True
    if has_number(line.text) and (has_number(first.text) or before.text.endswith(_SENTENCE_END)):
        return True
    if has_bullet(first.text) or has_number(first.text):
        return line.x0 < first.x0 + 2 and before.text.endswith(_SENTENCE_END)
    return line.x0 > before.x0 + 0.8 * line.size and before.text.endswith(_SENTENCE_END)


def _block(lines: Sequence[Line], page: int, level: int, edge: float) -> Block:
    text = lines[0].text
    for before, line in itertools.pairwise(lines):
        text = f"{text}\n{line.text}" if not level and _wanted_break(before, line, edge) else joined(text, line.text)
    text = cleaned(text)
    if level and (len(text) > LONGEST_HEADING or text.endswith((".", ",")) or len(lines) > 3):
        level = 0
    item = has_bullet(text) or has_number(text)
    kind: Kind = "heading" if level else "row" if lines[0].row else "item" if item else "text"
    return Block(kind=kind, text=without_bullet(text) if item else text, page=page, level=level)


def _wanted_break(before: Line, line: Line, edge: float) -> bool:
    """The next word would have fitted, so the line was ended on purpose; not in the middle of a sentence."""
    fits = before.x1 + 0.3 * before.size + line.first < edge - 0.2 * before.size
    in_sentence = line.text[:1].islower() and not before.text.endswith(_SENTENCE_END) and not _ADDRESS.match(line.text)
    return fits and not in_sentence


def _goes_on(before: Block, block: Block) -> bool:
    """A paragraph that goes on in the next column or on the next page."""
    if before.kind not in ("text", "item") or block.kind != "text" or before.text.endswith(_SENTENCE_END):
        return False
    return block.text[:1].islower() or before.text.endswith(("-", "\u2010"))
