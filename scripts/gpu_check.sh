#!/usr/bin/env bash
# On a machine with a GPU: runs the CUDA tests with skips as failures and prints the row for docs/benchmarks.md.
#   scripts/gpu_check.sh [BUILD_DIR]   default build/cuda (cmake --preset cuda); its binaries may come from elsewhere
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/cuda}
export VOXPACK_REQUIRE_CUDA=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$build/tests/kernels_tests" --gtest_brief=1 | tee "$log"
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck; do
    compute-sanitizer --tool "$tool" --error-exitcode=1 "$build/tests/kernels_tests" --gtest_filter='Cuda.*:Device/CoarsenOn.*' --gtest_brief=1
  done
fi
device=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -1)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
passed=$(sed -n 's/.*PASSED.* \([0-9]*\) tests.*/\1/p' "$log")
echo "| $commit | $device | scripts/gpu_check.sh $build | $passed passed, 0 failed, 0 skipped |"
