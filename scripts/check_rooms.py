#!/usr/bin/env python3
"""Checks the house rules that no compiler checks (docs/architecture.md).

Includes follow the order of the rooms; enc_* and dec_* stay apart; the decoder reaches nothing but
decoding code; JSON stays in io, CLI11 in tools, CUDA headers in kernels; names, lengths, words,
links between documents.
Prints one line per fault and exits 1 if there is any. Usage: check_rooms.py [ROOT]
"""

import re
import sys
from pathlib import Path

ROOMS = ["core", "field", "kernels", "codec", "package", "decoder", "io", "metrics", "stages"]

# Rooms that a room may include. A room that is not named here may include all rooms above it.
ALLOWED = {
    "kernels": {"core", "field"},
    "codec": {"core"},
    "package": {"core", "codec"},
    "decoder": {"core", "codec", "package"},
    "metrics": {"core", "field"},
    "stages": set(ROOMS) - {"io", "stages"},
}

# Third-party headers, and the places that may include them ("tests" always may).
THIRD_PARTY = [
    (re.compile(r"nlohmann/"), {"io", "tools"}),
    (re.compile(r"CLI/"), {"tools"}),
    (re.compile(r"(cuda|cuda_runtime|cub/|thrust/|cooperative_groups)"), {"kernels"}),
    (re.compile(r"Eigen/"), {"field", "kernels", "io", "metrics", "stages", "tools"}),
]

TREES = ["lib", "tools", "tests", "scripts", "cmake", "docs", ".ci"]
SKIPPED_FOLDERS = {"node_modules", "__pycache__", "build", "out", ".git"}
CPP = {".h", ".cpp", ".cu", ".cuh", ".c"}
CODE = CPP | {".py", ".sh", ".js", ".mjs", ".css", ".html", ".glsl"}
TEXT = CODE | {".md", ".txt", ".cmake", ".json", ".yml"}
MAX_LINES = 600
# Read, but not named, like source files: documents, and cases named after what they show.
NOT_SOURCES = ("docs/", "tests/cli/cases/")
SAME_NAME_ALLOWED = {"__init__.py"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
SNAKE_CASE = re.compile(r"_?[a-z0-9]+(_[a-z0-9]+)*_*(\.[a-z0-9]+)+")
TABLE_FILE = re.compile(r"_tables?\.[a-z]+$")
LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)]*)?\)")
OPEN_TASK = re.compile(r"\b(TODO|FIXME)\b(?!\(#\d+\))")
WORDS = [
    (re.compile(r"(?<![\w.])/(work|home)/"), "a path of one machine"),
    (re.compile(r"(?<!\.)\bprototype", re.IGNORECASE), 'the word "prototype"'),
]
# These name the words that they look for.
WORDS_EXEMPT = {"scripts/check_rooms.py", "tests/house/check_rooms_test.py"}


def list_files(root):
    for tree in TREES:
        for path in sorted((root / tree).rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not SKIPPED_FOLDERS.intersection(parts):
                yield path
    for path in sorted(root.iterdir()):
        if path.is_file():
            yield path


def read_lines(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def read_includes(lines):
    """(line number, "<" or a quote, what is included) of every include."""
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            yield number, match.group(1), match.group(2)


def place_of(name):
    """The room of a path below the root; "tools", "tests" or "" elsewhere."""
    parts = name.split("/")
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] in ("tools", "tests") else ""


def side_of(name):
    """"enc", "dec" or "" by the file's name."""
    prefix = name.rsplit("/", 1)[-1][:4]
    return prefix[:3] if prefix in ("enc_", "dec_") else ""


def may_include(place, room):
    if place in ("tools", "tests") or place == room:
        return True
    if place in ALLOWED:
        return room in ALLOWED[place]
    return ROOMS.index(room) < ROOMS.index(place)


def check_include(root, name, quote, target):
    """The fault of one include, or None."""
    place = place_of(name)
    for pattern, places in THIRD_PARTY:
        if pattern.match(target) and place != "tests" and place not in places:
            return f"{place} may not include {target}"
    room = target.split("/")[0]
    if quote != '"' or room not in ROOMS:
        return None
    trees = ["lib", "tests"] if place == "tests" else ["lib"]
    if not any((root / tree / target).is_file() for tree in trees):
        return f"includes {target}, which does not exist"
    if not may_include(place, room):
        return f"{place} may not include {target}: against the order of the rooms"
    if place == "decoder" and side_of(target) == "enc":
        return f"decoder may not include {target}: encoders stay out of it"
    if place != "tests" and {side_of(name), side_of(target)} == {"enc", "dec"}:
        return f"{name.rsplit('/', 1)[-1]} may not include {target}: enc_* and dec_* stay apart"
    return None


def check_reach(root, includes):
    """What the decoder and dec_* reach through any number of includes; the shortest way is reported."""
    for start in includes:
        place, side = place_of(start), side_of(start)
        if place != "decoder" and not side:
            continue
        ways, seen = [[start]], {start}
        for way in ways:
            for target in includes.get(way[-1], ()):
                if target in seen:
                    continue
                seen.add(target)
                ways.append(way + [target])
                wrong_room = place == "decoder" and place_of(target) in ("field", "kernels")
                other = {"enc": "dec", "dec": "enc", "": "enc"}[side]
                if len(way) > 1 and (wrong_room or side_of(target) == other):
                    yield f"{start}: reaches {target} through {' > '.join(way[1:])}"


def check_cpp(root, files):
    includes = {}
    for name, lines in files:
        place = place_of(name)
        if name.startswith("lib/"):
            if place not in ROOMS:
                yield f"{name}: lib/{name.split('/')[1]} is not a room"
                continue
            if name.endswith((".h", ".cuh")) and not (lines and lines[0].startswith(("//", "/*"))):
                yield f"{name}:1: a header starts with what it does, in one to three lines"
        includes[name] = []
        for number, quote, target in read_includes(lines):
            if fault := check_include(root, name, quote, target):
                yield f"{name}:{number}: {fault}"
            if quote == '"':
                includes[name].append("lib/" + target)
    yield from check_reach(root, includes)


def check_links(path, name, lines):
    for number, line in enumerate(lines, 1):
        for match in LINK.finditer(line):
            if not (path.parent / match.group(1)).exists():
                yield f"{name}:{number}: links to {match.group(1)}, which does not exist"


def check_text(name, suffix, lines):
    if suffix in CODE and len(lines) > MAX_LINES and not TABLE_FILE.search(name):
        yield f"{name}: {len(lines)} lines, at most {MAX_LINES}: split it"
    if name in WORDS_EXEMPT:
        return
    for number, line in enumerate(lines, 1):
        if OPEN_TASK.search(line):
            yield f"{name}:{number}: a task without an issue, write TODO(#12)"
        for pattern, what in WORDS:
            if pattern.search(line):
                yield f"{name}:{number}: {what} does not belong into the project"


def check(root):
    """All faults of the tree below `root`, one line each."""
    cpp_files, first_of_name = [], {}
    for path in list_files(root):
        name, suffix = path.relative_to(root).as_posix(), path.suffix
        if suffix not in TEXT:
            continue
        lines = read_lines(path)
        yield from check_text(name, suffix, lines)
        if suffix == ".md":
            yield from check_links(path, name, lines)
        if suffix not in CODE or name.startswith(NOT_SOURCES):
            continue
        if not SNAKE_CASE.fullmatch(path.name):
            yield f"{name}: file names are snake_case"
        if path.name in first_of_name and path.name not in SAME_NAME_ALLOWED:
            yield f"{name}: the same file name as {first_of_name[path.name]}"
        first_of_name.setdefault(path.name, name)
        if suffix in CPP:
            cpp_files.append((name, lines))
    yield from check_cpp(root, cpp_files)


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    if not (root / "lib").is_dir():
        print(f"check_rooms: error: {root} has no lib/", file=sys.stderr)
        return 2
    faults = list(check(root))
    for fault in faults:
        print(fault)
    print(f"check_rooms: {len(faults)} fault(s)", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
