"""Looks at the program that links the decoder room alone: which libraries, which symbols, does it run.

The decoder is embedded elsewhere, so it never pulls in CUDA, Eigen, JSON, OpenMP or an encoder.
Usage: decoder_link_test.py PROGRAM
"""

import re
import subprocess
import sys

ALLOWED_LIBRARIES = re.compile(
    r"(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|libstdc\+\+|libgcc_s|libasan|libubsan)$")
FORBIDDEN_SYMBOLS = re.compile(
    r"GOMP_|omp_get|cudaMalloc|cudaLaunch|nlohmann|Eigen::|CLI::|\bpng_|WebP|jpeg_"
    r"|\bvoxpack::(\(anonymous namespace\)::)?(\w*::)?(enc_|encode_|write_package)"
    r"|ZSTD_")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    program = sys.argv[1]
    faults = []
    for line in run("ldd", program).splitlines():
        name = line.split()[0].rsplit("/", 1)[-1].split(".so")[0]
        if not ALLOWED_LIBRARIES.match(name):
            faults.append(f"links {name}")
    symbols = run("nm", "-C", "--defined-only", program).splitlines()
    if len(symbols) < 10:
        faults.append("has no symbols to look at")
    faults += [f"contains {line}" for line in symbols if FORBIDDEN_SYMBOLS.search(line)]
    # The program gives bytes that are no package to the decoder and exits 0 if they are refused.
    if subprocess.run([program], check=False).returncode != 0:
        faults.append("does not refuse bytes that are no package")
    for fault in faults[:20]:
        print(f"decoder_link: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
