#!/usr/bin/env python3
"""Makes the packages of golden/ and corrupt/ and what is to be known of them, with the tool as it is.

usage: make_golden.py VOXPACK
To be run only when the format changes; else the files stay as they are, so that a change is noticed.
golden/digests.json   per package what it decodes to (compare_decoders.digests)
corrupt/codes.json    per package the exit code with which it must be refused
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

from compare_decoders import decode_with_voxpack, digests
from make_corrupt import corrupt_packages
from make_fields import full_cube, network, shell, write_field
from vxp_container import read_sections
from vxp_pack import build_package

HERE = os.path.dirname(os.path.abspath(__file__))


def _run(voxpack, *args):
    done = subprocess.run([voxpack, *args, "-q"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"make_golden: {' '.join(args)}: exit {done.returncode}: {done.stderr}")


def _fields():
    """{name: (arrays, resolution, appearance, size of the package)}."""
    point = {"position": np.array([[5, 9, 17]], "<u2"), "density": np.array([2.5], "<f4"),
             "features": np.array([[0.1, 0.2, 0.3]], "<f4")}
    return {
        "rgb_three_levels": (shell(24, 0.35, [-1, 0, 1], 3), 24, "rgb", "9kB"),
        "rgb_layers": (shell(40, 0.4, [0], 3), 40, "rgb", "4kB"),
        "sh1_two_levels": (shell(24, 0.4, [0, 1], 12), 24, "sh1", "4kB"),
        "sh2_one_level": (shell(12, 0.4, [0], 27), 12, "sh2", "5kB"),
        "mlp_gap_in_levels": (shell(24, 0.4, [0, 2], 7) | network(7, 8), 24, "mlp", "4kB"),
        "one_point": (point, 32, "rgb", "4kB"),
        "no_point": ({name: array[:0] for name, array in point.items()}, 32, "rgb", "4kB"),
        # So regular that the geometry section is filled up with zeros.
        "full_cube": (full_cube(32), 32, "rgb", "4kB"),
        "small_rgb": (shell(8, 0.4, [0], 3), 8, "rgb", "4kB"),
        "small_mlp": (shell(8, 0.4, [0, 1], 4) | network(4, 4), 8, "mlp", "900B"),
    }


def _edit_codes(source, target):
    """Parameters that the quantiser does not choose, and coefficients as large as they may be."""
    with open(source, "rb") as file:
        data = bytearray(file.read())
    start = 8 + struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:start])
    metadata = {key: value for key, value in header["__metadata__"].items() if "xxh3" not in key}
    header["__metadata__"] = metadata | {"level_weight_shift": "3", "colour_transform": "0"}

    def array(name, dtype):
        begin, end = header[name]["data_offsets"]
        return np.frombuffer(data, dtype, (end - begin) // np.dtype(dtype).itemsize, start + begin)

    array("curve", "u1")[:] = [0, 1, 0, 1]
    array("bias", "u1")[:] = [31, 0, 0, 31, 7, 9, 30, 1]
    gain = array("prediction_gain", "u1")
    gain[:] = np.arange(gain.size) * 5 % 9
    context = array("context_weight", "u1")
    context[:] = np.arange(context.size) * 37 % 256
    array("root", "<i4")[:] = [2**24, -2**24, 12345, -1]
    largest = 2**24
    for channel, values in enumerate(([largest, -largest], [15, -16, 14], [largest - 1, 300], [-largest])):
        coefficients = array(f"coefficients_{channel}", "<i4")
        coefficients[3:3 + len(values)] = values
        coefficients[-len(values):] = values
    text = json.dumps(header).encode()
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data[start:])


def _noisy_codes(source, target):
    """Coefficients that no coder makes shorter, some as large as they may be."""
    with open(source, "rb") as file:
        data = bytearray(file.read())
    start = 8 + struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:start])
    header["__metadata__"] = {key: value for key, value in header["__metadata__"].items() if "xxh3" not in key}
    random = np.random.default_rng(1)
    for channel in range(4):
        begin, end = header[f"coefficients_{channel}"]["data_offsets"]
        coefficients = np.frombuffer(data, "<i4", (end - begin) // 4, start + begin)
        largest = 2**24 if channel >= 2 else 2**18
        coefficients[:] = random.integers(-largest, largest, coefficients.size)
        coefficients[-1] = largest if channel >= 2 else 0
    text = json.dumps(header).encode()
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data[start:])


def _make_packages(voxpack, folder):
    """{name: bytes} of golden/."""
    packages, path = {}, lambda name: os.path.join(folder, name)
    for name, (arrays, resolution, appearance, size) in _fields().items():
        write_field(path("field"), arrays, resolution, appearance)
        _run(voxpack, "quantize", path("field"), "-o", path(name + ".codes"), "--target-size", size)
        _run(voxpack, "pack", path(name + ".codes"), "-o", path(name))
        with open(path(name), "rb") as file:
            packages[name] = file.read()
    _run(voxpack, "demo", "--field", "--resolution", "32", "-o", path("field"))
    _run(voxpack, "compress", path("field"), "-o", path("demo"), "--target-points", "300",
         "--target-size", "20kB", "--save-field", path("ignored"))
    with open(path("demo"), "rb") as file:
        packages["demo_fine_steps"] = file.read()
    _edit_codes(path("rgb_three_levels.codes"), path("edited"))
    _run(voxpack, "pack", path("edited"), "-o", path("extremes"))
    with open(path("extremes"), "rb") as file:
        packages["extremes"] = file.read()
    _noisy_codes(path("small_rgb.codes"), path("edited"))
    _run(voxpack, "pack", path("edited"), "-o", path("noise"))
    with open(path("noise"), "rb") as file:
        packages["noise"] = file.read()
    sections = read_sections(packages["one_point"])
    packages["unknown_sections"] = build_package(sections | {(9, 3): b"later", (0, 7): b""}, minor=9)
    return packages


def _write_all(folder, packages, listing, content):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    for name, data in packages.items():
        with open(os.path.join(folder, name + ".vxp"), "wb") as file:
            file.write(data)
    with open(os.path.join(folder, listing), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.write("\n")


def main():
    if len(sys.argv) != 2:
        print("usage: make_golden.py VOXPACK", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        packages = _make_packages(sys.argv[1], folder)
    golden = os.path.join(HERE, "golden")
    _write_all(golden, packages, "digests.json", {})
    known = {name: digests(decode_with_voxpack(sys.argv[1], os.path.join(golden, name + ".vxp")))
             for name in packages}
    _write_all(golden, packages, "digests.json", known)
    damaged = corrupt_packages(packages["small_mlp"], packages["no_point"], packages["full_cube"],
                               packages["noise"], packages["rgb_layers"])
    _write_all(os.path.join(HERE, "corrupt"), {name: data for name, (_, data) in damaged.items()},
               "codes.json", {name: code for name, (code, _) in damaged.items()})
    print(f"{len(packages)} packages, {sum(map(len, packages.values()))} bytes; {len(damaged)} damaged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
