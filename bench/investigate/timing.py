"""How long one case takes: 100 MB (80 MB of logs, 20 MB of metrics and traces), and metrics alone.

The files are TrainTicket's, decompressed, in order of their names until there are enough bytes; the last is cut at a line. Each case is run
three times, one after another, with nothing of the benchmark beside it; the median is told, and the most memory.
"""

import gzip
import statistics

import cases as sets

LOGS, TRACES, METRICS = 80_000_000, 12_000_000, 8_000_000
RUNS = 3


def filled(source, folder, size):
    """Decompresses files of `source` until they have `size` bytes."""
    folder.mkdir(parents=True)
    left = size
    for path in sorted(source.glob("*.csv.gz")):
        with gzip.open(path, "rb") as file:
            content = file.read()
        if len(content) > left:
            content = content[: content.rfind(b"\n", 0, left) + 1]
        (folder / path.name.removesuffix(".gz")).write_bytes(content)
        left -= len(content)
        if left < 1000:
            break
    return size - left


def cases(data, scratch):
    day = sets.NEZHA["TrainTicket"]
    source, folder = data / f"nezha/rca_data/{day}", scratch / "hundred"
    size = sum(filled(source / kind, folder / kind, most) for kind, most in (("log", LOGS), ("trace", TRACES), ("metric", METRICS)))
    faults = sets.faults_of(data, day)
    at = sets.rfc3339(faults[2][0])
    petshop = next(c for c in sets.petshop(data) if c["setting"] == "told")
    yield f"{size / 1e6:.0f} MB of logs, traces and metrics", ["--at", at, folder]
    yield "metrics alone, a day of TrainTicket (14 MB)", ["--at", at, source / "metric"]
    yield "metrics alone, one case of PetShop with its month as baseline", petshop["arguments"]
    yield "metrics alone, one case of PetShop by itself", [*petshop["arguments"][:2], petshop["metrics"]]


def run(engine, data, scratch):
    table = []
    for name, arguments in cases(data, scratch):
        runs = list(engine.run([{"id": f"timing {k}: {name}", "arguments": arguments} for k in range(RUNS)], 1).values())
        middle = lambda key: round(statistics.median(r[key] for r in runs), 2)  # noqa: E731
        table.append({"case": name, "seconds": middle("seconds"), "least_seconds": min(r["seconds"] for r in runs),
                      "cpu_seconds": middle("cpu_seconds"), "memory_mb": max(r["memory_mb"] for r in runs),
                      "failed": [r["failed"] for r in runs if "failed" in r], "verdicts": sorted({r.get("verdict", "failed") for r in runs})})
    return table
