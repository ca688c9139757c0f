"""Features -> channels -> one conditional logit over the services and "none".

A channel is one mechanism, whatever modality carries it. What the callees of a service show as well is moved to the `explained` twin of its
channel. P(s) = sum_o prior_o exp(w.x_{s,o}) / Z and P(none) = n exp(b) / Z, with n candidates. Weights are the maximum of the posterior under a
Gaussian prior, with fixed signs.
"""

import numpy as np
from scipy.optimize import minimize

from features import CAP, NAMES

CHANNELS = ["cpu", "mem", "latency", "latency_explained", "wire", "error", "error_explained", "events", "events_explained",
            "traffic", "unreachable", "latency_availability", "address"]
PRIOR = np.array([6, 3, 6, 1, 6, 6, 1, 8, 1, 1, -3, -2, -1, 2.0])  # the last is b
NEGATIVE = {"unreachable", "latency_availability", "address"}
PENALTY = 0.05
GROUP_WEIGHT = 25.0  # windows each group (system, fault or quiet) stands for
EXPLAINS = 1.5  # how much more a callee explains than it shows
EVENTS_FULL = 0.5  # a certain change of an event's rate that counts in full


def callees(calls, address):
    """The call graph; an address is a road to the services called beside it by the same caller."""
    graph = calls.copy()
    for a in np.where(address > 0)[0]:
        for caller in np.where(calls[:, a])[0]:
            graph[a] |= calls[caller] & (address == 0)
    np.fill_diagonal(graph, False)
    return graph


def split(evidence, graph, also=None):
    """Own part and the part that callees explain."""
    below = evidence if also is None else np.maximum(evidence, also)
    explained = np.minimum(evidence, EXPLAINS * np.where(graph, below[None, :], 0).max(1))
    return evidence - explained, explained


def channels(rows, graph):
    f = {n: rows[:, i] for i, n in enumerate(NAMES)}
    wire = np.maximum(f["edge"] / CAP, f["wire"])
    own, explained = split(np.maximum(f["latency"] / CAP, np.minimum(1, f["slow"])), graph, wire)
    busier = np.minimum(own, f["traffic_up"] / CAP)  # slower because busier
    latency, latency_explained = own - busier, explained + busier
    events = np.minimum(1, f["events"] / EVENTS_FULL)
    error, error_explained = split(f["error"] / CAP, graph, events)  # who calls one that fails, fails
    # What deviates in the same traces explains all of it, however often it does.
    events_explained = np.maximum(split(events, graph)[1], np.minimum(1, f["events_below"] / EVENTS_FULL))
    events = np.maximum(0, events - events_explained)
    return np.stack([f["cpu"] / CAP, f["mem"] / CAP, latency, latency_explained, wire, error, error_explained, events, events_explained,
                     f["traffic_down"] / CAP, f["unreachable"], (latency + latency_explained) * f["availability_told"], f["address"]], 1)


def posterior(weights, onsets, prior):
    """P(service) for each service and P(none), summed over the onsets."""
    none = weights[-1] + np.log(len(onsets[0]))
    scores = [x @ weights[:-1] for x in onsets]
    top = max(none, *(u.max() for u in scores))
    e = sum(p * np.exp(u - top) for p, u in zip(prior, scores))
    e0 = np.exp(none - top)
    return e / (e.sum() + e0), e0 / (e.sum() + e0)


def fit(examples):
    """Weights and b from (channels, index of the cause or -1, weight of the window)."""
    k, size = len(CHANNELS), np.array([len(x) for x, _, _ in examples])
    rows, first = np.concatenate([x for x, _, _ in examples]), np.r_[0, np.cumsum(size)][:-1]
    window, weight = np.repeat(np.arange(len(size)), size), np.array([w for _, _, w in examples])
    truth = np.array([t for _, t, _ in examples])
    fault, cause = truth >= 0, np.where(truth >= 0, first + truth, 0)

    def loss(p):
        u, none = rows @ p[:k], p[k] + np.log(size)
        top = np.maximum(np.maximum.reduceat(u, first), none)
        e, e0 = np.exp(u - top[window]), np.exp(none - top)
        z = np.add.reduceat(e, first) + e0
        log_p = np.where(fault, u[cause], none) - top - np.log(z)
        residual = -(e / z[window]) * weight[window]
        np.add.at(residual, cause[fault], weight[fault])
        gradient = np.r_[rows.T @ residual, (weight * (~fault - e0 / z)).sum()]
        away = p - PRIOR
        return -(weight * log_p).sum() + PENALTY * (away**2).sum(), -gradient + 2 * PENALTY * away

    bounds = [(None, 0) if c in NEGATIVE else (0, None) for c in CHANNELS] + [(-2, 10)]
    return minimize(loss, PRIOR.copy(), jac=True, bounds=bounds, method="L-BFGS-B").x


def train(windows):
    """Told windows at the told time; a fault also enters as each modality alone, where that shows it."""
    group = [(w["system"], w["truth"] < 0) for w in windows]
    examples = []
    for w, g in zip(windows, group):
        share = GROUP_WEIGHT / group.count(g) / (1 + len(w.get("alone_channels", {})))
        examples.append((w["channels"][0], w["truth"], share))
        for x in w.get("alone_channels", {}).values():
            if x[w["truth"], :10].max() >= 0.1:
                examples.append((x, w["truth"], share))
    return fit(examples)
