"""The cases: what the engine is given, and what is true. Only this file knows the data sets' own names.

A case is `id`, `system`, `kind`, `setting`, `truth` (the services at fault; empty where there is none), `arguments` of `mainstay
investigate`, `prepare` where files must be made first, and where peers are measured too, what they need. Times of the quirky formats are explained in
docs/adr/0013-ranked-causes.md.
"""

import calendar
import functools
import gzip
import json
import random
import re
import shutil
import time

NEZHA = {"TrainTicket": "2023-01-29", "Online Boutique": "2022-08-22"}
POD = re.compile(r"-[0-9a-f]{8,10}-[a-z0-9]{5}$")
LATE = 60
AWAY = 7200  # seconds after the last listed fault: that day holds faults that nobody listed, all within two hours of it
SPAN = 1800  # seconds of metrics before a quiet minute and 300 after it are its case
SEED = 23


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def faults_of(data, day):
    listed = json.loads((data / f"nezha/rca_data/{day}/{day}-fault_list.json").read_text())
    return [
        (calendar.timegm(time.strptime(fault["inject_time"], "%Y-%m-%d %H:%M:%S")), POD.sub("", fault["inject_pod"]), fault["inject_type"])
        for hour in listed.values() for fault in hour
    ]


def minutes(folder, kind, told):
    """The files of the minute before a told time to two after it, as far as they exist."""
    stamps = [time.strftime("%H_%M", time.gmtime(told + 60 * k)) for k in range(-1, 3)]
    return [p for s in stamps if (p := folder / kind / f"{s}_{kind}.csv.gz").exists()]


class Metrics:
    """The metric files of one of Nezha's days, to be cut by time. Every row begins with `YYYY-MM-DD HH:MM:SS` in UTC."""

    def __init__(self, folder):
        self.files, self.timeless = {}, sorted(folder.glob("*.csv"))
        for path in sorted(folder.glob("*.csv.gz")):
            with gzip.open(path, "rt", newline="") as rows:
                self.files[path.name.removesuffix(".gz")] = rows.readlines()

    def times(self):
        rows = next(rows for name, rows in self.files.items() if name.endswith("_metric.csv"))
        return [calendar.timegm(time.strptime(row[:19], "%Y-%m-%d %H:%M:%S")) for row in rows[1:]]

    def cut(self, folder, first, last):
        """Writes the rows of `first` to `last` (seconds) as files of `folder`."""
        folder.mkdir()
        first, last = (time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(t)) for t in (first, last))
        for name, rows in self.files.items():
            chosen = [row for row in rows[1:] if first <= row[:19].replace("T", " ") <= last]
            (folder / name).write_text("".join(rows[:1] + chosen))
        for path in self.timeless:
            shutil.copy(path, folder)


def nezha(data, system, scratch):
    """Told, told late, not told; and not told with metrics that end five minutes after the fault's time, as they do for who asks then."""
    day = NEZHA[system]
    folder, normal = data / f"nezha/rca_data/{day}", data / f"nezha/construct_data/{day}"
    baseline = ["--baseline", normal] if (normal / "log").is_dir() else []
    metrics = Metrics(folder / "metric")
    for number, (told, service, kind) in enumerate(faults_of(data, day)):
        files = [*minutes(folder, "log", told), *minutes(folder, "trace", told)]
        ended = scratch / f"{day}-ended-{number:02d}"
        for setting, at, series in (("told", ["--at", rfc3339(told)], folder / "metric"), ("60 s late", ["--at", rfc3339(told + LATE)], folder / "metric"),
                                    ("not told", [], folder / "metric"), ("not told, metrics end 5 min after", [], ended)):
            yield {"id": f"{system} {number:02d} {setting}", "system": system, "kind": kind, "setting": setting, "truth": [service],
                   "arguments": [*at, *baseline, *files, series], "metrics": folder / "metric", "told": told + (LATE if "late" in setting else 0),
                   "prepare": functools.partial(metrics.cut, ended, 0, told + 300) if series is ended else None}


def petshop(data):
    for part in ("low_traffic", "high_traffic"):
        folder = data / f"petshop/dataset/{part}"
        for path in sorted(folder.glob("train/*/target.json")):
            case = json.loads(path.read_text())
            target, told = case["target"], case["target"]["timestamp"]
            shared = ["--question", f"{target['metric']} of {target['node']}", "--topology", folder / "graph.csv",
                      "--baseline", folder / "noissue/metrics.csv", path.with_name("metrics.csv")]
            for setting, at in (("told", ["--at", rfc3339(told)]), ("not told", [])):
                yield {"id": f"PetShop {part} {path.parent.name} {setting}", "system": "PetShop", "kind": f"{target['metric']}, {part.replace('_', ' ')}",
                       "setting": setting, "truth": [case["root_cause"]["node"]], "arguments": [*at, *shared],
                       "metrics": path.with_name("metrics.csv"), "told": told}


def quiet_nezha(data, system, count, draw, scratch):
    """Minutes two hours and more after the last listed fault, with the half hour before and five minutes after; no baseline is given."""
    day = NEZHA[system]
    metrics = Metrics(data / f"nezha/rca_data/{day}/metric")
    last_fault = max(told for told, _, _ in faults_of(data, day))
    times = metrics.times()
    far = [t for t in times if last_fault + AWAY + SPAN < t < max(times) - 600]
    for number, at in enumerate(sorted(draw.sample(far, count))):
        folder = scratch / f"{day}-quiet-{number:02d}"
        yield {"id": f"{system} quiet {rfc3339(at)}", "system": system, "kind": "none", "setting": "quiet", "truth": [], "arguments": ["--at", rfc3339(at), folder],
               "prepare": functools.partial(metrics.cut, folder, at - SPAN, at + 300)}


def quiet_petshop(data, part, count, draw, scratch):
    """Five rows of the time without issues as a case, as those with issues have; rows within eight of it are left out of its baseline."""
    folder = data / f"petshop/dataset/{part}"
    lines = (folder / "noissue/metrics.csv").read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if re.match(r"\d{9,}", line))
    head, rows = lines[:first], lines[first:]
    target = json.loads(sorted(folder.glob("train/*/target.json"))[0].read_text())["target"]["node"]
    for number, k in enumerate(sorted(draw.sample(range(8, len(rows) - 8), count))):
        case, baseline = scratch / f"{part}-{number:02d}.csv", scratch / f"{part}-{number:02d}-baseline.csv"
        case.write_text("".join(head + rows[k - 2 : k + 3]))
        baseline.write_text("".join(head + rows[: k - 8] + rows[k + 8 :]))
        told = float(rows[k].split(",", 1)[0])
        yield {"id": f"PetShop {part} quiet {k}", "system": "PetShop", "kind": "none", "setting": "quiet", "truth": [],
               "arguments": ["--at", rfc3339(told), "--question", f"{('latency', 'availability')[k % 2]} of {target}",
                             "--topology", folder / "graph.csv", "--baseline", baseline, case]}


def quiet(data, scratch):
    """20 windows of each of Nezha's systems and 15 of each part of PetShop, drawn by a fixed seed."""
    draw = random.Random(SEED)
    for system in NEZHA:
        yield from quiet_nezha(data, system, 20, draw, scratch)
    for part in ("low_traffic", "high_traffic"):
        yield from quiet_petshop(data, part, 15, draw, scratch)


def demo_fleet(folder, unseen):
    """Cases that `mainstay demo record` wrote: folders with `labels.jsonl` somewhere below `folder`."""
    for labels in sorted(folder.glob("**/labels.jsonl")):
        for line in labels.read_text().splitlines():
            label = json.loads(line)
            case = labels.parent / label["case"]
            if not case.is_dir():
                continue
            at = label.get("noticed_at") or label.get("began_at") or middle(label["recorded_from"], label["recorded_until"])
            given = [case / name for name in ("logs", "metrics", "traces", "checks.csv", "deploys.jsonl", "config/after") if (case / name).exists()]
            yield {"id": f"demo fleet seed {label['seed']} {label['case']}", "system": "demo fleet", "kind": label["kind"], "setting": "told",
                   "truth": label["services"], "unseen": label["seed"] in unseen,
                   "arguments": ["--at", at, "--baseline", case / "config/before", "--topology", case / "topology.json", *given]}


def middle(first, last):
    a, b = (calendar.timegm(time.strptime(t[:19], "%Y-%m-%dT%H:%M:%S")) for t in (first, last))
    return rfc3339((a + b) // 2)
