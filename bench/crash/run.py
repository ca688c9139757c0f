#!/usr/bin/env python3
"""Does anything that was promised break when replicas are killed, and how soon does a killed one's work go on?

Method: the crash loop of `tests/e2e/crash` with the release binary. Real processes on a real database have 12 checks at 1 s
with a promise each, two writers (services, promises, silences and imports, each under an Idempotency-Key until it is
answered), services that fail and recover, alerts that are acknowledged, a receiver that refuses each third delivery and
takes its time with each seventh, jobs, backups, and readers. A replica is killed (SIGKILL) at a random moment, some while they
start, some two at once, some until their checks have moved. Afterwards it calms down, everything is read back, and every
promise of docs/durability.md is held against what was acknowledged and received: a violation fails the run. How long a
check lay still is measured by its target, from the kill to the next probe by somebody else.

  run.py                  300 kills each: SQLite with one replica, PostgreSQL with one and with three, side by side
  run.py --five-minutes   three replicas on PostgreSQL, one killed every ten seconds for five minutes; then the history as
                          it was read back from the database

Limits: no violation; a killed replica's checks go on within 10 s where others run. With one replica, the time until the
process is back is reported.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402

LOOPS = [("sqlite", 1), ("postgresql", 1), ("postgresql", 3)]
COLUMNS = [
    ("kills", "kills"),
    ("seconds", "seconds"),
    ("writes", "writes"),
    ("probes_stored", "probes"),
    ("alerts", "alerts"),
    ("deliveries", "deliveries"),
    ("jobs", "jobs"),
    ("jobs_repeated", "repeated"),
    ("gap_p50_ms", "gap p50 ms"),
    ("gap_p99_ms", "gap p99 ms"),
    ("gap_max_ms", "gap max ms"),
    ("overlap_max_ms", "overlap ms"),
]


def built():
    """The harness; it need not be optimised, because what it starts is the binary it is given."""
    command = ["cargo", "test", "--no-run", "--package", "mainstay", "--test", "e2e", "--message-format=json"]
    output = subprocess.run(command, cwd=bench.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        message = json.loads(line)
        if message.get("executable") and message.get("target", {}).get("name") == "e2e":
            return message["executable"]
    bench.fail("cargo built no test `e2e`")


class Loop:
    """One loop in a process of its own, with how far it has come."""

    def __init__(self, harness, binary, postgres, database, replicas, kills=None, seconds=None):
        self.name = f"{database} x{replicas}"
        self.goal = kills or seconds // 10
        self.killed = 0
        self.lines = []
        self.numbers = None
        environment = {
            **os.environ,
            "MAINSTAY_TEST_POSTGRES": postgres,
            "RUST_BACKTRACE": "0",
            "CRASH_DATABASE": database,
            "CRASH_REPLICAS": str(replicas),
            "CRASH_PROGRAM": str(binary),
        }
        environment.update({"CRASH_SECONDS": str(seconds)} if seconds else {"CRASH_KILLS": str(kills)})
        self.child = subprocess.Popen(
            [harness, "--ignored", "--exact", "crash::as_long_as_asked_for", "--nocapture"],
            cwd=bench.ROOT / "app",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            if line.startswith("killed "):
                self.killed = int(line.split()[1])
            elif line.startswith('{"kills"'):
                self.numbers = json.loads(line)
            else:
                self.lines.append(line.rstrip())
        self.child.wait()

    def over(self):
        return not self.reader.is_alive()

    def bar(self, width=24):
        done = min(width, width * self.killed // self.goal)
        word = "done" if self.over() else f"{self.killed}/{self.goal}"
        return f"{self.name} [{'#' * done}{'.' * (width - done)}] {word}"

    def words(self):
        return "\n".join(self.lines)


def watch(loops):
    """Shows how far they have come until all are over."""
    shown = ""
    while True:
        over = all(loop.over() for loop in loops)
        line = "   ".join(loop.bar() for loop in loops)
        if line != shown:
            sys.stderr.write(f"\r{line}" if sys.stderr.isatty() else f"{line}\n" if over else "")
            sys.stderr.flush()
            shown = line
        if over:
            sys.stderr.write("\n")
            return
        time.sleep(0.5)


def table(loops):
    rows = [["", *(title for _, title in COLUMNS)]]
    rows += [[loop.name, *(str((loop.numbers or {}).get(key, "-")) for key, _ in COLUMNS)] for loop in loops]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=bench.ROOT / "target/release/mainstay")
    parser.add_argument("--harness", help="the built test `e2e`; made with cargo when left out")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--five-minutes", action="store_true")
    parser.add_argument("--postgres", default=os.environ.get("MAINSTAY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test"))
    arguments = parser.parse_args()
    binary = bench.mainstay_binary(arguments.binary)
    harness = arguments.harness or built()
    if arguments.five_minutes:
        loops = [Loop(harness, binary, arguments.postgres, "postgresql", 3, seconds=300)]
    else:
        loops = [Loop(harness, binary, arguments.postgres, *which, kills=arguments.kills) for which in LOOPS]
    try:
        watch(loops)
    except KeyboardInterrupt:
        for loop in loops:
            loop.child.terminate()
        sys.exit(130)
    if arguments.five_minutes:
        print(loops[0].words())
    table(loops)
    limits = []
    for loop in loops:
        kept = loop.child.returncode == 0 and loop.numbers is not None
        if not kept:
            print(f"{loop.name}:\n{loop.words()}")
        limits.append((f"{loop.name}: no violation", kept))
        if loop.numbers and not loop.name.endswith("x1"):
            worst = loop.numbers["gap_max_ms"]
            limits.append((f"{loop.name}: fail-over at most {worst} ms, under 10,000 ms", worst < 10_000))
    bench.report({"machine": bench.machine(), **{loop.name: loop.numbers for loop in loops}}, limits)


if __name__ == "__main__":
    main()
