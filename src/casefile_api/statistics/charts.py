"""Charts as inline SVG, with a title and a description for who listens, and in ink that prints. Pure.

Bars, not pies; zero at the bottom. What tells a series is not its colour alone (WCAG 1.4.1): its bars stand in the
order of the key, and the second has a white stripe, the third two. Bars are parted by white, so that each has its
contrast (1.4.11).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 260, 44, 30, 24
INKS = ("#1d4e89", "#b86e0f", "#4f772d")
"""Each has a contrast of 3:1 or more with white, which is what parts it from the next."""
PAPER = "#ffffff"


@dataclass(frozen=True)
class Series:
    """Numbers under one name; None is a gap."""

    name: str
    values: Sequence[float | None]


def bars(name: str, says: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Return upright bars, those of one label side by side."""
    top = _top(value for one in series for value in one.values if value)
    step = (WIDTH - LEFT) / max(len(labels), 1)
    wide = min(step * 0.8 / len(series), 40)
    drawn = []
    for number, one in enumerate(series):
        for place, value in enumerate(one.values):
            if value:
                x = LEFT + step * place + (step - wide * len(series)) / 2 + wide * number
                y = _y(value, top)
                tall = HEIGHT - BOTTOM - y
                drawn.append(_bar(x, y, wide, tall, number))
                drawn.append(_text(x + wide / 2, y - 3, _number(value), "middle", small=True))
    return _picture(name, says, [*_grid(top), *drawn, *_labels(labels, step)], series if len(series) > 1 else ())


def lying_bars(name: str, says: str, rows: Sequence[tuple[str, Sequence[float | None]]], names: Sequence[str]) -> str:
    """Return bars that lie: a label with a bar for each name."""
    top = _top(value for _, values in rows for value in values if value)
    start, thick = 262, 14
    high = len(names) * thick + 12
    drawn = []
    for place, (label, values) in enumerate(rows):
        y = 6 + place * high
        drawn.append(_text(start - 8, y + len(names) * thick / 2 + 4, label, "end"))
        for number, value in enumerate(values):
            long = (value or 0) / top * (WIDTH - start - 60)
            at = y + number * thick
            drawn.append(_bar(start, at, max(long, 1), thick - 2, number, lies=True))
            told = "–" if value is None else _number(value)
            drawn.append(_text(start + long + 5, at + thick - 4, told, "start", small=True))
    series = [Series(one, ()) for one in names] if len(names) > 1 else []
    return _picture(name, says, drawn, series, high=max(len(rows) * high + 12, 40))


def line(name: str, says: str, labels: Sequence[str], one: Series, *, top: float = 100) -> str:
    """Return a line through what there is, broken where there is nothing."""
    step = (WIDTH - LEFT) / max(len(labels), 1)
    points = [
        None if value is None else (LEFT + step * (place + 0.5), _y(value, top), value)
        for place, value in enumerate(one.values)
    ]
    drawn = [
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" stroke="{INKS[0]}" stroke-width="2"/>'
        for a, b in pairwise(points)
        if a is not None and b is not None
    ]
    for before, point in pairwise((None, *points)):
        if point is not None:
            falls = before is not None and point[1] > before[1]  # the line comes from above: the number goes below
            drawn.append(f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="4" {_ink(0)}/>')
            drawn.append(_text(point[0], point[1] + (18 if falls else -9), _number(point[2]), "middle", small=True))
    return _picture(name, says, [*_grid(top), *drawn, *_labels(labels, step)], ())


def _picture(name: str, says: str, drawn: Sequence[str], legend: Sequence[Series], high: float = HEIGHT) -> str:
    """Return the SVG: what it is called and says first."""
    key = "".join(
        _bar(LEFT + number * 170, high + 6, 12, 12, number)
        + _text(LEFT + number * 170 + 18, high + 16, one.name, "start")
        for number, one in enumerate(legend)
    )
    tall = high + (26 if legend else 4)
    return (
        f'<svg role="img" aria-label="{escape(f"{name}. {says}")}" viewBox="0 0 {WIDTH} {tall:.0f}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}{key}</svg>'
    )


def _grid(top: float) -> list[str]:
    lines = []
    for quarter in range(5):
        value = top * quarter / 4
        y = _y(value, top)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}" stroke="#c9ced6" stroke-width="1"/>')
        lines.append(_text(LEFT - 6, y + 4, _number(value), "end", small=True))
    return lines


def _labels(labels: Sequence[str], step: float) -> list[str]:
    return [
        _text(LEFT + step * (place + 0.5), HEIGHT - BOTTOM + 18, label, "middle") for place, label in enumerate(labels)
    ]


def _text(x: float, y: float, words: str, anchor: str, *, small: bool = False) -> str:
    size = 11 if small else 12
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#1b1f24">{escape(words)}</text>'
    )


def _bar(x: float, y: float, wide: float, tall: float, number: int, *, lies: bool = False) -> str:
    """Return a bar with as many stripes along it as series come before it."""
    bar = f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" {_ink(number)}/>'
    for stripe in range(1, number + 1):
        share = stripe / (number + 1)
        x1, x2 = (x, x + wide) if lies else (x + wide * share,) * 2
        y1, y2 = (y + tall * share,) * 2 if lies else (y, y + tall)
        bar += f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{PAPER}" stroke-width="1.5"/>'
    return bar


def _ink(number: int) -> str:
    return f'fill="{INKS[number % len(INKS)]}" stroke="{PAPER}" stroke-width="1"'


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)


def _top(values: Iterable[float]) -> float:
    """Return a round number at or above all values, that four divides."""
    most = max(values, default=0.0)
    step = 1.0
    while step * 4 < most:
        step = step * 2 if f"{step:.0f}"[0] in "15" else step * 2.5
    return step * 4


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
