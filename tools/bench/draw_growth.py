#!/usr/bin/env python3
"""Draws what annals-bench growth has measured as an SVG picture, without any library.

Above, events a second on the way to the present size; below, the writer's RssAnon. A line for each
engine; of several runs the last one.

Usage: draw_growth.py RESULTS.jsonl PICTURE.svg
"""
import json
import pathlib
import sys

WIDTH, PANEL_HEIGHT, LEFT, RIGHT, TOP, GAP = 760, 220, 80, 110, 30, 60
COLOURS = {"log": "#1f77b4", "sqlite": "#7f7f7f", "rocksdb": "#d62728", "lmdb": "#2ca02c"}
PANELS = (("events_per_second", "events a second while ingesting"), ("rss_anon_mib", "RssAnon of the writer, MiB"))


def curves_of(lines):
    """Engine -> its points, rising; one that begins again begins a new curve."""
    curves = {}
    for line in lines:
        point = json.loads(line)
        if point["workload"] != "growth":
            continue
        curve = curves.setdefault(point["engine"], [])
        if curve and point["events"] <= curve[-1]["events"]:
            curve.clear()
        curve.append(point)
    return curves


def round_up(value):
    """The next 1, 2 or 5 times a power of ten."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor >= value:
                return step * factor
        step *= 10


def short(value):
    for size, letter in ((1_000_000, " M"), (1_000, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def panel(curves, field, title, top):
    most_events = max(point["events"] for curve in curves.values() for point in curve)
    most = round_up(max(point[field] for curve in curves.values() for point in curve))
    width = WIDTH - LEFT - RIGHT

    def place(point):
        x = LEFT + width * point["events"] / most_events
        y = top + PANEL_HEIGHT * (1 - point[field] / most)
        return f"{x:.1f},{y:.1f}"

    yield f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{title}</text>'
    for part in range(5):
        y = top + PANEL_HEIGHT * (1 - part / 4)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + width}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{short(most * part / 4)}</text>'
        x = LEFT + width * part / 4
        yield (f'<text x="{x:.1f}" y="{top + PANEL_HEIGHT + 18}" text-anchor="middle">'
               f"{short(most_events * part / 4)}</text>")
    for engine, curve in curves.items():
        colour = COLOURS.get(engine, "#000")
        places = " ".join(place(point) for point in curve)
        yield f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>'
        x, y = place(curve[-1]).split(",")
        yield f'<text x="{float(x) + 6:.1f}" y="{float(y) + 4:.1f}" fill="{colour}">{engine}</text>'


def draw(curves):
    height = TOP + len(PANELS) * (PANEL_HEIGHT + GAP)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'font-family="sans-serif" font-size="12">')
    yield f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    for number, (field, title) in enumerate(PANELS):
        yield from panel(curves, field, title, TOP + number * (PANEL_HEIGHT + GAP))
    yield (f'<text x="{WIDTH - RIGHT}" y="{height - 12}" text-anchor="end">events in the store</text>')
    yield "</svg>"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    results, picture = map(pathlib.Path, arguments)
    curves = curves_of(results.read_text(encoding="utf-8").splitlines())
    if not curves:
        print(f"{results}: no lines of growth")
        return 1
    picture.write_text("\n".join(draw(curves)) + "\n", encoding="utf-8")
    print(f"{picture}: {', '.join(curves)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
