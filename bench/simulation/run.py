#!/usr/bin/env python3
"""Does a fleet of replicas keep its promises, whatever goes wrong in whatever order?

Method: the program `simulation` of platform/work, built with optimisation, runs many seeds on all cores. Each seed is a fleet in
simulated time (three replicas that share a server, or one process and its file) in which leases, outbox, jobs, schedules and
group commit do real work while machines crash and lose power, wires are cut both ways or one way, disks and wires are slow,
acknowledgements are lost, clocks jump, and the database restarts. Then everything works again, and a checker reads every
commit and everything clients were told. docs/durability.md lists what it holds them to.

The scenario `month` is the program `month` of tests/simulation: every module on three replicas watches a fleet of services for
thirty simulated days, with faults all through them, and the checker holds pages, history and budgets against the seed's own
truth. `month-of-a-file` is the same for one process. A month takes minutes, so these run when they are named.

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

# The program, its package, and how many seeds one process runs: few enough that the last ones end together.
PROGRAMS = {"simulation": ("mainstay-work", 50), "month": ("mainstay-simulation", 1)}
SCENARIOS = {
    "server": "simulation",
    "file": "simulation",
    "month": "month",
    "month-of-a-file": "month",
    "days": "month",
    "hours": "month",
    "hours-of-a-file": "month",
}


def built(name):
    command = ["cargo", "bench", "--no-run", "--package", PROGRAMS[name][0], "--bench", name, "--message-format=json"]
    output = subprocess.run(command, cwd=bench.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        message = json.loads(line)
        if message.get("executable") and message.get("target", {}).get("name") == name:
            return message["executable"]
    bench.fail(f"cargo built no program `{name}`")


def some(program, scenario, first, count):
    command = [program, "many", scenario, str(first), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        bench.fail(f"{' '.join(command)} ended with {process.returncode}")
    return json.loads(output.splitlines()[-1]) | {"cpu_s": usage.ru_utime + usage.ru_stime}


def bar(scenario, done, count, failed, began):
    left = (time.monotonic() - began) / done * (count - done)
    line = f"[{'#' * (40 * done // count):<40}] {done:,} of {count:,} seeds of {scenario}, {failed} failed, {left:.0f} s left "
    if sys.stderr.isatty():
        print(f"\r{line}", end="" if done < count else "\n", file=sys.stderr, flush=True)
    elif done == count or done % 1_000 == 0:
        print(line, file=sys.stderr, flush=True)


def many(program, scenario, first, count):
    chunk = PROGRAMS[SCENARIOS[scenario]][1]
    chunks = [(at, min(chunk, first + count - at)) for at in range(first, first + count, chunk)]
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
        "cpu_s_per_seed": round(sums["cpu_s"] / sums["seeds"], 2),
        "simulated_hours": round(sums["simulated_s"] / 3600, 1),
        **{name: sums[name] for name in ("acknowledged", "outages", "probes", "pages") if name in sums},
        "faults": dict(sorted(faults.items())),
        "failed": sorted(failed),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, help="10,000 of the server and a tenth as many of the file; 4 of a scenario that is named")
    parser.add_argument("--program", help="run this build of it")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one seed and print its whole log")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), help="only this one; without it, `server` and `file`")
    arguments = parser.parse_args()
    program = arguments.program or built(SCENARIOS[arguments.scenario or "server"])
    if arguments.replay is not None:
        sys.exit(subprocess.run([program, "replay", arguments.scenario or "server", str(arguments.replay)]).returncode)
    if arguments.scenario:
        wanted = [(arguments.scenario, arguments.seeds or 4)]
    else:
        seeds = arguments.seeds or 10_000
        wanted = [("server", seeds), ("file", max(1, seeds // 10))]
    held = True
    for scenario, count in wanted:
        result = many(program, scenario, arguments.first, count)
        failed = result["failed"]
        print(json.dumps(result | {"machine": bench.machine()}, indent=2), flush=True)
        held &= not failed
        print(f"{'held  ' if not failed else 'MISSED'} {scenario}: {len(failed)} of {count:,} seeds broke a promise (limit = 0)")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
