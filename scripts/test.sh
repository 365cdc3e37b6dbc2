#!/usr/bin/env bash
# Builds the release preset and runs every test that belongs to a push: ctest, then the main job in small.
# On a machine with a GPU, scripts/gpu_check.sh runs the CUDA side of the same tests.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_WAIT_POLICY=passive  # threads of many tests share the cores

scripts/install_deps.sh --tests
if [ ! -d tests/viewer/node_modules/playwright-core ]; then  # drives the browser; without it those tests are left out
  (cd tests/viewer && npm ci --no-audit --no-fund --silent) || echo "test.sh: npm ci failed: the viewer is not tested" >&2
fi
cmake --preset release -DVOXPACK_TESTS=ON
cmake --build --preset release
ctest --preset release -j "$(nproc)" --no-tests=error </dev/null
scripts/quickstart.sh --smoke
