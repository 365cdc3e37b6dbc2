#!/usr/bin/env bash
# Makes docs/images/NAME.png: a test photo beside the same view drawn from the package, and a crop of both.
#   scripts/readme_picture.sh DATA_SET PACKAGE.vxp VIEW NAME [CROP]   e.g. chair chair.vxp r_8 chair 200x150+300+250
# Needs ImageMagick.
set -euo pipefail
data=$(realpath "$1") package=$(realpath "$2") view=$3 name=$4 crop=${5:-240x180+280+300}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build/release/voxpack evaluate "$package" --views "$data" --split test --save-views "$work" -q >/dev/null
convert "$data/test/$view.png" -background white -flatten "$work/photo.png"
for side in photo "$view"; do
  convert "$work/$side.png" -resize 50% "$work/$side.half.png"
  convert "$work/$side.png" -crop "$crop" +repage -filter point -resize 400x300! "$work/$side.crop.png"
done
mkdir -p docs/images
convert \( "$work/photo.half.png" "$work/photo.crop.png" -append \) \
        \( "$work/$view.half.png" "$work/$view.crop.png" -append \) +append \
        -colors 255 -strip "docs/images/$name.png"
ls -l "docs/images/$name.png"
