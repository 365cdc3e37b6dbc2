#!/usr/bin/env python3
"""Decodes a .vxp package as docs/format.md says, by that page alone: plain Python and NumPy, slow.

usage: vxp_decoder.py PACKAGE
Prints what the package holds, one line per array with its shape and the hash of its bytes.
Exit codes as of voxpack: 3 the file cannot be read, 4 bad data, 5 a newer format.
"""

import sys

import numpy as np

from vxp_attributes import decode_values
from vxp_container import (ATTRIBUTES, FIELD, GEOMETRY, KINDS, NETWORK, BadData, Field, Unsupported,
                           check_presence, read_network, read_sections)
from vxp_geometry import decode_tree
from xxh3 import xxh3_64


def decode(data):
    """What the package `data` (bytes) holds: (description, arrays).

    description: {key: value} of origin, edge, resolution, appearance, feature_count, hidden_width.
    arrays, of n points in field order with C channels: level i8 [n], position u16 [n, 3] (sites of the
    level), block u16 [n, 3], density f32 [n], features f32 [n, C], and for mlp weights_in f32
    [C + 16, hidden_width], weights_out f32 [hidden_width, 3].
    Raises BadData or Unsupported.
    """
    sections = read_sections(data)
    if (FIELD, 0) not in sections:
        raise BadData("section field 0: missing")
    field = Field(sections[FIELD, 0])
    check_presence(sections, field)
    kind = KINDS[field.kind]
    tree = decode_tree(sections[GEOMETRY, 0], field)
    points = tree.points()
    position = np.array([point.position for point in points], "<u2").reshape(-1, 3)
    attributes = [sections[ATTRIBUTES, i] for i in range(len(field.layer_starts) * len(field.group_sizes))]
    density, features = decode_values(attributes, tree, kind)
    arrays = {
        "level": np.array([point.level for point in points], "i1"),
        "position": position,
        "block": position >> 2,
        "density": density,
        "features": features,
    }
    if kind == "mlp":
        arrays["weights_in"], arrays["weights_out"] = read_network(sections[NETWORK, 0], field)
    description = {"origin": field.origin, "edge": field.edge, "resolution": field.resolution,
                   "appearance": kind, "feature_count": field.feature_count,
                   "hidden_width": field.hidden_width}
    return description, arrays


def main():
    if len(sys.argv) != 2:
        print("usage: vxp_decoder.py PACKAGE", file=sys.stderr)
        return 2
    try:
        with open(sys.argv[1], "rb") as file:
            description, arrays = decode(file.read())
    except OSError as error:
        print(f"vxp_decoder: error: {error}", file=sys.stderr)
        return 3
    except (BadData, Unsupported) as error:
        print(f"vxp_decoder: error: {sys.argv[1]}: {error}", file=sys.stderr)
        return 4 if isinstance(error, BadData) else 5
    for key, value in description.items():
        print(f"{key}: {value}")
    for name, array in arrays.items():
        print(f"{name}: {array.shape} {xxh3_64(array.tobytes()):016x}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
