#!/usr/bin/env python3
"""How often does `mainstay investigate` name the right cause, how far can its probabilities be believed, and what does it cost?

Method: the real binary reads the files of a case, once a case, and its JSON is judged. Sets: Nezha's TrainTicket and Online Boutique (told,
told 60 s late, not told), PetShop, windows without a fault, and faults recorded from the demo fleet. BARO's scorer and N-sigma get the
told cases of the same run. All draws have a fixed seed. What each set was to the weights that ship, seen or not, is told beside its numbers.

Prints the tables, then one JSON document; `--tables` writes the tables to a file. There is no exit code for a number that is not reached: the
tables say it. Needs the data; for the peers Python packages (requirements.txt).
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import time

# One thread: the arrays are small. Must be set before numpy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402
import cases as sets  # noqa: E402
import judge  # noqa: E402
import peers  # noqa: E402
import tables  # noqa: E402
import timing  # noqa: E402
from engine import Engine  # noqa: E402

PARTS = ("nezha", "petshop", "quiet", "demo", "peers", "timing")


def gathered(options, scratch):
    found = []
    if "petshop" in options.parts or "peers" in options.parts:
        found += sets.petshop(options.data)
    if "nezha" in options.parts or "peers" in options.parts:
        for system in sets.NEZHA:
            found += sets.nezha(options.data, system, scratch)
    if "quiet" in options.parts:
        found += sets.quiet(options.data, scratch)
    if "demo" in options.parts and options.cases:
        found += sets.demo_fleet(options.cases, options.unseen)
    return sorted(found, key=lambda c: (c["setting"] not in ("told", "quiet"), -len(c["setting"])))  # what matters most first, should time end


def run(options, scratch):
    engine = Engine(bench.mainstay_binary(options.binary), options.keep)
    result = {"machine": bench.machine(), "load": os.getloadavg()[0], "build": engine.build}
    if "timing" in options.parts:
        result["timing"] = timing.run(engine, options.data, scratch)
    found = gathered(options, scratch)
    deadline = time.monotonic() + options.minutes * 60 if options.minutes else None
    answers = engine.run(found, options.workers, deadline)
    result["cases"], result["not_run"] = len(answers), len(found) - len(answers)
    result["failed"] = [[a["id"], a["failed"]] for a in answers.values() if "failed" in a]
    told = [c for c in found if c["setting"] in ("told", "60 s late") and "metrics" in c]
    result.update(judge.run([(c, answers[c["id"]]) for c in found if c["id"] in answers and "failed" not in answers[c["id"]]]))
    if "peers" in options.parts:
        ranked = peers.run(told, engine, deadline)
        result["ranking"] += judge.of_peers(ranked)
        result["peers_not_run"] = len(told) - len(ranked[peers.METHODS[-1]])
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default=bench.ROOT / "target/release/mainstay", help="the program (target/release/mainstay)")
    parser.add_argument("--data", type=pathlib.Path, default=bench.ROOT.parent / "shared/data/rca",
                        help="folder with `nezha` and `petshop` (../shared/data/rca beside the repository)")
    parser.add_argument("--cases", type=pathlib.Path, help="folder with cases of `mainstay demo record`, however deep")
    parser.add_argument("--unseen", nargs="+", type=int, default=[], metavar="SEED",
                        help="seeds of recorded cases that nobody had looked at before this run")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="only these")
    parser.add_argument("--workers", type=int, default=1, help="cases at a time; seconds per case are only fair with 1")
    parser.add_argument("--keep", type=pathlib.Path, help="file to keep answers in, so that a run that was ended can go on")
    parser.add_argument("--minutes", type=float, help="begin no further case after this time; what was not run is told")
    parser.add_argument("--tables", type=pathlib.Path, help="write the tables to this file as Markdown")
    options = parser.parse_args()
    if not (options.data / "nezha").is_dir() or not (options.data / "petshop").is_dir():
        bench.fail(f"{options.data} holds no folders `nezha` and `petshop`. Name the data's folder with --data")
    with tempfile.TemporaryDirectory() as scratch:
        result = run(options, pathlib.Path(scratch))
    text = tables.document(result)
    print(text)
    print(json.dumps(result, indent=2))
    if options.tables:
        options.tables.write_text(text)


if __name__ == "__main__":
    main()
