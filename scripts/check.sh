#!/usr/bin/env bash
# What CI runs (.ci/run), and what you run before you stop. Without arguments: every step.
#   format      clang-format on all C++ files
#   rooms       scripts/check_rooms.py: includes, names, lengths
#   tests       scripts/test.sh: release build, ctest, the main job in small
#   portable    the release binary needs nothing but the C library; size of the decoder alone
#   sanitizers  the asan-ubsan build and its tests
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_WAIT_POLICY=passive  # threads of many tests share the cores

check_format() {
  local format
  format=$(command -v clang-format-14 || command -v clang-format)
  find lib tools tests -name node_modules -prune -o -type f \
    \( -name '*.cpp' -o -name '*.h' -o -name '*.c' -o -name '*.cu' -o -name '*.cuh' \) -print0 |
    xargs -0 -r "$format" --dry-run -Werror
}

check_rooms() { scripts/check_rooms.py; }

check_tests() { scripts/test.sh; }

check_portable() {
  cmake --preset release -DVOXPACK_TESTS=ON >/dev/null
  cmake --build --preset release
  local needed
  needed=$(ldd build/release/voxpack | awk '{print $1}' | sed 's,.*/,,; s,\.so.*,,' | sort | tr '\n' ' ')
  echo "release binary: $(stat -c %s build/release/voxpack) bytes, needs: $needed"
  for library in $needed; do
    case "$library" in
      linux-vdso | libc | libm | libdl | librt | libpthread | ld-linux*) ;;
      *) echo "check.sh: error: build/release/voxpack needs $library; link it statically" >&2; return 1 ;;
    esac
  done
  # An inline function that march_<isa>.cpp exports could be linked for every processor.
  local object shared
  for object in build/release/CMakeFiles/voxpack_kernels.dir/lib/kernels/march_avx*.o; do
    shared=$(nm -C "$object" | grep -E ' [WVu] ' || true)
    [ -z "$shared" ] || { echo "check.sh: error: $object exports inline code: $shared" >&2; return 1; }
  done
  local decoder=build/release/tests/decoder_link/decoder_link
  if [ -f "$decoder" ]; then
    strip -o "$decoder.stripped" "$decoder"
    echo "decoder alone, stripped: $(stat -c %s "$decoder.stripped") bytes"
  fi
}

check_sanitizers() {
  cmake --preset asan-ubsan
  cmake --build --preset asan-ubsan
  # Left out: what runs no C++ of this build (house, viewer), decodes in Python (reference), and whole pipelines that take minutes and whose
  # stages the room tests run.
  local left_out='^(house|reference|viewer|corruption)\.|^cli\.(bake-resume|bake-save-views|defaults-equal-compress|gates|heat-map|interrupt'
  left_out+='|photos-to-picture|prune-criterion|size-units|threads-same-bytes|verbs-equal-compress|view)$'
  ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
    ctest --preset asan-ubsan -j "$(nproc)" --no-tests=error -E "$left_out" </dev/null
}

[ $# -gt 0 ] || set -- format rooms tests portable sanitizers
scripts/install_deps.sh --checks
for step in "$@"; do
  case "$step" in
    format | rooms | tests | portable | sanitizers) ;;
    *) echo "check.sh: error: unknown step $step" >&2; exit 2 ;;
  esac
  started=$SECONDS
  echo "== $step"
  "check_$step"
  echo "== $step: passed in $((SECONDS - started)) s"
done
