#!/usr/bin/env python3
"""From exec to the first 200 on /ready, on an existing database of one gigabyte: p95 of 20 starts.

Method: Mainstay itself makes the database (so that its schema is today's) from a fleet of 100 services; the history of
probes is then filled up with rows as Mainstay writes them until the file has the wanted size. Each start is measured from
just before exec until an answer with status 200 was read, asked every millisecond over a fresh connection. Each process is
ended with SIGTERM and waited for. The file is in the page cache, as it is after a restart of the process.
"""

import argparse
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402

DAY_US = 86_400_000_000


def fill(path, megabytes):
    """Adds probes of the last seven days until the file is large enough."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous = OFF")
    keys = [key for (key,) in database.execute("SELECT check_key FROM watch_check")]
    if not keys:
        bench.fail("Mainstay made no checks from the fleet, so there is nothing to fill")
    now = time.time_ns() // 1000
    newest = database.execute("SELECT coalesce(max(flush), 0) FROM watch_probe").fetchone()[0] or now
    size = 0
    # Young enough to be kept, and dense enough that a gigabyte ends before today.
    at = now - 6 * DAY_US
    facts = bytes(40)
    while size < megabytes * 1_000_000:
        rows = []
        for _ in range(2000):
            at += 3_000_000
            # Older than the newest flush, so that the rollups count them as done.
            rows.extend((key, at, min(at, newest - 1), 1500, 0, 0, 200, facts, None) for key in keys)
        database.executemany(
            "INSERT INTO watch_probe (check_key, at, flush, duration_us, outcome, marks, status, facts, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = path.stat().st_size
    count = database.execute("SELECT count(*) FROM watch_probe").fetchone()[0]
    database.close()
    return count, size


def answers_ready(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET /ready HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def one_start(binary, config, data, log):
    port = bench.free_port()
    begun = time.perf_counter()
    child = subprocess.Popen(
        [binary, "up", "--config", config, "--data", data, "--listen", f"127.0.0.1:{port}"], stdout=log, stderr=log
    )
    while not answers_ready(port):
        if child.poll() is not None:
            bench.fail(f"Mainstay ended with {child.returncode} before it was ready")
        if time.perf_counter() - begun > 60:
            child.kill()
            bench.fail("Mainstay was not ready within 60 s")
        time.sleep(0.001)
    took = time.perf_counter() - begun
    child.terminate()
    child.wait(60)
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=bench.ROOT / "target/release/mainstay")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--starts", type=int, default=20)
    arguments = parser.parse_args()
    binary = bench.mainstay_binary(arguments.binary)
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as temporary:
        folder = pathlib.Path(temporary)
        target_port = bench.free_port()
        base = f"http://127.0.0.1:{target_port}"
        target = bench.Process("target", [sys.executable, bench.ROOT / "bench/lib/target.py", target_port], folder)
        try:
            (folder / "fleet.yaml").write_text(bench.fleet_yaml(100, base))
            mainstay, address = bench.start_mainstay(
                binary, folder, f'[catalog]\nimport = ["{folder}/fleet.yaml"]\n'
            )
            bench.wait_for("the import", lambda: bench.get(f"{address}/api/v1/meta")["counts"]["checks"] >= 100)
            mainstay.stop()
            data = folder / "mainstay-data"
            rows, size = fill(data / "mainstay.db", arguments.megabytes)
            with open(folder / "starts.log", "wb") as log:
                # The first start after filling may have work of its own; it is shown, not counted.
                first = one_start(binary, folder / "mainstay.toml", data, log)
                times = [one_start(binary, folder / "mainstay.toml", data, log) for _ in range(arguments.starts)]
        finally:
            target.stop()
    result = {
        "machine": bench.machine(),
        "database_mb": round(size / 1_000_000),
        "probes_in_it": rows,
        "starts": arguments.starts,
        "first_ms": round(1000 * first, 1),
        "ready_ms": {name: round(1000 * bench.percentile(times, percent), 1) for name, percent in (("p50", 50), ("p95", 95), ("max", 100))},
    }
    p95 = result["ready_ms"]["p95"]
    bench.report(result, [(f"p95 of {arguments.starts} starts {p95} ms, under 300 ms", p95 < 300)])


if __name__ == "__main__":
    main()
