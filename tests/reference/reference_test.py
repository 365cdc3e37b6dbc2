#!/usr/bin/env python3
"""voxpack and the reference decoder must agree on every package, and both know the kept ones.

usage: reference_test.py demo|golden|corrupt VOXPACK
  demo     a package made from the built-in object decodes to the same bits in both
  golden   golden/*.vxp decode in both to the digests of golden/digests.json
  corrupt  both refuse corrupt/*.vxp as corrupt/codes.json says
Exit codes: 0 passed, 1 failed, 77 skipped (no NumPy).
"""

import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy  # noqa: F401
except ImportError:
    print(f"skipped: {sys.executable} has no NumPy (Debian: python3-numpy)")
    sys.exit(77)

from compare_decoders import compare, decode_with_reference, decode_with_voxpack, digests
from vxp_container import BadData, Unsupported

HERE = os.path.dirname(os.path.abspath(__file__))


def list_packages(folder, known):
    """Paths by name; the folder and the listing must name the same packages."""
    names = {name[:-4] for name in os.listdir(folder) if name.endswith(".vxp")}
    if names != set(known) or not names:
        sys.exit(f"{folder}: files and listing differ: {sorted(names ^ set(known))}")
    return {name: os.path.join(folder, name + ".vxp") for name in sorted(names)}


def read_listing(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def check_demo(voxpack):
    with tempfile.TemporaryDirectory() as folder:
        field, package = os.path.join(folder, "field.safetensors"), os.path.join(folder, "demo.vxp")
        for command in (["demo", "--field", "--resolution", "48", "-o", field],
                        ["compress", field, "-o", package, "--target-points", "3000",
                         "--min-visibility", "0", "--sphere-views", "8", "--target-size", "12kB"]):
            done = subprocess.run([voxpack, *command, "-q"], capture_output=True, text=True)
            if done.returncode != 0:
                return 0, [f"{' '.join(command)}: exit {done.returncode}: {done.stderr}"]
        points = len(decode_with_voxpack(voxpack, package)[1]["density"])
        faults = [] if points >= 1000 else [f"only {points} points: too few to prove anything"]
        return 1, faults + compare(voxpack, package)


def check_golden(voxpack):
    folder = os.path.join(HERE, "golden")
    known, faults = read_listing(folder, "digests.json"), []
    packages = list_packages(folder, known)
    for name, path in packages.items():
        try:
            results = {"voxpack": digests(decode_with_voxpack(voxpack, path)),
                       "reference": digests(decode_with_reference(path))}
        except subprocess.CalledProcessError as error:
            faults.append(f"{name}: voxpack exits with {error.returncode}: {error.stderr.strip()}")
            continue
        except (BadData, Unsupported) as error:
            faults.append(f"{name}: the reference decoder refuses: {error}")
            continue
        for decoder, result in results.items():
            wrong = sorted(key for key in result.keys() | known[name].keys()
                           if result.get(key) != known[name].get(key))
            faults += [f"{name}: {decoder}: another {key} than was recorded" for key in wrong]
    return len(packages), faults


def reference_answer(path):
    """(exit code, message) of the reference decoder."""
    try:
        decode_with_reference(path)
    except BadData as error:
        return 4, str(error)
    except Unsupported as error:
        return 5, str(error)
    return 0, ""


def voxpack_answer(voxpack, path, folder):
    """(exit code, message) of `voxpack unpack`, which must leave no file if it fails."""
    field = os.path.join(folder, "field.safetensors")
    done = subprocess.run([voxpack, "unpack", path, "-o", field, "-q"], capture_output=True, text=True)
    if done.returncode != 0 and os.listdir(folder):
        return -1, f"leaves {os.listdir(folder)}"
    return done.returncode, done.stderr.strip()


def check_corrupt(voxpack):
    folder = os.path.join(HERE, "corrupt")
    known, faults = read_listing(folder, "codes.json"), []
    packages = list_packages(folder, known)
    for name, path in packages.items():
        with tempfile.TemporaryDirectory() as empty:
            answers = {"voxpack": voxpack_answer(voxpack, path, empty), "reference": reference_answer(path)}
        for decoder, (code, message) in answers.items():
            print(f"{name}: {decoder}: {message.replace(path, '')}")
            if code != known[name]:
                faults.append(f"{name}: {decoder}: exit {code}, should be {known[name]}")
    return len(packages), faults


def main():
    checks = {"demo": check_demo, "golden": check_golden, "corrupt": check_corrupt}
    if len(sys.argv) != 3 or sys.argv[1] not in checks:
        print("usage: reference_test.py demo|golden|corrupt VOXPACK", file=sys.stderr)
        return 2
    count, faults = checks[sys.argv[1]](sys.argv[2])
    for fault in faults:
        print(f"FAILED: {fault}")
    print(f"{count} packages, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
