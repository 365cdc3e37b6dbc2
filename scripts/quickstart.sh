#!/usr/bin/env bash
# From a fresh clone to a package: installs, builds, and runs the main job on the built-in demo object.
# Leaves out/demo.vxp, out/demo.json and pictures in out/orbit/.
#   --smoke   a few seconds of it, into out/smoke/ (for the tests)
set -euo pipefail
cd "$(dirname "$0")/.."

out=out
demo=(--size 400 --train-views 60 --test-views 10)
compress=(--target-size 5MB --resolution 192 --iterations 2000 --refine-iterations 500)
orbit=8
case "${1:-}" in
  "") ;;
  --smoke)
    out=out/smoke
    demo=(--size 120 --train-views 24 --test-views 4)
    compress=(--target-size 300KB --preset draft --resolution 64 --iterations 200 --refine-iterations 50)
    orbit=2 ;;
  *) echo "quickstart.sh: error: unknown option $1 (--smoke)" >&2; exit 2 ;;
esac

scripts/install_deps.sh
started=$SECONDS
# A build folder that is there already keeps its settings.
[ -f build/release/CMakeCache.txt ] || cmake --preset release -DVOXPACK_TESTS=OFF
cmake --build --preset release --target voxpack
voxpack=build/release/voxpack

rm -rf "$out/demo" "$out/orbit" "$out/demo.vxp" "$out/demo.json" "$out/demo.evaluate.json"
mkdir -p "$out"
"$voxpack" demo -o "$out/demo" "${demo[@]}"
"$voxpack" compress "$out/demo" -o "$out/demo.vxp" "${compress[@]}" --report "$out/demo.json"
"$voxpack" evaluate "$out/demo.vxp" --views "$out/demo" --split test --report "$out/demo.evaluate.json"
"$voxpack" render "$out/demo.vxp" --orbit "$orbit" -o "$out/orbit"

# The commands' exit codes are not the whole promise: the files must be there.
test -s "$out/demo.vxp"
test -s "$out/demo.json"
test "$(find "$out/orbit" -name '*.png' -size +0 | wc -l)" -ge "$orbit"

cat <<TEXT

Done in $((SECONDS - started)) s:
  $out/demo/        photos of the built-in demo object, with their cameras
  $out/demo.vxp     the package, $(stat -c %s "$out/demo.vxp") bytes
  $out/demo.json    the report of compress
  $out/orbit/       pictures drawn from the package

Next: your own photos (a folder with transforms.json or transforms_train.json):
  $voxpack compress PHOTOS -o object.vxp --target-size 5MB
  $voxpack --help
TEXT
