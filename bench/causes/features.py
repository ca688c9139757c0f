"""Facts -> features: one row per candidate service for one window. Nothing here knows a service, pod or fault by name.

`NAMES` lists the columns. Numbers that decide are constants at the top; their sources are in docs/adr/0013-ranked-causes.md.
`nezha_features` and `petshop_features` cut the window, the local level and the reference out of a system and call the rest.
"""

import warnings

import numpy as np
import pandas as pd
from scipy.special import betaincinv

NAMES = ["cpu", "mem", "latency", "edge", "error", "traffic_down", "traffic_up", "events", "events_below", "slow", "wire", "address", "unreachable", "availability_told"]
FROM_TRACES = ["events", "events_below", "slow", "wire"]
CAP = np.log1p(50.0)  # scores of metrics are in [0, CAP]

GUARD = 90.0  # seconds before a told time that are no reference: told times are often late
WINDOW = 120.0  # seconds of visits that are judged
TAIL, TAIL_ERRORS = 1.0, 5.0  # per cent of the reference outside the normal range, each side
MIN_RATE_CHANGE = 0.08
DEVIATES = 0.1  # a visit deviates when an event does whose rate changed more certainly than this
DEEPEST = 8  # calls below calls
PASSED_DOWN = 0.5  # of what is certain of a caller
JEFFREYS_TAIL = 0.01
RELATIVE_FLOOR = {"cpu": 0.05, "mem": 0.05, "availability": 0.0}
ABSOLUTE_FLOOR = {"latency": 0.001, "edge as seen by caller": 0.001, "edge as seen by callee": 0.001, "traffic": 0.05}


def jeffreys(k, n, tail=JEFFREYS_TAIL):
    low = np.where(k > 0, betaincinv(k + 0.5, n - k + 0.5, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 0.5, n - k + 0.5, 1 - tail), 1.0)
    return low, high


def strongest(values, owner, count):
    result = np.zeros(count)
    np.maximum.at(result, owner, values)
    return result


def shift(window, local, reference, kind):
    """How far the window's median lies above and below both the local level and the normal range, in units of normal spread."""
    warnings.simplefilter("ignore")  # columns without a sample
    median = np.nanmedian(window, 0)
    reference = reference[:: max(1, reference.shape[0] // 200)]
    points = [TAIL, TAIL_ERRORS, 10, 50, 90, 100 - TAIL_ERRORS, 100 - TAIL]
    q1, q5, q10, q50, q90, q95, q99 = np.nanpercentile(reference, points, axis=0)
    errors = (kind == "availability") | (kind == "error")  # short outages in normal time must not define normal
    low, high = np.where(errors, q5, q1), np.where(errors, q95, q99)
    relative = np.array([RELATIVE_FLOOR.get(k, 0.1) for k in kind]) * np.abs(q50)
    absolute = np.array([ABSOLUTE_FLOOR.get(k, 0.5) for k in kind])
    scale = np.maximum(np.maximum((q90 - q10) / 2.56, relative), absolute)
    level = np.nanmedian(local, 0) if len(local) else np.full(window.shape[1], np.nan)
    up = np.nan_to_num((median - np.fmax(high, level)) / scale)
    down = np.nan_to_num((np.fmin(low, level) - median) / scale)
    return np.maximum(up, 0), np.maximum(down, 0), median


def metric_features(result, window, local, reference, kind, owner, edges, count):
    up, down, median = shift(window, local, reference, kind)
    up, down = np.minimum(np.log1p(up), CAP), np.minimum(np.log1p(down), CAP)

    def by_service(name, values):
        return strongest(values[kind == name], owner[kind == name], count)

    result["cpu"], result["mem"] = by_service("cpu", up), by_service("mem", up)
    traffic = by_service("traffic", np.nan_to_num(median))
    known = strongest(np.ones((kind == "traffic").sum()), owner[kind == "traffic"], count) > 0
    result["latency"] = by_service("latency", up) * ~(known & (traffic <= 0))  # a latency without requests is no evidence
    result["error"] = np.maximum(by_service("availability", down), by_service("error", up))
    result["traffic_down"], result["traffic_up"] = by_service("traffic", down), by_service("traffic", up)
    seen = {side: {edges[i]: up[i] for i in np.where(kind == f"edge as seen by {side}")[0]} for side in ("caller", "callee")}
    total, touching = np.zeros(count), np.zeros(count)
    for edge, value in seen["caller"].items():  # slow for the caller and not for the callee: on the wire
        for end in edge:
            total[end] += max(0, value - seen["callee"].get(edge, 0))
            touching[end] += 1
    result["edge"] = total / np.maximum(touching, 1)


def slow_share(group, value, count, base, window, factor, floor):
    """Certain rise of the share of values above `factor` x the normal 95 % + `floor` seconds, per group; and which groups count."""
    base, window = base & (group >= 0), window & (group >= 0)
    normal = pd.Series(value[base]).groupby(group[base])
    limit, n0 = np.full(count, np.inf), np.zeros(count)
    quantile, size = normal.quantile(0.95), normal.size()
    limit[quantile.index], n0[size.index] = quantile * factor + floor, size
    share = lambda m: np.bincount(group[m], weights=value[m] > limit[group[m]], minlength=count)  # noqa: E731
    n1 = np.bincount(group[window], minlength=count)
    enough = (n1 >= 2) & (n0 >= 5)
    rise = np.maximum(0, jeffreys(share(window), n1)[0] - jeffreys(share(base), n0)[1])
    return np.where(enough, rise, 0.0), enough


def event_rates(v, base, window):
    """k0, n0, k1, n1 per event; events of logs count only over visits of minutes that have logs at all."""
    counts = []
    for chosen in (base, window):
        logged = chosen & v.has_logs
        n = np.bincount(v.operation[chosen], minlength=len(v.operation_name))[v.event_operation]
        n_log = np.bincount(v.operation[logged], minlength=len(v.operation_name))[v.event_operation]
        k = np.bincount(v.event[chosen[v.event_visit]], minlength=len(v.event_name))
        k_log = np.bincount(v.event[logged[v.event_visit]], minlength=len(v.event_name))
        counts += [np.where(v.is_log, k_log, k), np.where(v.is_log, n_log, n)]
    return counts


def visit_features(result, v, start, end, base, count, witnesses=None):
    first, last = np.searchsorted(v.start, [start, end])
    if last - first < 10 or base.sum() < 50:
        return
    window = np.zeros(len(v.start), bool)
    window[first:last] = True
    k0, n0, k1, n1 = event_rates(v, base, window)
    some = np.where((n1 >= 2) & (n0 >= 5) & ((k0 > 0) | (k1 > 0)))[0]
    some = some[np.abs(k1[some] / n1[some] - k0[some] / n0[some]) > MIN_RATE_CHANGE]
    low0, high0 = jeffreys(k0[some], n0[some])
    low1, high1 = jeffreys(k1[some], n1[some])
    missing = np.maximum(0, low0 - high1) * ~v.is_error[some]  # an error that goes away is no fault
    change = np.maximum(np.maximum(0, low1 - high0), missing)
    owner = v.operation_service[v.event_operation[some]]
    result["events"], result["events_below"] = passed_down(v, first, last, some, change, missing < change, count)
    if witnesses is not None:
        for s in range(count):
            mine = np.where(owner == s)[0]
            if len(mine) and change[mine].max() > 0.05:
                e = mine[np.argsort(-change[mine])[0]]
                i = some[e]
                witnesses[s] = (int(i), int(k0[i]), int(n0[i]), int(k1[i]), int(n1[i]), float(change[e]))
    rise, _ = slow_share(v.operation, v.self_time, len(v.operation_name), base, window, 1.5, 0.002)
    result["slow"] = strongest(rise, v.operation_service, count)
    rise, enough = slow_share(v.edge, v.wire, len(v.edge_from), base, window, 1.5, 0.005)
    total, touching = np.zeros(count), np.zeros(count)
    for e in np.where(enough & (v.edge_from >= 0))[0]:
        for end_of in (v.edge_to[e], v.edge_from[e]):
            total[end_of] += rise[e]
            touching[end_of] += 1
    result["wire"] = total / np.maximum(touching, 1)


def passed_down(v, first, last, events, change, happens, count):
    """Events per service, raised to what is certain of callers that deviate in the same traces; and how far they come with a callee's."""
    n = last - first
    judged = (v.event_visit >= first) & (v.event_visit < last)
    visits, happened = v.event_visit[judged] - first, v.event[judged]
    operation, logs, caller = v.operation[first:last], v.has_logs[first:last], v.caller[first:last] - first
    deviates = np.zeros(n, bool)
    for event, new in zip(events[change > DEVIATES], happens[change > DEVIATES]):
        has = np.zeros(n, bool)
        has[visits[happened == event]] = True
        deviates |= (operation == v.event_operation[event]) & (logs | (not v.is_log[event])) & (has if new else ~has)
    service = v.operation_service[operation]
    child = np.where(deviates & (caller >= 0) & (caller < n))[0]
    child = child[deviates[caller[child]] & (service[caller[child]] != service[child])]
    pairs = np.unique(np.stack([caller[child], service[child]], 1), axis=0)  # a visit and a service that deviates below it
    share = np.zeros((count, count))
    np.add.at(share, (service[pairs[:, 0]], pairs[:, 1]), 1)
    total = np.maximum(np.bincount(service[deviates], minlength=count), 1)
    share /= total[:, None]
    with_any = np.bincount(service[np.unique(pairs[:, 0])], minlength=count) / total
    certain = strongest(change, v.operation_service[v.event_operation[events]], count)
    reached = certain
    for _ in range(DEEPEST):
        reached = np.maximum(reached, (reached[:, None] * share).max(0))
    certain = np.maximum(certain, PASSED_DOWN * reached)
    return certain, certain * with_any


def outside(time, incidents, before, after):
    free = np.ones(len(time), bool)
    for told in incidents:
        free &= ~((time > told - before) & (time < told + after))
    return free


def as_rows(result):
    return np.stack([result[n] for n in NAMES], 1)


def nezha_features(system, told, window=WINDOW, until=None, own=None, traces=True, witnesses=None):
    """`own` is the case's true time, which is then never used; `until` ends the window early (quiet windows before a fault)."""
    count = len(system.services)
    result = {n: np.zeros(count) for n in NAMES}
    incidents = [t for t, _, _ in system.cases if t != own]
    m = system.samples
    t = m.time
    now = (t > told + 25) & (t < told + 205) & (t < (until or np.inf))
    free = outside(t, incidents, 0, 390)
    past = free & (t < told - 600)
    reference = past if past.sum() >= 60 else free & ~((t > told - 600) & (t < told + 900))  # an hour of history, else the rest of the day
    local = (t > told - 630) & (t < told - 30) & free
    if now.sum() >= 2 and reference.sum() >= 20:  # one sample is no evidence
        metric_features(result, m.values[now], m.values[local], m.values[reference], m.kind, m.owner, m.edge, count)
    if traces:
        t = system.visits.start
        base = (t < told - GUARD) & outside(t, incidents, 5, 240)
        if system.fault_free:
            base |= (t > system.fault_free[0]) & (t < system.fault_free[1])
        if base.sum() < 300:  # nothing else: the minutes before
            base |= (t < told - 2) & (t > told - 600)
        base &= ~((t >= told) & (t < told + window))
        visit_features(result, system.visits, told, min(told + window, until or np.inf), base, count, witnesses)
    return as_rows(result)


def petshop_features(part, told, rows, reference, symptom_node, symptom):
    count = len(part.services)
    result = {n: np.zeros(count) for n in NAMES}
    columns = [c for c in rows.columns if c in set(reference.columns)]
    kind = np.array([part.KINDS[c[1]] for c in columns])
    owner = np.array([part.place[c[0]] for c in columns])
    t, values = np.array(rows.index, float), rows[columns].values
    now = (t >= told - part.STEP / 2) & (t < told + 1.5 * part.STEP)
    local = values[t < told - part.STEP * 0.9]
    metric_features(result, values[now], local, reference[columns].values, kind, owner, [None] * len(columns), count)
    result["address"] = part.address
    under = part.below[part.place[symptom_node]].copy()
    under[part.place[symptom_node]] = True
    result["unreachable"] = (~under).astype(float)
    result["availability_told"] = np.full(count, float(symptom == "availability"))
    return as_rows(result)
