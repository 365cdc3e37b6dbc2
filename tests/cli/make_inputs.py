#!/usr/bin/env python3
"""Makes small data sets for the command line cases: make_inputs KIND FOLDER.

Kinds: good (a red ball, 12 train and 3 test views), no-frames (JSON without the key), zero-views
(an empty list), image-missing, transparent (no pixel covered), camera-inside, bad-json, picture
(FOLDER is the PNG to write).
"""

import json
import math
import pathlib
import struct
import sys
import zlib

SIZE = 100  # pixels
ANGLE = 0.7  # radians across the picture
DISTANCE = 4.0
RADIUS = 0.9


def png(rows):
    """An RGBA PNG from rows of bytes."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    header = struct.pack(">IIBBBBB", len(rows[0]) // 4, len(rows), 8, 6, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed)
            + chunk(b"IEND", b""))


def ball(kind):
    """The ball looks the same from every side: brighter in its middle."""
    if kind == "full":
        return png([bytes((200, 60, 40, 255)) * SIZE] * SIZE)
    focal = SIZE / (2 * math.tan(ANGLE / 2))
    outline = focal * RADIUS / math.sqrt(DISTANCE ** 2 - RADIUS ** 2)
    rows = []
    for y in range(SIZE):
        row = bytearray()
        for x in range(SIZE):
            distance = math.hypot(x + 0.5 - SIZE / 2, y + 0.5 - SIZE / 2) / outline
            inside = kind != "transparent" and distance < 1
            row += bytes((int(220 - 90 * distance), 60, 40, 255)) if inside else bytes(4)
        rows.append(bytes(row))
    return png(rows)


def pose(index, count, distance):
    """Camera to world, on a spiral over the sphere, looking at the origin."""
    height = -0.9 + 1.8 * (index + 0.5) / count
    angle = 2.399963 * index
    flat = math.sqrt(1 - height * height)
    back = (flat * math.cos(angle), flat * math.sin(angle), height)
    right = (-math.sin(angle), math.cos(angle), 0.0)
    up = (back[1] * right[2] - back[2] * right[1], back[2] * right[0] - back[0] * right[2],
          back[0] * right[1] - back[1] * right[0])
    rows = [[right[i], up[i], back[i], back[i] * distance] for i in range(3)]
    return rows + [[0.0, 0.0, 0.0, 1.0]]


def write_split(folder, split, count, kind):
    (folder / split).mkdir(parents=True, exist_ok=True)
    frames = []
    for index in range(count):
        inside = kind == "camera-inside" and index == 3
        name = f"r_{index}"
        frames.append({"file_path": f"./{split}/{name}",
                       "transform_matrix": pose(index, count, 0.3 if inside else DISTANCE)})
        if kind == "image-missing" and index == 2:
            continue
        (folder / split / f"{name}.png").write_bytes(ball("full" if inside else kind))
    content = {"camera_angle_x": ANGLE}
    if kind != "no-frames":
        content["frames"] = [] if kind == "zero-views" else frames
    text = json.dumps(content)
    (folder / f"transforms_{split}.json").write_text(text[:-9] if kind == "bad-json" else text)


def main():
    kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if kind == "picture":
        folder.write_bytes(ball(kind))
        return
    write_split(folder, "train", 12, kind)
    write_split(folder, "test", 3, kind)


if __name__ == "__main__":
    main()
