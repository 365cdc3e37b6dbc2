#!/usr/bin/env python3
"""Cuts and corrupts a package and a field file; every command that reads them must say so and exit with 4.

usage: corruption_test.py VOXPACK [--random N] [--every N]
  --random N   random corruptions of 1 to 8 bytes of each file (default 40)
  --every N    truncate at every N-th length (default 997; 1: all)
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor


def run(voxpack, *args, **kwargs):
    return subprocess.run([voxpack, *args], capture_output=True, text=True, **kwargs)


def make_files(voxpack, folder):
    whole = os.path.join(folder, "whole.safetensors")
    field = os.path.join(folder, "field.safetensors")
    package = os.path.join(folder, "package.vxp")
    for command in (
        ["demo", "--field", "--resolution", "32", "-o", whole],
        ["compress", whole, "-o", package, "--target-points", "300", "--target-size", "20KB"],
        ["unpack", package, "-o", field],
    ):
        done = run(voxpack, *command)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}")
    return field, package


def variants(data, random_count, every):
    """Damaged copies of data, each with a name."""
    for length in range(0, len(data), every):
        yield f"cut to {length}", data[:length]
    yield "one byte more", data + b"\0"
    source = random.Random(1)
    for number in range(random_count):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 8)):
            damaged[source.randrange(len(data))] ^= source.randint(1, 255)
        if bytes(damaged) != data:
            yield f"corruption {number}", bytes(damaged)


def check(voxpack, folder, suffix, name, damaged):
    """None, or what is wrong with the answer to a damaged file."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=suffix) as file:
        file.write(damaged)
        file.flush()
        done = run(voxpack, "info", file.name)
    lines = [line for line in done.stderr.splitlines() if line]
    if done.returncode != 4 or len(lines) != 1 or ": error: " not in lines[0] or done.stdout:
        return f"{name}{suffix}: exit {done.returncode}, {len(lines)} lines: {done.stderr[:300]}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("voxpack")
    parser.add_argument("--random", type=int, default=40)
    parser.add_argument("--every", type=int, default=997)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        faults, tried = [], 0
        for path in make_files(args.voxpack, folder):
            suffix = os.path.splitext(path)[1]
            with open(path, "rb") as file:
                data = file.read()
            whole = run(args.voxpack, "info", path)
            if whole.returncode != 0:
                sys.exit(f"info {path}: exit {whole.returncode}: {whole.stderr}")
            jobs = [pool.submit(check, args.voxpack, folder, suffix, name, damaged)
                    for name, damaged in variants(data, args.random, args.every)]
            tried += len(jobs)
            faults += [fault for fault in (job.result() for job in jobs) if fault]
            print(f"{os.path.basename(path)}: {len(data)} bytes, {len(jobs)} damaged copies")
    for fault in faults[:20]:
        print(fault)
    print(f"{tried - len(faults)} refused, {len(faults)} not")
    sys.exit(1 if faults else 0)


main()
