#!/usr/bin/env python3
"""How often does the ranking of root causes put the right service first, and how far can its probabilities be believed?

The reference implementation that the Rust engine will be held against. Method: docs/adr/0013-ranked-causes.md. The steps run in this order,
each on what the one before left in the cache: `read` (raw files to tables), `visits` (spans and logs to visits and events), `windows`
(features of every fault and quiet window), `evaluate` (training, ranking, "no cause", calibration, wrong answers) and `peers` (N-sigma and BARO's
scorer). `export` writes facts and windows as JSON lines, for the engine to be held against; it runs only when named. All draws are seeded.

Prints one JSON document: weights, and per system, setting and variant the number of cases, AC@1, AC@3, Avg@5 with 95 % intervals. There is no
limit: the numbers are what the engine must reach. Needs the data, 2 GB of memory and the packages of requirements.txt.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

# One thread: the arrays are small. Must be set before numpy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import evaluate  # noqa: E402
import export  # noqa: E402
import nezha  # noqa: E402
import peers  # noqa: E402
import visits  # noqa: E402
import windows  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS = ("read", "visits", "windows", "evaluate", "peers")
EXPORT = "export"  # only when asked for: the files are large


def run(steps, data, cache, untold):
    result = {}
    if "read" in steps:
        nezha.run(data, cache)
    if "visits" in steps:
        visits.run(cache)
    if "windows" in steps:
        windows.run(data, cache, untold)
    if "evaluate" in steps:
        result.update(evaluate.run(cache))
    if "peers" in steps:
        result["peers"] = peers.run(data, cache)
    if EXPORT in steps:
        export.run(data, cache)
    print(json.dumps(result, indent=2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data/rca",
                        help="folder with `nezha` and `petshop` (../shared/data/rca beside the repository)")
    parser.add_argument("--cache", type=pathlib.Path, help="folder to keep tables in between runs; a temporary one if not given")
    parser.add_argument("--steps", nargs="+", choices=(*STEPS, EXPORT), default=STEPS, help="only these; the earlier ones must be in the cache")
    parser.add_argument("--untold", action="store_true", help="also windows whose time is not told; takes twice as long")
    options = parser.parse_args()
    if not (options.data / "nezha").is_dir() or not (options.data / "petshop").is_dir():
        sys.exit(f"error: {options.data} holds no folders `nezha` and `petshop`. Name the data's folder with --data")
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
        run(options.steps, options.data, options.cache, options.untold)
    else:
        if "read" not in options.steps:
            sys.exit("error: without --cache there is nothing to go on from. Name the folder of an earlier run, or leave --steps out")
        with tempfile.TemporaryDirectory() as cache:
            run(options.steps, options.data, cache, options.untold)


if __name__ == "__main__":
    main()
