#!/usr/bin/env python3
"""Decodes packages with voxpack and with the reference decoder and tells what differs.

usage: compare_decoders.py VOXPACK PACKAGE...
Every number must be the same to the last bit. Exit code 1 if something differs or does not decode.
"""

import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

from vxp_decoder import BadData, Unsupported, decode

_TYPES = {"U16": "<u2", "I8": "i1", "F32": "<f4"}


def read_field_file(path):
    """(metadata, {name: array}) of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        values = np.frombuffer(data[start + begin:start + end], _TYPES[tensor["dtype"]])
        arrays[name] = values.reshape(tensor["shape"])
    return metadata, arrays


def decode_with_reference(path):
    """What the package holds: the description, and {name: array} without what follows from the rest."""
    with open(path, "rb") as file:
        description, arrays = decode(file.read())
    del arrays["block"]
    return description, arrays


def decode_with_voxpack(voxpack, path):
    """The same through `voxpack unpack`. Raises CalledProcessError if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        field = os.path.join(folder, "field.safetensors")
        subprocess.run([voxpack, "unpack", path, "-o", field, "-q"], check=True, capture_output=True,
                       text=True)
        metadata, arrays = read_field_file(field)
    description = {
        "origin": [float(x) for x in metadata["origin"].split()],
        "edge": float(metadata["edge"]),
        "resolution": int(metadata["resolution"]),
        "appearance": metadata["appearance"],
        "feature_count": int(metadata.get("feature_count", 0)),
        "hidden_width": int(metadata.get("hidden_width", 0)),
    }
    # A field file may leave the levels out where all are 0.
    arrays.setdefault("level", np.zeros(len(arrays["position"]), "i1"))
    return description, arrays


def digests(decoded):
    """The description and a SHA-256 per array, as JSON can hold them."""
    description, arrays = decoded
    result = dict(description)
    for name, array in sorted(arrays.items()):
        result[name] = {"shape": list(array.shape), "sha256": hashlib.sha256(array.tobytes()).hexdigest()}
    return result


def differences(a, b, names):
    """A sentence for everything in which two decoded packages differ."""
    (description_a, arrays_a), (description_b, arrays_b) = a, b
    found = []
    if description_a != description_b:
        found.append(f"{names[0]}: {description_a}, {names[1]}: {description_b}")
    for name in sorted(arrays_a.keys() | arrays_b.keys()):
        x, y = arrays_a.get(name), arrays_b.get(name)
        if x is None or y is None:
            found.append(f"{name}: only in {names[y is not None]}")
        elif x.shape != y.shape or x.dtype != y.dtype:
            found.append(f"{name}: {x.dtype} {x.shape} and {y.dtype} {y.shape}")
        elif x.tobytes() != y.tobytes():
            width = x.dtype.itemsize
            bits_x, bits_y = (np.frombuffer(v.tobytes(), f"<u{width}") for v in (x, y))
            at = int(np.flatnonzero(bits_x != bits_y)[0])
            found.append(f"{name}: {np.count_nonzero(bits_x != bits_y)} of {x.size} differ, first at "
                         f"{at}: {names[0]} {x.flat[at]!r}, {names[1]} {y.flat[at]!r}")
    return found


def compare(voxpack, path):
    """A sentence for every difference between the two decoders."""
    try:
        ours = decode_with_voxpack(voxpack, path)
    except subprocess.CalledProcessError as error:
        return [f"voxpack exits with {error.returncode}: {error.stderr.strip()}"]
    try:
        reference = decode_with_reference(path)
    except (BadData, Unsupported) as error:
        return [f"the reference decoder refuses: {error}"]
    return differences(ours, reference, ("voxpack", "reference"))


def main():
    if len(sys.argv) < 3:
        print("usage: compare_decoders.py VOXPACK PACKAGE...", file=sys.stderr)
        return 2
    faults = 0
    for path in sys.argv[2:]:
        found = compare(sys.argv[1], path)
        faults += len(found)
        for sentence in found or ["the same"]:
            print(f"{path}: {sentence}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
