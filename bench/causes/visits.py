"""Spans and logs -> visits and their events.

A visit is one service's handling of one incoming call: the entry span (its parent is in another service, or there is none) and all
inner spans below it. Its self time is the entry span less the union of the calls to other services below it; its wire time is the
calling span less the entry span. Events of a visit are `log KEY`, `span NAME` (inner) and `call SERVICE OPERATION`.
Writes `DAY-visits.parquet` and `DAY-events.parquet`.
"""

import os

import numpy as np
import pandas as pd

import nezha


def tables(cache, day, name, unique):
    paths = [f"{cache}/{day}-{kind}-{name}.parquet" for kind in nezha.KINDS]
    table = pd.concat([pd.read_parquet(p) for p in paths if os.path.exists(p)])
    return table.drop_duplicates(unique).reset_index(drop=True)


def entry_of_each(parent, is_entry):
    """The entry span above each span."""
    entry = np.full(len(parent), -1)
    for i in range(len(parent)):
        path, at = [], i
        while entry[at] < 0 and not is_entry[at]:
            path.append(at)
            at = parent[at]
        found = entry[at] if entry[at] >= 0 else at
        entry[at] = found
        entry[path] = found
    return entry


def self_times(entries, caller, start, end):
    calls = {}
    for i in entries:
        if caller[i] >= 0:
            calls.setdefault(caller[i], []).append((start[i], end[i]))
    own = []
    for i in entries:
        away, until = 0, -1
        for a, b in sorted(calls.get(i, [])):
            a, b = max(a, until, start[i]), min(b, end[i])
            if b > a:
                away += b - a
                until = max(until, b)
        own.append(end[i] - start[i] - away)
    return own


def build(cache, day):
    spans = tables(cache, day, "traces", ["TraceID", "SpanID"]).sort_values(["TraceID", "start"]).reset_index(drop=True)
    logs = tables(cache, day, "logs", ["TraceID", "SpanID", "TimeUnixNano", "message"])
    place = {pair: i for i, pair in enumerate(zip(spans.TraceID, spans.SpanID))}
    parent = np.array([place.get(pair, -1) for pair in zip(spans.TraceID, spans.ParentID)])
    service, operation = spans.service.values, spans.OperationName.values
    start, end = spans.start.values, spans.end.values
    is_entry = np.array([parent[i] < 0 or service[parent[i]] != service[i] for i in range(len(spans))])
    entry = entry_of_each(parent, is_entry)
    caller = np.array([entry[p] if p >= 0 else -1 for p in parent])
    entries = np.where(is_entry)[0]
    duration = end - start
    visits = pd.DataFrame({
        "visit": entries, "service": service[entries], "operation": operation[entries], "start": start[entries],
        "self": self_times(entries, caller, start, end), "caller": caller[entries],
        "wire": [duration[parent[i]] - duration[i] if parent[i] >= 0 else 0.0 for i in entries],
    })
    inner, called = ~is_entry, entries[caller[entries] >= 0]
    line = np.array([place.get(pair, -1) for pair in zip(logs.TraceID, logs.SpanID)])
    known = line >= 0
    events = pd.concat([
        pd.DataFrame({"visit": entry[inner], "event": ["span " + str(o) for o in operation[inner]], "level": ""}),
        pd.DataFrame({"visit": caller[called], "event": [f"call {service[i]} {operation[i]}" for i in called], "level": ""}),
        pd.DataFrame({"visit": entry[line[known]], "event": "log " + logs.key.values[known], "level": logs.level.values[known]}),
    ])
    visits.to_parquet(f"{cache}/{day}-visits.parquet")
    events.to_parquet(f"{cache}/{day}-events.parquet")


def run(cache):
    for day in nezha.DAYS.values():
        build(cache, day)
