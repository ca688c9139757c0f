"""BARO's scorer and N-sigma, both as the package fse-baro has them, on the told cases, from metrics alone.

As its documentation says: one table with `time` and columns `SERVICE_METRIC`, gaps filled with the last sample and then 0, and the time
of the fault as `inject_time`; normal is what lies before. For Nezha that is ten minutes before and five after, without the host's series
(`Node...`), and with the edges' latencies under the callee. PetShop's cases have two or three rows before the fault, so the month without
issues goes before them, as the engine has it as its baseline. A service stands where its best series stands. The package's N-sigma is
one-sided: a drop does not count.
"""

import functools
import time
import warnings

import cases as sets
import measures

BEFORE, AFTER = 600, 300
METHODS = ("BARO (fse-baro)", "N-sigma (fse-baro)")


def nezha_table(folder):
    """All series of a day on a grid of minutes, and the service of each column."""
    import pandas as pd

    tables, owners = [], {}
    for path in sorted(folder.glob("*.csv.gz")):
        name = path.name.split(".")[0].removesuffix("_metric")
        if name == "front_service":
            continue
        table = pd.read_csv(path)
        stamp = table.columns[0]
        minute = table[stamp].str[:16]
        table.index = (pd.to_datetime(minute, utc=True) - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
        table = table.select_dtypes("number").loc[:, lambda t: ~t.columns.str.startswith(("TimeStamp", "timestamp", "Node"))]
        edge = name.endswith("_50")
        service = sets.POD.sub("", name)
        columns = {c: f"{name}_{c}" if edge else f"{service}_{c}" for c in table.columns}
        owners.update({new: c.split("_", 1)[1] if edge else service for c, new in columns.items()})
        tables.append(table.rename(columns=columns).groupby(level=0).last())
    whole = pd.concat(tables, axis=1).sort_index()
    return whole, owners


def petshop_table(path):
    import pandas as pd

    table = pd.read_csv(path, header=[0, 1, 2], index_col=0).astype(float)
    owners = {"_".join(c): c[0] for c in table.columns}
    table.columns = ["_".join(c) for c in table.columns]
    return table, owners


def rank(columns, owners, truth):
    order = list(dict.fromkeys(owners[c] for c in columns))
    return order.index(truth) + 1 if truth in order else measures.NOT_NAMED


def run(told_cases, engine, deadline=None):
    """{method: [(case, rank)]} of cases that have metrics. Ranks are kept beside the engine's answers; no case is begun after `deadline`."""
    for case in told_cases:
        if f"{METHODS[-1]}: {case['id']}" not in engine.answers and (deadline is None or time.monotonic() < deadline):
            for method, place in ranks(case):
                engine.note({"id": f"{method}: {case['id']}", "build": engine.build, "rank": place})
    return {m: [(c, engine.answers[f"{m}: {c['id']}"]["rank"]) for c in told_cases if f"{m}: {c['id']}" in engine.answers] for m in METHODS}


@functools.cache
def day_of(folder):
    return nezha_table(folder)


def ranks(case):
    """(method, rank) of each; nothing where there is no sample before or after."""
    import pandas as pd
    from baro.root_cause_analysis import nsigma, robust_scorer

    warnings.simplefilter("ignore")  # columns without a sample
    told = case["told"]
    if case["system"] == "PetShop":
        rows, owners = petshop_table(case["metrics"])
        normal, _ = petshop_table(case["metrics"].parents[2] / "noissue/metrics.csv")
        kept = [c for c in rows.columns if c in set(normal.columns)]
        # The month's own times may be later, so rows are numbered.
        before = pd.concat([normal[kept], rows[kept][rows.index < told - 270]])
        data = pd.concat([before, rows[kept][(rows.index >= told - 150) & (rows.index < told + 450)]])
        inject, data.index = len(before), range(len(data))
    else:
        whole, owners = day_of(case["metrics"])
        data, inject = whole[(whole.index > told - BEFORE) & (whole.index <= told + AFTER)], told
    data = data.ffill().fillna(0)
    data.insert(0, "time", data.index)
    if (data["time"] < inject).any() and (data["time"] >= inject).any():
        for name, method in zip(METHODS, (robust_scorer, nsigma)):
            yield name, rank(method(data.copy(), inject_time=inject)["ranks"], owners, case["truth"][0])
