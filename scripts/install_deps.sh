#!/usr/bin/env bash
# Installs what the build needs on Debian 12 (and what apt-based systems near it call the same).
# Does nothing, and asks for no rights, when everything is there already.
#   --tests    also what the tests need
#   --checks   also what scripts/check.sh needs
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config ca-certificates
  libcli11-dev nlohmann-json3-dev libwebp-dev libpng-dev libjpeg62-turbo-dev libxxhash-dev)
# The viewer: its compiler, and a browser to test it in.
viewer=(clang-14 lld-14 wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32 binaryen chromium)
command -v node >/dev/null && command -v npm >/dev/null || viewer+=(nodejs npm)
for argument in "$@"; do
  case "$argument" in
    --tests) packages+=(libgtest-dev libspng-dev python3 python3-numpy ccache "${viewer[@]}") ;;
    --checks) packages+=(libgtest-dev libspng-dev python3 python3-numpy ccache clang-format-14 binutils "${viewer[@]}") ;;
    *) echo "install_deps.sh: error: unknown option $argument (--tests, --checks)" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install_deps.sh: no apt here; install by hand: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install_deps.sh: error: run as root: apt-get install ${missing[*]}" >&2; exit 6; }
  as_root=(sudo)
fi
echo "install_deps.sh: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# A source of packages that we do not need may be out of reach; the installation decides.
"${as_root[@]}" apt-get update -q </dev/null >/dev/null || echo "install_deps.sh: apt-get update failed in part" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
  "${missing[@]}" </dev/null >/dev/null
