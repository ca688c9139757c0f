"""Writes what the engine is held against, as JSON lines: the facts of each system, and every window with its features and its answer.

`CACHE/facts.jsonl` holds one system a line, `CACHE/windows.jsonl` first the weights and then one window a line. Times are microseconds since
1970, durations seconds; a value that is missing is null. Features are in the order of `features.NAMES`. The example `parity` of
`modules/diagnosis` reads both files, the example `train` the second.
"""

import json

import numpy as np

import evaluate
import facts
import features
import model
import nezha
import windows

SIDES = {"edge as seen by caller": "caller", "edge as seen by callee": "callee"}


def micros(seconds):
    return np.round(np.asarray(seconds, float) * 1e6).astype(np.int64).tolist()


def numbers(values):
    return [None if v != v else float(v) for v in values]


def pairs(calls):
    return np.argwhere(calls).tolist()


def of_nezha(name, system):
    m, v = system.samples, system.visits
    series = [
        {"owner": int(owner), "edge": edge, "role": "latency" if kind in SIDES else kind, "side": SIDES.get(kind), "name": " ".join(label)}
        for kind, owner, edge, label in zip(m.kind.tolist(), m.owner, m.edge, m.names)
    ]
    fault_free = system.fault_free or (np.inf, -np.inf)
    return {
        "name": name, "components": system.services, "calls": pairs(system.calls), "addresses": [], "incidents": micros([told for told, _, _ in system.cases]),
        "series": series, "times": micros(m.time), "values": [numbers(column) for column in m.values.T],
        "operations": [{"component": int(c), "name": n} for c, n in zip(v.operation_service, v.operation_name)],
        "visits": {"operation": v.operation.tolist(), "start": micros(v.start), "self_time": numbers(v.self_time), "wire_time": numbers(v.wire),
                   "caller": v.caller.tolist(), "has_logs": v.has_logs.tolist(),
                   "baseline": ((v.start > fault_free[0]) & (v.start < fault_free[1])).tolist()},
        "events": [{"name": n, "log": bool(log), "error": bool(e)} for n, log, e in zip(v.event_name, v.is_log, v.is_error)],
        "visit_events": {"visit": v.event_visit.tolist(), "event": v.event.tolist()},
    }


def of_petshop(part):
    columns = list(part.reference.columns)
    return {
        "name": part.part, "components": part.services, "calls": pairs(part.calls), "addresses": np.where(part.address > 0)[0].tolist(), "incidents": [],
        "series": [{"owner": part.place[c[0]], "edge": None, "role": part.KINDS[c[1]], "side": None, "name": " ".join(c)} for c in columns],
        "times": [], "values": [[] for _ in columns],
        "baseline_times": micros(part.reference.index), "baseline_values": [numbers(part.reference[c].values) for c in columns],
    }


def petshop_rows(part, window):
    """The rows of a window for each series, which of the reference they were taken from, and the symptom."""
    if "case" in window:
        _, _, symptom, node, rows = part.cases[window["case"]]
        without = None
    else:
        k = window["quiet_row"]
        rows, without = part.reference.iloc[k - 2 : k + 3], [k - 8, k + 8]
        symptom, node = ("latency", "availability")[k % 2], part.cases[0][3]
    values = [numbers(rows[c].values) if c in rows.columns else [None] * len(rows) for c in part.reference.columns]
    return {"times": micros(rows.index), "values": values, "baseline_without": without, "symptom": {"component": part.place[node], "kind": symptom}}


def run(data, cache):
    parts = {name: facts.PetShop(data, name) for name in windows.PARTS}
    with open(f"{cache}/facts.jsonl", "w") as file:
        for name in nezha.DAYS:
            file.write(json.dumps(of_nezha(name, facts.nezha_system(data, cache, name))) + "\n")
        for part in parts.values():
            file.write(json.dumps(of_petshop(part)) + "\n")
    judged = evaluate.load(cache)
    weights = model.train([w for w in judged if w["variant"] == "told"])
    with open(f"{cache}/windows.jsonl", "w") as file:
        file.write(json.dumps({"features": features.NAMES, "channels": model.CHANNELS, "weights": weights.tolist()}) + "\n")
        for w in judged:
            p, none = model.posterior(weights, w["channels"], w["prior"])
            line = {"id": w["id"], "graph": w["graph"], "system": w["system"], "variant": w["variant"], "kind": w["kind"], "service": w["service"],
                    "truth": w["truth"], "alone": "alone" in w, "onsets": micros(w["onsets"]), "prior": w["prior"], "own": None, "until": None,
                    "traces": w["modalities"] == "all", "rows": [np.asarray(x).tolist() for x in w["rows"]],
                    "channels": [np.asarray(x).tolist() for x in w["channels"]], "posterior": p.tolist(), "none": float(none)}
            for time in ("own", "until"):
                if w.get(time) is not None:
                    line[time] = micros(w[time])
            if w["graph"] in parts:
                line["samples"] = petshop_rows(parts[w["graph"]], w)
            file.write(json.dumps(line) + "\n")
