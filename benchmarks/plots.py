"""Bars as SVG: a panel a case, a bar a server."""

from collections.abc import Mapping
from html import escape

from benchmarks.tables import number

_COLOURS = ("#1f5fa8", "#d98a2b", "#7a9c3f", "#a3486b", "#5b8f94", "#8a8a8a")
_COLUMNS, _WIDTH, _BAR, _LABEL, _LONGEST, _GAP = 2, 460, 18, 130, 240, 34


def bars(title: str, panels: Mapping[str, Mapping[str, float]]) -> str:
    """Return a picture of the panels: each by its name, the values in it by theirs, the longest bar the greatest."""
    servers = list(dict.fromkeys(name for values in panels.values() for name in values))
    tall = len(servers) * _BAR + _GAP
    rows = -(-len(panels) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, rows * tall + _GAP
    body = [_text(10, 22, title, size=16)]
    for index, (name, values) in enumerate(panels.items()):
        left, top = index % _COLUMNS * _WIDTH + 10, index // _COLUMNS * tall + 2 * _GAP - 12
        body += [_text(left, top, name, size=13), *_panel(values, servers, left, top + 6)]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    style = 'font-family="sans-serif" fill="#222"'
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{background}{"".join(body)}</svg>\n'


def _panel(values: Mapping[str, float], servers: list[str], left: int, top: int) -> list[str]:
    greatest = max(values.values(), default=0) or 1
    found = []
    for name, value in values.items():
        length = max(1, round(value / greatest * _LONGEST))
        colour = _COLOURS[servers.index(name) % len(_COLOURS)]
        found += [
            _text(left, top + _BAR - 5, name, size=11),
            f'<rect x="{left + _LABEL}" y="{top + 2}" width="{length}" height="{_BAR - 4}" fill="{colour}"/>',
            _text(left + _LABEL + length + 4, top + _BAR - 5, number(value), size=11),
        ]
        top += _BAR
    return found


def _text(x: int, y: int, content: str, *, size: int) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}">{escape(content)}</text>'
