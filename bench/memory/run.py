#!/usr/bin/env python3
"""Resident memory after ten minutes with 100 checks and the dashboard opened once, and the size of the binary.

Method: Mainstay probes 100 services every 15 s, its default, from a fleet in a file. A headless Chromium opens the dashboard
once, early, and is gone again. VmRSS is read every second of the last minute; the highest of these counts.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402


def open_dashboard(address, folder):
    browser = shutil.which("chromium") or bench.program("google-chrome", "chromium")
    page = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder}/browser",
            "--virtual-time-budget=10000",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    if b"bench-00000" not in page.stdout:
        print("note: the page shows no service of the fleet; is the dashboard built into this binary?", file=sys.stderr)
    return len(page.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=bench.ROOT / "target/release/mainstay")
    parser.add_argument("--checks", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    binary = bench.mainstay_binary(arguments.binary)
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as temporary:
        folder = pathlib.Path(temporary)
        target_port = bench.free_port()
        base = f"http://127.0.0.1:{target_port}"
        (folder / "fleet.yaml").write_text(bench.fleet_yaml(arguments.checks, base))
        target = bench.Process("target", [sys.executable, bench.ROOT / "bench/lib/target.py", target_port], folder)
        mainstay = None
        try:
            mainstay, address = bench.start_mainstay(binary, folder, f'[catalog]\nimport = ["{folder}/fleet.yaml"]\n')
            begun = time.monotonic()
            bench.wait_for(
                "a probe of every check",
                lambda: mainstay.alive() and len(bench.get(f"{base}/control/counts")["m"]["times"]) == arguments.checks,
                patience=120,
                pause=1,
            )
            page_bytes = open_dashboard(address, folder)
            time.sleep(max(0.0, arguments.minutes * 60 - 60 - (time.monotonic() - begun)))
            samples = []
            while time.monotonic() - begun < arguments.minutes * 60:
                samples.append(mainstay.memory_mb()[0])
                time.sleep(1)
            highest = mainstay.memory_mb()[1]
        finally:
            if mainstay:
                mainstay.stop()
            target.stop()
    result = {
        "machine": bench.machine(),
        "checks": arguments.checks,
        "minutes": arguments.minutes,
        "page_bytes": page_bytes,
        "rss_mb": round(max(samples), 1),
        "highest_ever_mb": round(highest, 1),
        "binary_mb": round(binary.stat().st_size / 1_000_000, 1),
    }
    bench.report(
        result,
        [
            (f"{result['rss_mb']} MB resident, under 80 MB", result["rss_mb"] < 80),
            (f"{result['binary_mb']} MB of binary, under 60 MB", result["binary_mb"] < 60),
        ],
    )


if __name__ == "__main__":
    main()
