"""Reads the raw files of the Nezha data set (one folder a day) and caches them as tables.

Traces and logs become `DAY-KIND-traces.parquet` and `DAY-KIND-logs.parquet` (KIND: the day itself, or the published fault-free
minutes), metrics a pickle of one frame per service. Times are seconds since 1970, UTC; a pod's name becomes its service's.
The format's quirks are treated here and told in docs/adr/0013-ranked-causes.md.
"""

import calendar
import glob
import gzip
import json
import os
import pickle
import re
import time

import numpy as np
import pandas as pd

# Each day is one system: TT is TrainTicket, OB is Online Boutique.
DAYS = {"TT": "2023-01-29", "OB": "2022-08-22"}
KINDS = ("rca_data", "construct_data")
# The published fault-free minute, as seconds from and to; metric files that are no service.
FAULT_FREE = {"TT": (calendar.timegm((2023, 1, 29, 8, 49, 8)), calendar.timegm((2023, 1, 29, 8, 50, 8)))}
NO_SERVICE = ("front_service",)
EDGE_SUFFIX = "_50"

POD_SUFFIX = re.compile(r"-[0-9a-f]{8,10}-[a-z0-9]{5}$")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{12,}\b")
LOCATION = re.compile(r"\b([A-Za-z_][\w.$/]*)[#:](\d+)\b")
LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL|info|warning|error|debug)\b")


def service(pod):
    return POD_SUFFIX.sub("", pod)


def message_and_level(line):
    try:
        inner = json.loads(line)["log"]
        if inner.startswith("{"):
            fields = json.loads(inner)
            return fields.get("message", inner), (fields.get("severity") or fields.get("level") or "INFO").upper()
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    level = LEVEL.search(line[:60])
    return line.strip(), (level.group(1).upper() if level else "")


def template(message):
    """The code location when the line carries one, else the line with ids, quotes, brackets and digits masked."""
    for found in LOCATION.finditer(message[:120]):
        if found.group(1) not in ("TraceID", "SpanID"):
            return found.group(1) + "#" + found.group(2)
    text = ID.sub("<*>", re.sub(r"TraceID:? \S+ SpanID:? \S+", "", message))
    text = re.sub(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\{.*\}", "<*>", text)
    return re.sub(r"\S*\d\S*", "<*>", text)[:160].strip()


def cases(data, system):
    """Every listed fault: told time, service, kind."""
    day = DAYS[system]
    with open(f"{data}/nezha/rca_data/{day}/{day}-fault_list.json") as file:
        hours = json.load(file)
    return [
        (float(calendar.timegm(time.strptime(c["inject_time"], "%Y-%m-%d %H:%M:%S"))), service(c["inject_pod"]), c["inject_type"])
        for hour in hours.values()
        for c in hour
    ]


def log_rows(path):
    with gzip.open(path, "rt", errors="replace") as lines:
        for line in lines:
            part = line.rstrip("\n").split(",", 7)  # quotes are irregular: the text is simply the rest of the line
            if len(part) == 8 and part[1].isdigit():
                text = part[7]
                if text.startswith('"') and text.endswith('"'):
                    text = text[1:-1].replace('""', '"')
                yield part[:7] + [text]


def traces(folder):
    files = [pd.read_csv(f, dtype=str) for f in sorted(glob.glob(folder + "/trace/*.gz"))]
    if not files:
        return None
    table = pd.concat(files)
    table["service"] = table.PodName.map(service)
    table["start"] = table.StartTimeUnixNano.astype(float) / 1e9
    table["end"] = table.EndTimeUnixNano.astype(float) / 1e9
    return table[["TraceID", "SpanID", "ParentID", "OperationName", "service", "start", "end"]]


def logs(folder):
    rows = [row for f in sorted(glob.glob(folder + "/log/*.gz")) for row in log_rows(f)]
    if not rows:
        return None
    table = pd.DataFrame(rows, columns=["Timestamp", "TimeUnixNano", "Node", "PodName", "Container", "TraceID", "SpanID", "Log"])
    table["service"] = table.PodName.map(service)
    table["time"] = table.TimeUnixNano.astype(float) / 1e9
    parsed = table.Log.map(message_and_level)
    table["message"] = [m for m, _ in parsed]
    table["level"] = [level for _, level in parsed]
    table["key"] = table.message.map(template)
    return table[["TraceID", "SpanID", "TimeUnixNano", "service", "time", "message", "level", "key"]]


def metrics(data, day):
    frames = {}
    for path in sorted(glob.glob(f"{data}/nezha/rca_data/{day}/metric/*.gz")):
        table = pd.read_csv(path)
        column = "Time" if "Time" in table else "time"
        stamps = pd.to_datetime(table[column].str.slice(0, 19)).values.astype("datetime64[s]").astype("int64")
        name = service(os.path.basename(path).replace("_metric.csv.gz", "").replace(".csv.gz", ""))
        table = table.drop(columns=[c for c in table if c.lower() in ("time", "timestamp", "podname", "servicename")])
        table = table.apply(pd.to_numeric, errors="coerce")
        table.index = np.array(stamps)
        frames.setdefault(name, table[~table.index.duplicated()].sort_index())
    return frames


def run(data, cache):
    for day in DAYS.values():
        for kind in KINDS:
            folder = f"{data}/nezha/{kind}/{day}"
            for name, table in (("traces", traces(folder)), ("logs", logs(folder))):
                if table is not None:
                    table.to_parquet(f"{cache}/{day}-{kind}-{name}.parquet")
        with open(f"{cache}/{day}-metrics.pkl", "wb") as file:
            pickle.dump(metrics(data, day), file)
