#!/usr/bin/env python3
"""From the end of the probe that decided to the receiver's accept, durable, while 1,000 checks are running.

Method: of 1,000 services at 10 s, 50 are made to fail, one after the other. A receiver notes the wall clock when a request
for a service is there whole, before it answers. The deciding probe is the last one before the alert's opening; when it began
and how long it took are read from Mainstay's API, to the microsecond, on the same clock. Between the two lie the decision, the
alert's own committed transaction, the delivery's row, and the call.
"""

import argparse
import datetime
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import bench  # noqa: E402

received = {}
arrived = threading.Condition()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        now = time.time()
        message = json.loads(body)
        if message["type"] == "alert.opened":
            alert = message["data"]["alert"]
            if alert["kind"] == "service-down":
                with arrived:
                    received.setdefault(alert["service"], (now, alert))
                    arrived.notify_all()
        self.send_response(204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def seconds(text):
    """RFC 3339 to seconds, with every digit of the fraction."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc).timestamp()
    return moment + (float(f"0.{fraction}") if fraction else 0.0)


def deciding_probe(address, service, opened_at):
    """When the last failed probe before the alert's opening ended."""
    query = urllib.parse.urlencode({"service": service})
    ends = []
    for check in bench.get(f"{address}/api/v1/checks?{query}")["items"]:
        probes = bench.get(f"{address}/api/v1/checks/{check['id']}/probes?limit=1000")["items"]
        failed = [probe for probe in probes if not probe["ok"] and seconds(probe["at"]) <= opened_at]
        ends.extend(seconds(probe["at"]) + probe["duration_ms"] / 1000 for probe in failed)
    ends = [end for end in ends if end <= opened_at + 0.001]
    return max(ends) if ends else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=bench.ROOT / "target/release/mainstay")
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=10, help="seconds")
    parser.add_argument("--alerts", type=int, default=50)
    parser.add_argument("--warm-up", type=int, default=30, help="seconds")
    arguments = parser.parse_args()
    binary = bench.mainstay_binary(arguments.binary)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    waits = []
    with tempfile.TemporaryDirectory(prefix="mainstay-bench-") as temporary:
        folder = pathlib.Path(temporary)
        target_port = bench.free_port()
        base = f"http://127.0.0.1:{target_port}"
        (folder / "fleet.yaml").write_text(bench.fleet_yaml(arguments.checks, base))
        target = bench.Process("target", [sys.executable, bench.ROOT / "bench/lib/target.py", target_port], folder)
        mainstay = None
        try:
            bench.wait_for("the target's start", lambda: target.alive() and bench.get(f"{base}/control/counts") is not None)
            mainstay, address = bench.start_mainstay(
                binary,
                folder,
                f"[watch]\ndefault_interval_ms = {arguments.interval * 1000}\n"
                f'[catalog]\nimport = ["{folder}/fleet.yaml"]\n'
                '[egress]\nallow = ["127.0.0.1/32"]\n'
                f'[[webhook]]\nname = "receiver"\nurl = "http://127.0.0.1:{receiver.server_port}/"\n',
            )
            bench.wait_for(
                "a probe of every check",
                lambda: len(bench.get(f"{base}/control/counts", 20)["m"]["times"]) == arguments.checks,
                patience=120,
                pause=1,
            )
            time.sleep(arguments.warm_up)
            for number in range(arguments.alerts):
                service = f"bench-{number:05d}"
                bench.post(f"{base}/control/fail/m/{number:05d}", {})
                with arrived:
                    if not arrived.wait_for(lambda: service in received, timeout=arguments.interval * 3 + 30):
                        bench.fail(f"no alert about {service} arrived; {mainstay.log} has Mainstay's words")
            # The probes are in the database once their flush has committed.
            time.sleep(3)
            for service, (accepted, alert) in received.items():
                end = deciding_probe(address, service, seconds(alert["opened_at"]))
                if end is None:
                    bench.fail(f"the API shows no failed probe before the alert about {service}")
                waits.append(1000 * (accepted - end))
        finally:
            if mainstay:
                mainstay.stop()
            target.stop()
            receiver.shutdown()
    result = {
        "machine": bench.machine(),
        "checks": arguments.checks,
        "alerts": len(waits),
        "probe_end_to_accept_ms": {
            name: round(bench.percentile(waits, percent), 2) for name, percent in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
        },
    }
    p50, p99 = result["probe_end_to_accept_ms"]["p50"], result["probe_end_to_accept_ms"]["p99"]
    bench.report(result, [(f"p50 {p50} ms, at most 10 ms", p50 <= 10), (f"p99 {p99} ms, at most 100 ms", p99 <= 100)])


if __name__ == "__main__":
    main()
