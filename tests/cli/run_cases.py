#!/usr/bin/env python3
"""Runs the command line cases: cases/NAME.sh against NAME.stdout, NAME.stderr and NAME.code.

Each script runs with `sh -u` in an empty folder, with `voxpack` and `make_inputs` on its PATH.
Inputs are made under in/. Whatever else the script leaves is listed after its output as
"left: PATH", so that a file left behind by a failed command fails the case.
With --update the expected files are rewritten; read the difference before keeping it.
"""

import argparse
import difflib
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE / "cases"
KINDS = ("stdout", "stderr", "code")


def make_path(folder, binary):
    """A folder for PATH that holds `voxpack` and `make_inputs`."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "voxpack").symlink_to(binary)
    script = tools / "make_inputs"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "make_inputs.py"}" "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return tools


def run_case(script, binary):
    with tempfile.TemporaryDirectory(prefix="voxpack-cli-") as name:
        folder = pathlib.Path(name)
        work = folder / "work"
        (work / "in").mkdir(parents=True)
        environment = dict(os.environ, LC_ALL="C", TMPDIR=name,
                           VOXPACK_DOCS=str(HERE.parent.parent / "docs"))
        environment["PATH"] = f"{make_path(folder, binary)}:{environment['PATH']}"
        done = subprocess.run(["sh", "-u", str(script)], cwd=work, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        left = sorted(str(path.relative_to(work)) for path in work.rglob("*")
                      if path.relative_to(work).parts[0] != "in")
        # A case may lower what it is allowed to do in a folder; it must still be removable.
        for path in work.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
    stdout = done.stdout.decode(errors="replace") + "".join(f"left: {path}\n" for path in left)
    stderr = done.stderr.decode(errors="replace").replace(name, "TMP")
    return {"stdout": stdout, "stderr": stderr, "code": f"{done.returncode}\n"}


def check_case(script, binary, update):
    got = run_case(script, binary)
    passed = True
    for kind in KINDS:
        path = script.with_suffix("." + kind)
        expected = path.read_text() if path.exists() else None
        if got[kind] == expected:
            continue
        if update:
            path.write_text(got[kind])
            print(f"{path.name}: rewritten")
            continue
        passed = False
        sys.stdout.writelines(difflib.unified_diff(
            (expected or "").splitlines(True), got[kind].splitlines(True), path.name, "now"))
    print(f"{'ok  ' if passed else 'FAIL'} {script.stem}")
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the voxpack to test")
    parser.add_argument("--update", action="store_true", help="rewrite what is expected")
    parser.add_argument("names", nargs="*", help="cases; all if none is given")
    arguments = parser.parse_args()
    binary = shutil.which(arguments.binary)
    if binary is None:
        sys.exit(f"{arguments.binary}: not a program")
    scripts = [CASES / f"{name}.sh" for name in arguments.names] or sorted(CASES.glob("*.sh"))
    if not scripts:
        sys.exit("no cases")
    failed = [script.stem for script in scripts
              if not check_case(script, pathlib.Path(binary).resolve(), arguments.update)]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
