"""Runs scripts/check_rooms.py on small trees: a good one passes, each fault is found in its place."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_rooms.py"

GOOD = {
    "lib/core/status.h": "// Status.\n",
    "lib/field/field.h": '// Field.\n#include "core/status.h"\n',
    "lib/kernels/kernels.h": '// Kernels.\n#include "field/field.h"\n',
    "lib/kernels/kernels_cuda.cu": "#include <cuda_runtime.h>\n",
    "lib/codec/range.h": '// Shared.\n#include "core/status.h"\n',
    "lib/codec/enc_range.h": '// Encoder.\n#include "codec/range.h"\n',
    "lib/codec/dec_range.h": '// Decoder.\n#include "codec/range.h"\n',
    "lib/package/dec_package.h": '// Reader.\n#include "codec/dec_range.h"\n',
    "lib/package/package.h": "// Constants.\n",
    "lib/decoder/decoder.cpp": '#include "package/dec_package.h"\n#include "core/status.h"\n',
    "lib/io/json_file.cpp": '#include <nlohmann/json.hpp>\n#include "field/field.h"\n',
    "lib/metrics/psnr.h": '// PSNR.\n#include "field/field.h"\n',
    "lib/stages/prune.cpp": '#include "kernels/kernels.h"\n#include "codec/enc_range.h"\n',
    "tools/voxpack/main.cpp": '#include <CLI/CLI.hpp>\n#include "stages/prune.h"\n',
    "lib/stages/prune.h": "// Prune.\n",
    "tests/codec/range_test.cpp": '#include "codec/enc_range.h"\n#include "codec/dec_range.h"\n',
    "tests/codec/codec_support.h": "// Support.\n",
    "tests/codec/other_test.cpp": '#include "codec/codec_support.h"\n',
    "tests/cli/cases/no-command.sh": "# case\n",
    "docs/field-format.md": "Read [this](field-format.md#top), [that](https://example.org/x).\n",
    "lib/codec/model_tables.h": "// Table.\n" + "1,\n" * 700,
    "scripts/open.sh": "# TODO(#12): shorter\n",
}

# One fault each: files added to the good tree, and what the report must say.
BAD = [
    ({"lib/core/bad.cpp": '#include "field/field.h"\n'}, "lib/core/bad.cpp:1: core may not include"),
    ({"lib/field/bad.cpp": '#include "io/x.h"\n', "lib/io/x.h": "// X.\n"}, "field may not include"),
    ({"lib/kernels/bad.cpp": '#include "codec/range.h"\n'}, "kernels may not include codec/range.h"),
    ({"lib/codec/bad.cpp": '#include "field/field.h"\n'}, "codec may not include field/field.h"),
    ({"lib/package/bad.cpp": '#include "kernels/kernels.h"\n'}, "package may not include"),
    ({"lib/decoder/bad.cpp": '#include "field/field.h"\n'}, "decoder may not include field/field.h"),
    ({"lib/decoder/bad.cpp": '#include "codec/enc_range.h"\n'}, "encoders stay out"),
    ({"lib/metrics/bad.cpp": '#include "codec/range.h"\n'}, "metrics may not include"),
    ({"lib/stages/bad.cpp": '#include "io/x.h"\n', "lib/io/x.h": "// X.\n"}, "stages may not include"),
    ({"lib/codec/enc_bad.cpp": '#include "codec/dec_range.h"\n'}, "stay apart"),
    ({"lib/codec/dec_bad.cpp": '#include "codec/enc_range.h"\n'}, "stay apart"),
    ({"lib/decoder/bad.cpp": '#include "package/way.h"\n',
      "lib/package/way.h": '// Way.\n#include "codec/enc_range.h"\n'},
     "lib/decoder/bad.cpp: reaches lib/codec/enc_range.h through lib/package/way.h"),
    ({"lib/codec/dec_bad.cpp": '#include "codec/way.h"\n',
      "lib/codec/way.h": '// Way.\n#include "codec/enc_range.h"\n'}, "reaches lib/codec/enc_range.h"),
    ({"lib/stages/bad.cpp": "#include <nlohmann/json.hpp>\n"}, "stages may not include nlohmann"),
    ({"lib/io/bad.cpp": "#include <CLI/CLI.hpp>\n"}, "io may not include CLI/"),
    ({"lib/stages/bad.cpp": "#include <cuda_runtime.h>\n"}, "stages may not include cuda_runtime.h"),
    ({"tests/io/bad_test.cpp": '#include "io/gone.h"\n'}, "io/gone.h, which does not exist"),
    ({"lib/spare/x.h": "// X.\n"}, "lib/spare is not a room"),
    ({"lib/core/BadName.cpp": "\n"}, "lib/core/BadName.cpp: file names are snake_case"),
    ({"tools/voxpack/status.h": "// Again.\n"}, "tools/voxpack/status.h: the same file name as"),
    ({"lib/core/bad.cpp": "// TODO: later\n"}, "lib/core/bad.cpp:1: a task without an issue"),
    ({"lib/core/bad.cpp": "int x;\n" * 601}, "lib/core/bad.cpp: 601 lines"),
    ({"docs/bad.md": "\nSee /work/main.\n"}, "docs/bad.md:2: a path of one machine"),
    ({"README.md": "A prototype.\n"}, 'README.md:1: the word "prototype"'),
    ({"README.md": "[x](docs/gone.md)\n"}, "README.md:1: links to docs/gone.md"),
    ({"lib/core/bad.h": "#pragma once\n"}, "lib/core/bad.h:1: a header starts with"),
]


def run_on(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True,
                              check=False)


class CheckRooms(unittest.TestCase):
    def test_good_tree_passes(self):
        run = run_on(GOOD)
        self.assertEqual((run.returncode, run.stdout), (0, ""))

    def test_each_fault_is_found_alone(self):
        for added, expected in BAD:
            with self.subTest(expected):
                run = run_on(GOOD | added)
                self.assertEqual(run.returncode, 1)
                self.assertIn(expected, run.stdout)
                self.assertEqual(len(run.stdout.splitlines()), 1, run.stdout)

    def test_installed_and_built_files_are_not_read(self):
        run = run_on(GOOD | {"tools/viewer/node_modules/x/Bad.js": "// TODO: theirs\n",
                             "lib/core/__pycache__/Bad.py": "# prototype\n"})
        self.assertEqual((run.returncode, run.stdout), (0, ""))

    def test_a_folder_without_lib_is_wrong_use(self):
        self.assertEqual(run_on({"README.md": "\n"}).returncode, 2)


if __name__ == "__main__":
    unittest.main()
