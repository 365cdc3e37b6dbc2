#!/usr/bin/env python3
"""Joins the viewer's ES modules, its worker and the decoder module into one file.

The modules import each other by `import {a, b} from './file.js';` (one line or more) and export
declarations (`export class`, `export function`, `export const`); all share one scope in the
bundle, so their top-level names differ (checked here). `assets.js` is written anew: in the bundle
it holds the worker's source and the compressed decoder instead of their addresses.

Usage: bundle_viewer.py --source FOLDER --wasm MODULE --bundle OUT.js [--bytes OUT.cpp]
"""

import argparse
import base64
import gzip
import json
import re
import sys
from pathlib import Path

LIMIT_BYTES = 100_000  # of the bundle, gzipped
IMPORT = re.compile(r"^import\s*\{[^}]*\}\s*from\s*'\./([a-z_0-9]+\.js)';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const)\b)", re.MULTILINE)
DECLARATION = re.compile(r"^(?:async function|function|class|const|let) +(\w+)", re.MULTILINE)
COMMENT = re.compile(r"^\s*//.*\n|^\s*/\*\*?(?:[^*]|\*(?!/))*\*/\s*\n", re.MULTILINE)
TRAILING = re.compile(r"[ \t]+// [^'\"`\n]*$", re.MULTILINE)
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


class BundleError(Exception):
    pass


def join_modules(source, entry, replaced):
    """The modules that `entry` imports, and itself, in an order in which each comes after those it
    imports."""
    texts, order = {}, []

    def visit(name, above):
        if name in above:
            raise BundleError(f"{name} imports itself through {' > '.join(above)}")
        if name in texts:
            return
        text = replaced.get(name) or (source / name).read_text(encoding="utf-8")
        texts[name] = text
        for target in IMPORT.findall(text):
            visit(target, above + [name])
        order.append(name)

    visit(entry, [])
    owner, parts = {}, []
    for name in order:
        text = EXPORT.sub("", IMPORT.sub("", texts[name]))
        if re.search(r"^(import|export)\b", text, re.MULTILINE):
            raise BundleError(f"{name} has an import or export of another form")
        for declared in DECLARATION.findall(text):
            if owner.setdefault(declared, name) != name:
                raise BundleError(f"{name} and {owner[declared]} both declare {declared}")
        parts.append(INDENT.sub("", TRAILING.sub("", COMMENT.sub("", text))).strip() + "\n")
    return "".join(parts)


def make_bundle(source, wasm):
    worker = join_modules(source, "decoder_worker.js", {})
    packed = base64.b64encode(gzip.compress(wasm, 9, mtime=0)).decode()
    assets = (f"const workerSource = {json.dumps(worker)};\n"
              f"const packedModule = '{packed}';\n"
              "export function makeWorker() {\n"
              "const url = URL.createObjectURL(new Blob([workerSource], {type: 'text/javascript'}));\n"
              "const worker = new Worker(url);\n"
              "URL.revokeObjectURL(url);\n"
              "return worker;\n}\n"
              "export async function loadModule() {\n"
              "const packed = Uint8Array.from(atob(packedModule), (c) => c.charCodeAt(0));\n"
              "const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));\n"
              "return new Response(stream).arrayBuffer();\n}\n")
    licence = "/*! voxpack viewer; see the LICENSE of the project */\n"
    bundle = licence + join_modules(source, "voxpack_viewer.js", {"assets.js": assets})
    if "</script" in bundle.lower() or "<!--" in bundle:
        raise BundleError("the bundle could not stand inside a page: it contains </script or <!--")
    return bundle.encode()


def make_bytes(bundle):
    lines = ["// The viewer's bundle, for `voxpack view`. Made by scripts/bundle_viewer.py.",
             '#include "viewer_bytes.h"', "namespace voxpack {",
             f"const unsigned char kViewerBundle[{len(bundle)}] = {{"]
    for start in range(0, len(bundle), 40):
        lines.append(",".join(str(b) for b in bundle[start:start + 40]) + ",")
    lines += ["};", f"const size_t kViewerBundleSize = {len(bundle)};", "}  // namespace voxpack"]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--wasm", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--bytes", type=Path)
    arguments = parser.parse_args()
    wasm = arguments.wasm.read_bytes()
    try:
        bundle = make_bundle(arguments.source, wasm)
    except BundleError as error:
        print(f"bundle_viewer: error: {error}", file=sys.stderr)
        return 4
    packed = len(gzip.compress(bundle, 9, mtime=0))
    print(f"viewer: decoder {len(wasm)} bytes ({len(gzip.compress(wasm, 9, mtime=0))} gzipped), "
          f"bundle with it {len(bundle)} bytes ({packed} gzipped)")
    if packed > LIMIT_BYTES:
        print(f"bundle_viewer: error: more than {LIMIT_BYTES} bytes gzipped", file=sys.stderr)
        return 1
    arguments.bundle.write_bytes(bundle)
    if arguments.bytes:
        arguments.bytes.write_text(make_bytes(bundle), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
