"""Small SVG charts on logarithmic axes, readable on light and dark; the same bytes for the same numbers."""

from html import escape
from math import ceil, floor, log10

WIDTH, ROW = 720, 26
STYLE = """<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}.note{fill:#59636e}
.axis{stroke:#59636e;fill:none}.grid{stroke:#d1d9e0;fill:none}.line{fill:none;stroke-width:2}
.s0{stroke:#0969da;fill:#0969da}.s1{stroke:#bc4c00;fill:#bc4c00}.s2{stroke:#1a7f37;fill:#1a7f37}.s3{stroke:#8250df;fill:#8250df}
.line.s0,.line.s1,.line.s2,.line.s3{fill:none}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.note{fill:#9198a1}.axis{stroke:#9198a1}.grid{stroke:#3d444d}
.s0{stroke:#4493f8;fill:#4493f8}.s1{stroke:#db6d28;fill:#db6d28}.s2{stroke:#3fb950;fill:#3fb950}.s3{stroke:#ab7df8;fill:#ab7df8}
.line.s0,.line.s1,.line.s2,.line.s3{fill:none}}
</style>"""


def short(value):
    """1500000 -> 1.5 M, 0.002 -> 0.002"""
    for size, word in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{word}"
    return f"{value:.3g}"


class Axis:
    """Logarithmic, from a round number below the least to one above the greatest value."""

    def __init__(self, values, start, end):
        low, high = min(values), max(values)
        steps = [
            step * 10.0**power for power in range(floor(log10(low)) - 1, ceil(log10(high)) + 2) for step in (1, 2, 5)
        ]
        self.low = max(step for step in steps if step <= low * 1.0001)
        self.high = min(step for step in steps if step >= high * 0.9999 and step > self.low)
        self.start, self.end = start, end
        inside = [step for step in steps if self.low * 0.9999 <= step <= self.high * 1.0001]
        tens = [step for step in inside if abs(log10(step) - round(log10(step))) < 1e-9]
        self.ticks = inside if len(inside) <= 8 else tens

    def at(self, value):
        share = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return self.start + share * (self.end - self.start)


def text(x, y, words, anchor="start", kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{escape(words)}</text>'


def path(points, kind):
    return f'<path class="{kind}" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'


def svg(height, title, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", STYLE, text(16, 24, title, kind="title"), *parts, "</svg>\n"]
    )


def lines(title, x_label, y_label, series):
    """`series`: name -> [(x, y)]; all greater than 0."""
    left, right, top, bottom, height = 70, WIDTH - 130, 50, 330, 380
    x_axis = Axis([x for points in series.values() for x, _ in points], left, right)
    y_axis = Axis([y for points in series.values() for _, y in points], bottom, top)
    parts = []
    for tick in x_axis.ticks:
        x = x_axis.at(tick)
        parts += [path([(x, top), (x, bottom)], "grid"), text(x, bottom + 18, short(tick), "middle")]
    for tick in y_axis.ticks:
        y = y_axis.at(tick)
        parts += [path([(left, y), (right, y)], "grid"), text(left - 8, y + 4, short(tick), "end")]
    parts += [
        path([(left, top), (left, bottom), (right, bottom)], "axis"),
        text((left + right) / 2, bottom + 40, x_label, "middle", "note"),
        text(left - 54, top - 10, y_label, "start", "note"),
    ]
    ends = []
    for number, (name, points) in enumerate(series.items()):
        drawn = [(x_axis.at(x), y_axis.at(y)) for x, y in points]
        kind = f"s{number % 4}"
        parts += [path(drawn, f"line {kind}")] + [
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in drawn
        ]
        ends.append([drawn[-1][1], name, kind])
    place = 0.0
    for end in sorted(ends):  # names beside the ends of their lines, one below the other
        place = max(end[0], place + 15)
        parts.append(
            f'<circle class="{end[2]}" cx="{right + 12}" cy="{place:.1f}" r="4"/>' + text(right + 20, place + 4, end[1])
        )
    return svg(height, title, parts)


def bars(title, x_label, rows):
    """`rows`: (name, value > 0, words behind the bar)."""
    left, right, top = 210, WIDTH - 130, 56
    bottom = top + ROW * len(rows)
    axis = Axis([value for _, value, _ in rows] + [1], left, right)
    parts = []
    for tick in axis.ticks:
        x = axis.at(tick)
        parts += [path([(x, top), (x, bottom)], "grid"), text(x, bottom + 18, short(tick), "middle")]
    for number, (name, value, words) in enumerate(rows):
        y, x, one = top + ROW * number, axis.at(value), axis.at(1)
        parts += [
            text(left - 8, y + 17, name, "end"),
            f'<rect class="s0" x="{min(x, one):.1f}" y="{y + 5}" width="{max(abs(x - one), 1):.1f}" height="{ROW - 10}"/>',
            text(max(x, one) + 6, y + 17, words),
        ]
    parts += [
        path([(axis.at(1), top), (axis.at(1), bottom)], "axis"),
        text((left + right) / 2, bottom + 40, x_label, "middle", "note"),
    ]
    return svg(bottom + 54, title, parts)
