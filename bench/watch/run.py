#!/usr/bin/env python3
"""What 1,000 HTTP checks at 10 s cost, beside Prometheus with blackbox_exporter doing the same in the same minutes.

Method: one target process serves both. Mainstay imports a fleet of 1,000 services with a health endpoint and an objective
each, with history on. Prometheus scrapes 1,000 targets through blackbox_exporter's http_2xx module, with no rules, which
favours it. After a warm-up the target forgets its notes; from then on CPU seconds are taken from /proc at the beginning and
the end of the window. The schedule is proven by the target's own count of requests, its gaps are jitter, and the count of
connections shows that each probe opened a fresh one.
"""

import argparse
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402


def prometheus(folder, target_port, checks, interval):
    blackbox_port, port = bench.free_port(), bench.free_port()
    (folder / "blackbox.yml").write_text(
        "modules:\n  http_2xx:\n    prober: http\n    timeout: 5s\n    http: {preferred_ip_protocol: ip4}\n"
    )
    targets = "".join(f"          - http://127.0.0.1:{target_port}/p/{number:05d}\n" for number in range(checks))
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {interval}s, scrape_timeout: {min(5, interval)}s}}\n"
        "scrape_configs:\n  - job_name: blackbox\n    metrics_path: /probe\n    params: {module: [http_2xx]}\n"
        f"    static_configs:\n      - targets:\n{targets}"
        "    relabel_configs:\n"
        "      - {source_labels: [__address__], target_label: __param_target}\n"
        "      - {source_labels: [__param_target], target_label: instance}\n"
        f"      - {{target_label: __address__, replacement: '127.0.0.1:{blackbox_port}'}}\n"
    )
    exporter = bench.Process(
        "blackbox_exporter",
        [
            bench.program("prometheus-blackbox-exporter", "prometheus-blackbox-exporter"),
            f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address=127.0.0.1:{blackbox_port}",
        ],
        folder,
    )
    server = bench.Process(
        "prometheus",
        [
            bench.program("prometheus", "prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder,
    )
    return [exporter, server]


def schedule(group, checks, interval, window):
    """What the target saw of one prober."""
    gaps = []
    for times in group["times"].values():
        gaps.extend(later - earlier for earlier, later in zip(times, times[1:]))
    jitter = [abs(gap - interval) for gap in gaps] or [0.0]
    per_check = [len(times) for times in group["times"].values()]
    return {
        "requests": group["requests"],
        "expected": round(checks * window / interval),
        "checks_seen": len(per_check),
        "fewest_of_a_check": min(per_check),
        "connections": group["connections"],
        "misses": sum(1 for gap in gaps if gap > 1.5 * interval),
        "jitter_ms": {
            "p50": round(1000 * bench.percentile(jitter, 50), 1),
            "p99": round(1000 * bench.percentile(jitter, 99), 1),
            "max": round(1000 * max(jitter), 1),
        },
    }


def cost(processes, before, window, probes):
    used = sum(process.cpu_seconds() for process in processes) - before
    memory = [process.memory_mb() for process in processes]
    return {
        "cpu_seconds": round(used, 2),
        "cores": round(used / window, 4),
        "probes_per_cpu_second": round(probes / used) if used else None,
        "rss_mb": round(sum(now for now, _ in memory), 1),
        "highest_rss_mb": round(sum(most for _, most in memory), 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=bench.ROOT / "target/release/mainstay")
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=10, help="seconds")
    parser.add_argument("--warm-up", type=int, default=60, help="seconds")
    parser.add_argument("--window", type=int, default=300, help="seconds that are measured")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--keep", metavar="FOLDER", help="work in this folder and leave it")
    arguments = parser.parse_args()
    binary = bench.mainstay_binary(arguments.binary)
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as temporary:
        folder = pathlib.Path(arguments.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        target_port = bench.free_port()
        base = f"http://127.0.0.1:{target_port}"
        (folder / "fleet.yaml").write_text(bench.fleet_yaml(arguments.checks, base))
        running = []
        try:
            target = bench.Process("target", [sys.executable, bench.ROOT / "bench/lib/target.py", target_port], folder)
            running.append(target)
            bench.wait_for("the target's start", lambda: target.alive() and bench.get(f"{base}/control/counts") is not None)
            mainstay, address = bench.start_mainstay(
                binary,
                folder,
                f'[watch]\ndefault_interval_ms = {arguments.interval * 1000}\n[catalog]\nimport = ["{folder}/fleet.yaml"]\n',
            )
            running.append(mainstay)
            peers = [] if arguments.without_peer else prometheus(folder, target_port, arguments.checks, arguments.interval)
            running.extend(peers)
            for prober in ["m"] + (["p"] if peers else []):
                bench.wait_for(
                    f"a probe of every check by {'Mainstay' if prober == 'm' else 'Prometheus'}",
                    lambda: all(process.alive() for process in running)
                    and len(bench.get(f"{base}/control/counts", 20)[prober]["times"]) == arguments.checks,
                    patience=120,
                    pause=1,
                )
            slos = bench.get(f"{address}/api/v1/meta", 20)["counts"]["slos"]
            time.sleep(arguments.warm_up)
            bench.post(f"{base}/control/reset", {})
            begun = time.monotonic()
            before_mainstay = mainstay.cpu_seconds()
            before_peers = sum(process.cpu_seconds() for process in peers)
            time.sleep(arguments.window)
            window = time.monotonic() - begun
            seen = bench.get(f"{base}/control/counts", 60)
            result = {
                "machine": bench.machine(),
                "checks": arguments.checks,
                "interval_s": arguments.interval,
                "window_s": round(window, 1),
                "slos": slos,
                "mainstay": {
                    **cost([mainstay], before_mainstay, window, seen["m"]["requests"]),
                    "schedule": schedule(seen["m"], arguments.checks, arguments.interval, window),
                },
            }
            if peers:
                result["prometheus_and_blackbox_exporter"] = {
                    **cost(peers, before_peers, window, seen["p"]["requests"]),
                    "schedule": schedule(seen["p"], arguments.checks, arguments.interval, window),
                }
                result["ratio_of_cpu_seconds"] = round(
                    result["mainstay"]["cpu_seconds"] / result["prometheus_and_blackbox_exporter"]["cpu_seconds"], 3
                )
        finally:
            for process in reversed(running):
                process.stop()
    ours = result["mainstay"]
    limits = [
        (f"{ours['cores']} cores, under 0.08", ours["cores"] < 0.08),
        (f"{ours['highest_rss_mb']} MB at the highest, under 120 MB", ours["highest_rss_mb"] < 120),
        (f"an objective for each check: {slos}", slos == arguments.checks),
        (
            f"{ours['schedule']['requests']} requests of {ours['schedule']['expected']} expected, within 1 %",
            abs(ours["schedule"]["requests"] / ours["schedule"]["expected"] - 1) < 0.01,
        ),
        (
            f"{ours['schedule']['connections']} connections for {ours['schedule']['requests']} requests",
            ours["schedule"]["connections"] == ours["schedule"]["requests"],
        ),
        (f"{ours['schedule']['misses']} misses", ours["schedule"]["misses"] == 0),
    ]
    if "ratio_of_cpu_seconds" in result:
        limits.append((f"{result['ratio_of_cpu_seconds']} of the peer's CPU seconds, at most 0.5", result["ratio_of_cpu_seconds"] <= 0.5))
    bench.report(result, limits)


if __name__ == "__main__":
    main()
