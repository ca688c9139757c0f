"""What is known of one system, in the shape the features read: samples with a kind, visits with events, a call graph, known incidents.

Two loaders fill it: `nezha_system` from the cached tables, `PetShop` from its folder. Only loaders may name a format's own things.
"""

import glob
import json
import pickle
import re

import numpy as np
import pandas as pd

import nezha

ADDRESS = re.compile(r"^(https?://)|^\d+\.\d+\.\d+\.\d+|([a-z0-9-]+\.)+(com|net|org|io|local|internal)(?![a-z])", re.I)
ERROR_LEVELS = ["ERROR", "FATAL", "CRITICAL"]


def metric_kind(name):
    """What a series tells, by its name; the first match wins, None is not used."""
    name = name.lower()
    if name.startswith("node"):
        return None  # host series are shared by all pods of the host
    if "cpu" in name:
        return "cpu"
    if "mem" in name:
        return "mem"
    if "latency" in name or "duration" in name:
        return "latency to clients" if "client" in name else "latency"  # the former is no evidence: it grows when idle
    if "availab" in name or "success" in name:
        return "availability"
    if "error" in name or "fail" in name:
        return "error"
    if "request" in name or "workload" in name or "ops" in name:
        return "traffic"
    return None


class Samples:
    """Columns of samples on a grid of minutes. `owner` and, for edges as (caller, callee), `edge` are indices of services."""

    def __init__(self, frames, place):
        stamps = {name: np.round(np.array(f.index) / 60).astype(int) for name, f in frames.items()}
        grid = np.array(sorted(set().union(*map(set, stamps.values()))))
        self.time, columns, self.kind, self.owner, self.edge, self.names = grid * 60.0, [], [], [], [], []
        for name, frame in frames.items():
            for column in frame.columns:
                kind, owner, edge = describe(name, column, place)
                if kind is None:
                    continue
                values = np.full(len(grid), np.nan)
                values[np.searchsorted(grid, stamps[name])] = frame[column].values
                columns.append(values)
                self.kind.append(kind)
                self.owner.append(owner)
                self.edge.append(edge)
                self.names.append((name, column))
        self.values = np.array(columns).T
        self.kind, self.owner = np.array(self.kind), np.array(self.owner)


def describe(name, column, place):
    if name in place:
        return metric_kind(column), place[name], None
    for at in range(1, len(column)):
        if column[at] == "_" and column[:at] in place and column[at + 1 :] in place:
            side = "edge as seen by caller" if "source" in name else "edge as seen by callee"
            return side, place[column[at + 1 :]], (place[column[:at]], place[column[at + 1 :]])
    return None, -1, None


class Visits:
    """Visits sorted by start, with integer keys: operation (service and entry operation), edge (operation to operation), event."""

    def __init__(self, visits, events, place):
        visits = visits.sort_values("start").reset_index(drop=True)
        self.start, self.self_time, self.wire = visits.start.values, visits["self"].values, visits.wire.values
        self.service = visits.service.map(place).values
        self.operation, names = pd.factorize(visits.service + "|" + visits.operation)
        self.operation_service = np.array([place[n.split("|")[0]] for n in names])
        self.operation_name = [n.split("|", 1)[1] for n in names]
        at = pd.Series(np.arange(len(visits)), index=visits.visit)
        self.caller = visits.caller.map(at).fillna(-1).astype(int).values
        count = len(names)
        pair = np.where(self.caller >= 0, self.operation[np.maximum(self.caller, 0)] * count + self.operation, -1)
        self.edge, pairs = pd.factorize(pair)
        self.edge_from = np.array([self.operation_service[p // count] if p >= 0 else -1 for p in pairs])
        self.edge_to = np.array([self.operation_service[p % count] if p >= 0 else -1 for p in pairs])
        self.edge[self.caller < 0] = -1
        self._events(events, at)
        minute = (self.start // 60).astype(int)
        self.has_logs = np.isin(minute, np.unique(minute[self.event_visit[self.is_log[self.event]]]))

    def _events(self, events, at):
        events = events.assign(place=events.visit.map(at)).dropna(subset=["place"])
        events["place"] = events.place.astype(int)
        events = events.drop_duplicates(["place", "event"])  # once a visit
        key = pd.Series(self.operation[events.place.values].astype(str), index=events.index) + "|" + events.event
        event, names = pd.factorize(key)
        order = np.argsort(events.place.values, kind="stable")
        self.event, self.event_visit = event[order], events.place.values[order]
        self.event_operation = np.array([int(n.split("|")[0]) for n in names])
        self.event_name = [n.split("|", 1)[1] for n in names]
        self.is_log = np.array([n.startswith("log ") for n in self.event_name])
        told = np.isin(names, key[events.level.isin(ERROR_LEVELS)].unique())
        self.is_error = told | np.array([bool(re.search("error|exception", n, re.I)) for n in self.event_name])


class System:
    """Services, cases as (told time, service, kind), samples, visits and `calls[caller, callee]`."""


def nezha_system(data, cache, name):
    day, system = nezha.DAYS[name], System()
    system.name, system.cases = name, nezha.cases(data, name)
    system.fault_free = nezha.FAULT_FREE.get(name)
    with open(f"{cache}/{day}-metrics.pkl", "rb") as file:
        frames = pickle.load(file)
    visits = pd.read_parquet(f"{cache}/{day}-visits.parquet")
    owners = {n for n in frames if n not in nezha.NO_SERVICE and not n.endswith(nezha.EDGE_SUFFIX)}
    system.services = sorted(owners | set(visits.service))
    place = {s: i for i, s in enumerate(system.services)}
    system.samples = Samples(frames, place)
    system.visits = v = Visits(visits, pd.read_parquet(f"{cache}/{day}-events.parquet"), place)
    calls = np.zeros((len(place),) * 2, bool)  # the shape alone: who calls whom
    inner = v.caller >= 0
    calls[v.service[v.caller[inner]], v.service[inner]] = True
    for edge in system.samples.edge:
        if edge:
            calls[edge] = True
    np.fill_diagonal(calls, False)
    system.calls, system.address = calls, np.zeros(len(place))
    return system


def below(calls):
    """Who is called by whom, directly or further down."""
    reach = calls.copy()
    while True:
        further = reach | ((reach.astype(np.int32) @ reach.astype(np.int32)) > 0)
        if (further == reach).all():
            return reach
        reach = further


class PetShop:
    """One part of the data set: `low_traffic` or `high_traffic`. Rows are 300 s; `reference` is its month without issues."""

    STEP = 300.0
    KINDS = {"latency": "latency", "availability": "availability", "requests": "traffic"}

    def __init__(self, data, part):
        folder = f"{data}/petshop/dataset/{part}"
        read = lambda path: pd.read_csv(path, header=[0, 1, 2], index_col=0).astype(float)  # noqa: E731
        self.part, self.reference, self.cases = part, read(folder + "/noissue/metrics.csv"), []
        for path in sorted(glob.glob(folder + "/train/*/target.json")):
            with open(path) as file:
                told = json.load(file)
            target = told["target"]
            rows = read(path.replace("target.json", "metrics.csv"))
            self.cases.append((float(target["timestamp"]), told["root_cause"]["node"], target["metric"], target["node"], rows))
        graph = pd.read_csv(folder + "/graph.csv", index_col=0)
        self.services = sorted(set(graph.index) | set(self.reference.columns.get_level_values(0)))
        self.place = {s: i for i, s in enumerate(self.services)}
        self.calls = np.zeros((len(self.services),) * 2, bool)
        for a in graph.index:
            for b in graph.columns:
                if graph.loc[a, b] > 0:
                    self.calls[self.place[a], self.place[b]] = True
        np.fill_diagonal(self.calls, False)
        self.below = below(self.calls)
        self.address = np.array([1.0 if ADDRESS.search(s) else 0.0 for s in self.services])
