"""Small field files of every appearance, from which the packages of the reference tests are made."""

import json
import math
import struct

import numpy as np

_TYPE_NAMES = {"u2": "U16", "i1": "I8", "f4": "F32"}


def write_field(path, arrays, resolution, appearance, origin="-1 -1 -1", edge="2"):
    """A field file (docs/field-format.md); the network's sizes follow from its weights."""
    metadata = {"format": "voxpack.field", "version": "1", "origin": origin, "edge": edge,
                "resolution": str(resolution), "appearance": appearance}
    if appearance == "mlp":
        metadata["feature_count"] = str(arrays["features"].shape[1] - 3)
        metadata["hidden_width"] = str(arrays["weights_in"].shape[1])
    header, data = {"__metadata__": metadata}, b""
    for name, array in arrays.items():
        header[name] = {"dtype": _TYPE_NAMES[array.dtype.str[1:]], "shape": array.shape,
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def _waves(sites, count):
    """[n, count] smooth values of about -1..1."""
    place = sites / 8.0
    columns = [np.sin(place @ np.array([1.0 + 0.3 * c, 0.7 - 0.2 * c, 0.4 * c]) + c) for c in range(count)]
    return np.stack(columns, axis=1)


def _channels(position, level, depth_below, channel_count):
    sites = position * (2.0 ** level)[:, None]
    features = 0.5 + 0.4 * _waves(sites, channel_count)
    features[:, 3:] = 0.2 * features[:, 3:] - 0.1
    return {"position": position.astype("<u2"), "level": level.astype("i1"),
            "density": (3 * depth_below).astype("<f4"), "features": features.astype("<f4")}


def shell(resolution, radius, levels, channel_count):
    """Points near a sphere of radius (0..0.5) around the middle: one slab of x per level, coarse first.

    Slabs end where the coarsest of the blocks do, so that blocks of different levels do not overlap.
    """
    parts = []
    slab = 4 * 2 ** max(levels)
    for number, level in enumerate(sorted(levels, reverse=True)):
        spacing = 2.0 ** level
        axis = np.arange(math.ceil(resolution / spacing) + 1)
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
        place = grid * spacing
        below = radius * resolution - np.linalg.norm(place - resolution / 2, axis=1)
        owner = np.minimum(place[:, 0] // slab, len(levels) - 1)
        chosen = (np.abs(below) < 1.2 * spacing) & (owner == number)
        parts.append(_channels(grid[chosen], np.full(chosen.sum(), level), below[chosen], channel_count))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def full_cube(side):
    """side^3 points that are all the same."""
    axis = np.arange(side)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    return {"position": grid.astype("<u2"), "density": np.ones(len(grid), "<f4"),
            "features": np.full((len(grid), 3), 0.5, "<f4")}


def network(channel_count, hidden_width):
    """Weights of an appearance network, deterministic."""
    rows = channel_count + 16
    weights_in = np.sin(np.arange(rows * hidden_width) * 1.7).reshape(rows, hidden_width) * 0.5
    weights_out = np.cos(np.arange(hidden_width * 3) * 2.3).reshape(hidden_width, 3) * 0.2
    return {"weights_in": weights_in.astype("<f4"), "weights_out": weights_out.astype("<f4")}
