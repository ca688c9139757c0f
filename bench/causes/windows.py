"""Every window that is judged, with its features: `windows.pkl` holds the windows and the call graph of each system.

A fault is seen at the told time (`told`) and 60 s after it (`late`); with `untold`, also by a scan of onsets before a moment 60 to 180 s
after it. Quiet windows are drawn before told times, up to where the fault has not shown yet, and two hours after the last listed fault;
of the PetShop data from its month without issues. Features of a window: `rows` for each of its `onsets`, and `prior` gives each its weight.
`own`, `until`, `case` and `quiet_row` say what the features were computed from, for `export.py`.
"""

import pickle

import numpy as np

import facts
import nezha
from features import FROM_TRACES, NAMES, nezha_features, petshop_features

SEED = 7
EARLIER = 0.3  # prior of an onset 60 s before the told time
QUIET = 30  # windows drawn per part
PARTS = ("low_traffic", "high_traffic")


def only(rows, traces):
    chosen = np.isin(NAMES, FROM_TRACES) == traces
    return rows * chosen


def told_onsets(features, told):
    return {"rows": [features(told), features(told - 60)], "onsets": [told, told - 60], "prior": [1 - EARLIER, EARLIER]}


def scanned(features, at, step, back):
    onsets = np.arange(at - back, at + 1, step).tolist()
    return {"rows": [features(t) for t in onsets], "onsets": onsets, "prior": [1 / len(onsets)] * len(onsets)}


def shows_cpu(system, service, told):
    m = system.samples
    now = (m.time > told - 120) & (m.time < told + 10)
    mine = [i for i, (name, column) in enumerate(m.names) if m.kind[i] == "cpu" and name == service and "%" in column]
    return bool(mine) and np.nanmax(m.values[now][:, mine]) > 50


def quiet_before_faults(system):
    """(from, to) before told times in which the faulty service does not show the fault yet. Uses the label, to draw windows only."""
    v = system.visits
    for told, service, kind in system.cases:
        first, last = np.searchsorted(v.start, [told - 118, told - 3])
        if last - first < 150 or v.start[last - 1] - v.start[first] < 40:
            continue
        if kind in ("return", "exception"):
            witnesses = {}
            nezha_features(system, told, witnesses=witnesses)
            witness = witnesses.get(system.services.index(service))
            if witness is None or round(witness[5], 2) < 0.1:
                continue
            event, k0, n0, k1, n1, _ = witness
            before = np.zeros(len(v.start), bool)
            before[first:last] = True
            n = (before & (v.operation == v.event_operation[event])).sum()
            if n < 1:
                continue
            rate = (v.event[before[v.event_visit]] == event).sum() / n
            if abs(rate - k0 / n0) > 0.34 * abs(k1 / n1 - k0 / n0):
                continue
        elif shows_cpu(system, service, told):
            continue
        yield max(v.start[first], told - 60), min(v.start[last - 1], told - 3)


def of_nezha(name, system, random, untold):
    for i, (told, service, kind) in enumerate(system.cases):
        base = {"system": name, "graph": name, "id": f"{name}{i:02d}", "kind": kind, "service": service, "truth": system.services.index(service), "modalities": "all", "own": told}
        features = lambda t, told=told: nezha_features(system, t, own=told)  # noqa: E731
        at = told + random.uniform(60, 180)
        onsets = told_onsets(features, told)
        alone = {"metrics alone": only(onsets["rows"][0], False), "traces alone": only(onsets["rows"][0], True)}
        yield dict(base, variant="told", alone=alone, **onsets)
        yield dict(base, variant="late", rows=[features(told + 60), onsets["rows"][0]], onsets=[told + 60, told], prior=onsets["prior"])
        if untold:
            yield dict(base, variant="untold", **scanned(features, at, 90.0, 300))
    quiet = {"system": name, "graph": name, "kind": "none", "service": "none", "truth": -1}
    for start, end in quiet_before_faults(system):
        rows = [nezha_features(system, start, window=end - start, until=end), nezha_features(system, start - 60, until=end)]
        yield dict(quiet, id=f"{name} before {int(start)}", variant="told", modalities="all", rows=rows, onsets=[start, start - 60], until=end, prior=[1 - EARLIER, EARLIER])
    time, last = system.samples.time, max(told for told, _, _ in system.cases)
    far = [t for t in time if t > last + 8100 and t < time[-1] - 600]
    features = lambda t: nezha_features(system, t, traces=False)  # noqa: E731
    for t in random.choice(far, QUIET, replace=False):
        at = float(t) + random.uniform(60, 180)
        base = dict(quiet, id=f"{name} after {int(t)}", modalities="metrics")
        yield dict(base, variant="told", **told_onsets(features, float(t)))
        if untold:
            yield dict(base, variant="untold", **scanned(features, at, 90.0, 300))


def of_petshop(part, random, untold):
    where = {"system": "PS", "graph": part.part, "modalities": "metrics"}
    node = part.cases[0][3]
    for i, (told, service, symptom, target, rows) in enumerate(part.cases):
        features = lambda t, x=rows, n=target, s=symptom: petshop_features(part, t, x, part.reference, n, s)  # noqa: E731
        kind = f"{symptom}-{part.part[:-8]}"
        base = dict(where, id=f"PS{part.part[0]}{i}", kind=kind, service=service, truth=part.place[service], case=i)
        at = told + random.uniform(60, 180)
        for variant, late in (("told", 0), ("late", 60)):
            yield dict(base, variant=variant, rows=[features(told + late)], onsets=[told + late], prior=[1.0])
        if untold:
            yield dict(base, variant="untold", **scanned(features, at, 225.0, 450))
    count = len(part.reference)
    for k in random.choice(np.arange(8, count - 8), QUIET, replace=False):
        at = random.uniform(60, 180)
        rows, rest = part.reference.iloc[k - 2 : k + 3], part.reference.iloc[np.r_[0 : k - 8, k + 8 : count]]
        told, symptom = float(rows.index[2]), ("latency", "availability")[k % 2]
        features = lambda t, x=rows, r=rest, s=symptom: petshop_features(part, t, x, r, node, s)  # noqa: E731
        base = dict(where, id=f"PS{part.part[0]} quiet {k}", kind="none", service="none", truth=-1, quiet_row=int(k))
        yield dict(base, variant="told", rows=[features(told)], onsets=[told], prior=[1.0])
        if untold:
            yield dict(base, variant="untold", **scanned(features, told + at, 225.0, 450))


def run(data, cache, untold=False):
    random, windows, graphs = np.random.default_rng(SEED), [], {}
    for name in nezha.DAYS:
        system = facts.nezha_system(data, cache, name)
        windows += of_nezha(name, system, random, untold)
        graphs[name] = (system.services, system.calls, system.address)
    for name in PARTS:
        part = facts.PetShop(data, name)
        windows += of_petshop(part, random, untold)
        graphs[name] = (part.services, part.calls, part.address)
    with open(f"{cache}/windows.pkl", "wb") as file:
        pickle.dump({"windows": windows, "graphs": graphs}, file)
