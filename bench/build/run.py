#!/usr/bin/env python3
"""How long a clean debug build takes, and how long after the body of one handler changed.

Method: the committed tree is exported into a temporary folder with a target folder of its own, so that nobody's working copy
is touched. The clean build compiles everything with the sources of the dependencies already downloaded. Then one handler's
body gets one more statement, a different one each time, and `cargo build -p mainstay` is timed with linking: the median of
five.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402


def build(tree, target):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "CARGO_TERM_PROGRESS_WHEN": "never"}
    begun = time.monotonic()
    subprocess.run(["cargo", "build", "--locked", "--quiet", "-p", "mainstay"], cwd=tree, env=environment, check=True)
    return time.monotonic() - begun


def edit(path, original, number):
    """Puts a statement at the beginning of the first handler's body."""
    found = re.search(r"^(pub(\(crate\))? )?async fn [^{]*\{\n", original, re.MULTILINE | re.DOTALL)
    if not found:
        bench.fail(f"{path} holds no handler")
    path.write_text(f'{original[:found.end()]}    tracing::trace!(edit = {number}, "bench");\n{original[found.end():]}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handler", default="modules/catalog/src/api/services.rs")
    parser.add_argument("--edits", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as temporary:
        tree, target = pathlib.Path(temporary) / "tree", pathlib.Path(temporary) / "target"
        tree.mkdir()
        archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=bench.ROOT, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", tree], stdin=archive.stdout, check=True)
        subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=tree, check=True)
        clean = build(tree, target)
        path = tree / arguments.handler
        original = path.read_text()
        edits = []
        for number in range(arguments.edits):
            edit(path, original, number)
            edits.append(build(tree, target))
    result = {
        "machine": bench.machine(),
        "handler": arguments.handler,
        "clean_s": round(clean, 1),
        "edits_s": [round(took, 1) for took in edits],
        "median_edit_s": round(statistics.median(edits), 1),
    }
    bench.report(
        result,
        [
            (f"clean build {result['clean_s']} s, under 480 s", clean < 480),
            (f"after an edit {result['median_edit_s']} s, under 10 s", statistics.median(edits) < 10),
        ],
    )


if __name__ == "__main__":
    main()
