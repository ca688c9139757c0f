"""What the benchmarks share: processes and what they cost, a fleet of any size as Mainstay YAML, and plain statistics.

Python 3.9 or newer, standard library alone. CPU seconds are user and system time of a whole process from /proc/PID/stat;
memory is VmRSS and VmHWM of /proc/PID/status. Linux only.
"""

import json
import math
import os
import pathlib
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def fail(message):
    sys.exit(f"error: {message}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def percentile(values, percent):
    """The nearest-rank percentile: a value that was really measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def machine():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform()}


def get(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.loads(answer.read() or b"null")


def post(url, body, timeout=60):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read() or b"null")


def wait_for(what, condition, patience=60.0, pause=0.05):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
        except (OSError, urllib.error.URLError, ValueError, LookupError):
            pass
        time.sleep(pause)
    fail(f"{what} did not happen within {patience:.0f} s")


class Process:
    """A child process with its log in a file and its cost on record."""

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **(environment or {})},
            )
        self.pid = self.child.pid

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self):
        """Resident memory now and at its highest."""
        found = {}
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key in ("VmRSS", "VmHWM"):
                found[key] = int(value.split()[0]) / 1024
        return found["VmRSS"], found["VmHWM"]

    def alive(self):
        if self.child.poll() is not None:
            fail(f"{self.name} ended with {self.child.returncode}:\n{self.log.read_text(errors='replace')[-2000:]}")
        return True

    def stop(self, patience=30):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(patience)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        return self.child.returncode


def program(name, package):
    found = shutil.which(name)
    if not found:
        fail(f"{name} is missing. On Debian: apt-get install {package}")
    return found


def mainstay_binary(argument):
    binary = pathlib.Path(argument).resolve()
    if not binary.is_file():
        fail(f"{binary} is missing. Build it first: cargo build --release --package mainstay")
    return binary


def fleet_yaml(count, base, slos=True, prefix="m"):
    """A fleet of services with a health endpoint each, in Mainstay's own format, and an objective for each."""
    documents = []
    for number in range(count):
        name = f"bench-{number:05d}"
        documents.append(
            f"apiVersion: mainstay/v1\nkind: Service\nmetadata: {{name: {name}}}\n"
            f"spec:\n  owner: bench\n  tier: standard\n  endpoints:\n    health: {base}/{prefix}/{number:05d}\n"
        )
        if slos:
            documents.append(
                f"apiVersion: mainstay/v1\nkind: Slo\nmetadata: {{name: {name}-availability}}\n"
                f"spec: {{service: {name}, objective: 99.9, window: 30d}}\n"
            )
    return "---\n".join(documents)


def start_mainstay(binary, folder, config, name="mainstay"):
    """Starts a server in `folder` with `config` as its mainstay.toml; answers the process and its address."""
    folder = pathlib.Path(folder)
    port = free_port()
    path = folder / f"{name}.toml"
    path.write_text(config)
    process = Process(
        name,
        [binary, "up", "--config", path, "--data", folder / f"{name}-data", "--listen", f"127.0.0.1:{port}"],
        folder,
    )
    address = f"http://127.0.0.1:{port}"
    wait_for("Mainstay's readiness", lambda: process.alive() and get(f"{address}/ready"), 60)
    return process, address


def report(result, limits):
    """Prints the result as JSON, then each limit with whether it held; exit code 1 when one did not."""
    print(json.dumps(result, indent=2))
    broken = False
    for text, held in limits:
        print(f"{'held  ' if held else 'MISSED'}  {text}")
        broken = broken or not held
    sys.exit(1 if broken else 0)
