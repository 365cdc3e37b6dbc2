#!/usr/bin/env python3
"""Draws PSNR over size for every object of docs/rates.csv, one SVG each:

    scripts/rate_curve.py docs/rates.csv docs/images

A line for each method; megabytes (10^6 bytes) on a logarithmic axis.
"""
import csv
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 56, 210, 28, 44
COLOURS = ["#c0392b", "#2c5f9e", "#2e8b57", "#8e5ea2", "#d08a1d", "#666666", "#148f8f"]
TICKS = [0.2, 0.3, 0.5, 1, 2, 3, 5, 8]


def draw(name, methods):
    sizes = [size for points in methods.values() for size, _ in points]
    values = [psnr for points in methods.values() for _, psnr in points]
    x0, x1 = math.log(min(sizes) * 0.9), math.log(max(sizes) * 1.1)
    y0, y1 = math.floor(min(values)), math.ceil(max(values))

    def x(size):
        return LEFT + (math.log(size) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)

    def y(psnr):
        return HEIGHT - BOTTOM - (psnr - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="18" font-weight="bold">{name}: mean PSNR (dB) of the test views over size (MB)</text>']
    for psnr in range(y0, y1 + 1):
        out.append(f'<path d="M{LEFT} {y(psnr):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y(psnr) + 4:.1f}" text-anchor="end">{psnr}</text>')
    for size in TICKS:
        if x0 <= math.log(size) <= x1:
            out.append(f'<path d="M{x(size):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/><text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:g}</text>')
    for i, (method, points) in enumerate(methods.items()):
        colour, points = COLOURS[i % len(COLOURS)], sorted(points)
        width = 3 if i == 0 else 1.5
        line = "L".join(f"{x(size):.1f} {y(psnr):.1f}" for size, psnr in points)
        out.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        out += [f'<circle cx="{x(size):.1f}" cy="{y(psnr):.1f}" r="{width + 1.5}" fill="{colour}"/>' for size, psnr in points]
        row = TOP + 16 + 20 * i
        out.append(f'<circle cx="{WIDTH - RIGHT + 18}" cy="{row - 4}" r="4.5" fill="{colour}"/><text x="{WIDTH - RIGHT + 30}" y="{row}">{method}</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    objects = {}
    with open(sys.argv[1], newline="") as file:
        for row in csv.DictReader(file):
            points = objects.setdefault(row["object"], {}).setdefault(row["method"], [])
            points.append((float(row["megabytes"]), float(row["psnr_db"])))
    for name, methods in objects.items():
        pathlib.Path(sys.argv[2], f"rates_{name}.svg").write_text(draw(name, methods))


if __name__ == "__main__":
    main()
