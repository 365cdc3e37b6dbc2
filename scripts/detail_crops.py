#!/usr/bin/env python3
"""Draws one view of several models and puts the same crop of each side by side, with a caption below.

    scripts/detail_crops.py --picture r_80 --crop 300,260,200,200 --out docs/images/chair.png \\
        "49 M points=chair.safetensors" "2 M=chair_2m.safetensors" "0.5 M=chair_500k.safetensors" -- --views chair

What stands behind `--` goes to `voxpack render`; --picture is the name of one of its pictures. A model may also be a picture. Needs python3-pil.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw, ImageFont

CAPTION = 26
GAP = 6


def draw(voxpack, model, picture, extra):
    if model.lower().endswith((".png", ".jpg", ".webp")):
        return Image.open(model)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([voxpack, "render", model, "-o", folder, "-q", *extra], check=True)
        return Image.open(pathlib.Path(folder) / f"{picture}.png").copy()


def over_white(image):
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def main():
    arguments = sys.argv[1:]
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help="CAPTION=MODEL: a field, package or picture")
    parser.add_argument("--voxpack", default="build/release/voxpack", help="the program (%(default)s)")
    parser.add_argument("--picture", required=True, help="name of the picture to take, without .png")
    parser.add_argument("--crop", required=True, help="X,Y,WIDTH,HEIGHT in pixels")
    parser.add_argument("--scale", type=int, default=2, help="size of a pixel in the result (%(default)s)")
    parser.add_argument("--out", required=True, help="picture to write")
    args = parser.parse_args(arguments[:cut])
    x, y, width, height = (int(v) for v in args.crop.split(","))
    tiles = []
    for model in args.models:
        caption, path = model.split("=", 1)
        crop = over_white(draw(args.voxpack, path, args.picture, arguments[cut + 1:])).crop((x, y, x + width, y + height))
        tiles.append((caption, crop.resize((width * args.scale, height * args.scale), Image.NEAREST)))
    tile = width * args.scale
    out = Image.new("RGB", (len(tiles) * (tile + GAP) - GAP, height * args.scale + CAPTION), "white")
    pen = ImageDraw.Draw(out)
    for i, (caption, crop) in enumerate(tiles):
        out.paste(crop, (i * (tile + GAP), 0))
        pen.text((i * (tile + GAP) + 4, height * args.scale + 6), caption, fill="black", font=ImageFont.load_default())
    out.save(args.out)


if __name__ == "__main__":
    try:
        main()
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        sys.exit(f"detail_crops: {error}")
