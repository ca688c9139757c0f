#!/usr/bin/env python3
"""Does a fleet of replicas keep its promises, whatever goes wrong in whatever order?

Method: the program `simulation` of platform/work, built with optimisation, runs many seeds on all cores. Each seed is a fleet in
simulated time (three replicas that share a server, or one process and its file) in which leases, outbox, jobs, schedules and
group commit do real work while machines crash and lose power, wires are cut both ways or one way, disks and wires are slow,
acknowledgements are lost, clocks jump, and the database restarts. Then everything works again, and a checker reads every
commit and everything clients were told. docs/durability.md lists what it holds them to.

Prints seeds per second, the simulated time, what went wrong how often, and each promise that was not kept, with the command
that replays its seed with the whole log. There is no peer: the limit is zero violations.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402

SCENARIOS = ["server", "file"]
# Seeds that one process runs; few enough that the last ones end together.
CHUNK = 50


def built():
    command = ["cargo", "bench", "--no-run", "--package", "mainstay-work", "--bench", "simulation", "--message-format=json"]
    output = subprocess.run(command, cwd=bench.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        message = json.loads(line)
        if message.get("executable") and message.get("target", {}).get("name") == "simulation":
            return message["executable"]
    bench.fail("cargo built no program `simulation`")


def some(program, scenario, first, count):
    command = [program, "many", scenario, str(first), str(count)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def bar(scenario, done, count, failed, began):
    left = (time.monotonic() - began) / done * (count - done)
    line = f"[{'#' * (40 * done // count):<40}] {done:,} of {count:,} seeds of {scenario}, {failed} failed, {left:.0f} s left "
    if sys.stderr.isatty():
        print(f"\r{line}", end="" if done < count else "\n", file=sys.stderr, flush=True)
    elif done == count or done % (20 * CHUNK) == 0:
        print(line, file=sys.stderr, flush=True)


def many(program, scenario, first, count):
    chunks = [(at, min(CHUNK, first + count - at)) for at in range(first, first + count, CHUNK)]
    sums, faults, failed = collections.Counter(), collections.Counter(), []
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed([pool.submit(some, program, scenario, *chunk) for chunk in chunks]):
            result = done.result()
            faults.update(result.pop("faults"))
            for seed, said in result.pop("failed"):
                print(f"\nseed {seed}: {'; '.join(said)}\n  bench/simulation/run.py --scenario {scenario} --replay {seed}", flush=True)
                failed.append(seed)
            sums.update(result)
            bar(scenario, sums["seeds"], count, len(failed), began)
    took = time.monotonic() - began
    return {
        "scenario": scenario,
        "seeds": sums["seeds"],
        "seconds": round(took, 1),
        "seeds_per_s": round(sums["seeds"] / took, 2),
        "simulated_hours": round(sums["simulated_s"] / 3600, 1),
        "acknowledged": sums["acknowledged"],
        "faults": dict(sorted(faults.items())),
        "failed": sorted(failed),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10_000, help="of the server; a tenth as many of the file")
    parser.add_argument("--program", help="run this build of it")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one seed and print its whole log")
    parser.add_argument("--scenario", choices=SCENARIOS, default="server", help="of the seed to replay")
    arguments = parser.parse_args()
    program = arguments.program or built()
    if arguments.replay is not None:
        sys.exit(subprocess.run([program, "replay", arguments.scenario, str(arguments.replay)]).returncode)
    held = True
    for scenario, count in [("server", arguments.seeds), ("file", max(1, arguments.seeds // 10))]:
        result = many(program, scenario, arguments.first, count)
        failed = result["failed"]
        print(json.dumps(result | {"machine": bench.machine()}, indent=2), flush=True)
        held &= not failed
        print(f"{'held  ' if not failed else 'MISSED'} {scenario}: {len(failed)} of {count:,} seeds broke a promise (limit = 0)")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
