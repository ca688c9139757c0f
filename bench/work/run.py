#!/usr/bin/env python3
"""How much durable work does one process get through?

Method: the program `throughput` of platform/work, built with optimisation, runs three loads on a fresh SQLite file and on a
fresh schema of a real PostgreSQL server, one after the other:
  writes  512 callers, each of which waits until its one-row insert is durable, by group commit
  jobs    jobs that do nothing, from being written to being done, written as fast as they are taken
  events  5,000 events a second, each a durable write of its own; the lag is from its writing to its handler
SQLite runs with `synchronous = FULL`, PostgreSQL as its server is set up.

Peer: `pgbench` on the same server in the same run writes the same row, one transaction each, with 64 clients; the ratio of our
writes per second to its transactions per second is printed. It groups commits inside the server, we group them before.

Limits: SQLite 25,000 writes/s, 5,000 jobs/s, lag p99 under 50 ms at 5,000 events/s. PostgreSQL is reported.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402


def built():
    command = ["cargo", "bench", "--no-run", "--package", "mainstay-work", "--bench", "throughput", "--message-format=json"]
    output = subprocess.run(command, cwd=bench.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        message = json.loads(line)
        if message.get("executable") and message.get("target", {}).get("name") == "throughput":
            return message["executable"]
    bench.fail("cargo built no program `throughput`")


def run(program, url, what, seconds, rate=None):
    command = [program, url, what, str(seconds)] + ([str(rate)] if rate else [])
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def psql(url, statement):
    subprocess.run(["psql", "--quiet", "--no-psqlrc", url, "--command", statement], check=True)


def pgbench(url, schema, seconds, folder):
    script = pathlib.Path(folder) / "insert.sql"
    script.write_text(
        f"INSERT INTO {schema}.bench_row (id, number, words) VALUES (gen_random_uuid(), 1, 'a few words to remember');\n"
    )
    command = ["pgbench", "--no-vacuum", "--client=64", "--jobs=2", f"--time={seconds}", "--protocol=prepared", f"--file={script}", url]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
    return float(re.search(r"tps = ([0-9.]+)", output).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, default=5_000, help="events a second")
    parser.add_argument("--postgres", default=os.environ.get("MAINSTAY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test"))
    arguments = parser.parse_args()
    program = built()
    result = {"machine": bench.machine()}
    with tempfile.TemporaryDirectory(dir=bench.ROOT) as folder:
        for what in ["writes", "jobs", "events"]:
            url = f"sqlite://{folder}/{what}.db"
            result[f"sqlite_{what}"] = run(program, url, what, arguments.seconds, arguments.rate if what == "events" else None)
        schema = f"bench_{os.getpid()}"
        psql(arguments.postgres, f"CREATE SCHEMA {schema}")
        separator = "&" if "?" in arguments.postgres else "?"
        url = f"{arguments.postgres}{separator}options=-csearch_path%3D{schema}"
        try:
            for what in ["writes", "jobs", "events"]:
                result[f"postgres_{what}"] = run(program, url, what, arguments.seconds, arguments.rate if what == "events" else None)
            peer = pgbench(arguments.postgres, schema, max(1, int(arguments.seconds)), folder)
        finally:
            psql(arguments.postgres, f"DROP SCHEMA {schema} CASCADE")
        result["pgbench_per_s"] = peer
        result["ratio_to_pgbench"] = result["postgres_writes"]["writes_per_s"] / peer
    print(json.dumps(result, indent=2))
    limits = [
        ("SQLite: small durable writes per second", result["sqlite_writes"]["writes_per_s"], ">=", 25_000),
        ("SQLite: jobs per second", result["sqlite_jobs"]["jobs_per_s"], ">=", 5_000),
        ("SQLite: events per second", result["sqlite_events"]["events_per_s"], ">=", 0.98 * arguments.rate),
        ("SQLite: lag of an event, p99, ms", result["sqlite_events"]["lag_p99_ms"], "<=", 50),
    ]
    held = True
    for name, value, relation, limit in limits:
        ok = value >= limit if relation == ">=" else value <= limit
        held &= ok
        print(f"{'held  ' if ok else 'MISSED'} {name}: {value:,.1f} (limit {relation} {limit:,.0f})")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
