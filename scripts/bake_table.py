#!/usr/bin/env python3
"""Bakes data sets on several grids, measures the fields on the test views and prints the rows of a table for docs/benchmarks.md.

    scripts/bake_table.py --device cuda --resolutions 256,512,1024 lego chair head

Options behind `--` go to `voxpack bake` (for example `-- --fit-exposure`). The fields go to a temporary folder and are removed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HEADER = ("| object | grid | iterations | seconds | points | PSNR mean / min | SSIM | edge PSNR | train PSNR | last grid: ms an iteration, samples a ray |\n"
          "|---|---|---|---|---|---|---|---|---|---|")


def row(voxpack, data, resolution, device, extra, folder):
    field, bake_report, views_report = (folder / name for name in ("field.safetensors", "bake.json", "views.json"))
    common = ["--device", device, "-q"]
    start = time.monotonic()
    subprocess.run([voxpack, "bake", data, "-o", field, "--resolution", str(resolution), "--report", bake_report, *common, *extra], check=True)
    seconds = time.monotonic() - start
    subprocess.run([voxpack, "evaluate", field, "--views", data, "--report", views_report, *common], check=True, stdout=subprocess.DEVNULL)
    field.unlink()
    bake = json.loads(bake_report.read_text())
    views = json.loads(views_report.read_text())
    last = bake["levels"][-1]
    return (f"| {pathlib.Path(data).name} | {resolution} | {sum(l['iterations'] for l in bake['levels'])} | {seconds:.1f} | {bake['point_count'] / 1e6:.2f} M "
            f"| {views['psnr_mean_db']:.2f} / {views['psnr_min_db']:.2f} dB | {views['ssim_mean']:.4f} | {views['edge_psnr_mean_db']:.2f} dB "
            f"| {bake['train_psnr_db']:.2f} dB | {1e3 * last['seconds'] / last['iterations']:.2f}, {last['samples_per_ray']:.1f} |")


def main():
    arguments = sys.argv[1:]
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", help="data sets")
    parser.add_argument("--voxpack", default="build/release/voxpack", help="the program (%(default)s)")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (%(default)s)")
    parser.add_argument("--resolutions", default="256,512,1024", help="grids, with commas (%(default)s)")
    args = parser.parse_args(arguments[:cut])
    print(HEADER)
    with tempfile.TemporaryDirectory() as folder:
        for data in args.data:
            for resolution in args.resolutions.split(","):
                print(row(args.voxpack, data, int(resolution), args.device, arguments[cut + 1:], pathlib.Path(folder)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"bake_table: {error}")
