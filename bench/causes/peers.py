"""N-sigma and BARO's scorer on the same cases, by service, on metrics alone.

N-sigma: greatest |x - mean| / standard deviation in the window. BARO: greatest (x - median) / interquartile range, 0 taken as 1, one-sided; written
anew here, and it does not reproduce the package fse-baro (docs/adr/0013-ranked-causes.md). Normal is the ten minutes before or the quiet day.
"""

import warnings

import numpy as np

import evaluate
import facts
import nezha
import windows


def filled(values):
    """The last sample carried on, then the first one back; 0 where there is none."""
    values = values.copy()
    for _ in range(2):
        for i in range(1, len(values)):
            gap = np.isnan(values[i])
            values[i, gap] = values[i - 1, gap]
        values = values[::-1].copy()
    return np.nan_to_num(values)


def rank_services(score, owner, truth, count):
    """A service stands where its best series stands; those without a series share the end."""
    order = list(dict.fromkeys(owner[i] for i in np.argsort(-score, kind="stable")))
    return order.index(truth) + 1 if truth in order else len(order) + (count - len(order) + 1) / 2


def nezha_windows(data, cache, name):
    system = facts.nezha_system(data, cache, name)
    m, last = system.samples, max(told for told, _, _ in system.cases)
    for told, service, _ in system.cases:
        for variant, late in (("told", 0), ("late", 60)):
            t, at = m.time, told + late
            near = m.values[(t > at - 630) & (t <= at)]
            yield variant, near, m.values[t > last + 7200], m.values[(t > at + 5) & (t < at + 245)], m.owner, system.services.index(service), len(system.services)


def petshop_windows(data, name):
    part = facts.PetShop(data, name)
    for told, service, _, _, rows in part.cases:
        columns = [c for c in rows.columns if c in set(part.reference.columns)]
        owner, t, values = np.array([part.place[c[0]] for c in columns]), np.array(rows.index, float), rows[columns].values
        for variant, late in (("told", 0), ("late", 60)):
            at = told + late
            now = (t >= at - 150) & (t < at + 450)
            yield variant, values[t < at - 270], part.reference[columns].values, values[now], owner, part.place[service], len(part.services)


def scores(normal, window):
    varies = np.nanstd(np.r_[normal, window], 0) > 1e-9
    spread = normal.std(0)
    sigma = np.nan_to_num((np.abs(window - normal.mean(0)) / np.where(spread > 0, spread, np.inf)).max(0))
    q1, median, q3 = np.percentile(normal, [25, 50, 75], axis=0)
    robust = ((window - median) / np.where(q3 > q1, q3 - q1, 1.0)).max(0)
    return {"N-sigma": np.where(varies, sigma, -1), "BARO": np.where(varies, robust, -1e9)}


def run(data, cache):
    warnings.simplefilter("ignore")  # columns without a sample
    sources = [(n, nezha_windows(data, cache, n)) for n in nezha.DAYS] + [("PS", petshop_windows(data, p)) for p in windows.PARTS]
    ranks, random = {}, np.random.default_rng(evaluate.SEED)
    for system, cases in sources:
        for variant, near, day, window, owner, truth, count in cases:
            day = day[:: max(1, len(day) // 300)]
            for name, normal in (("ten minutes before", near if len(near) >= 2 else day), ("quiet day", day)):
                for method, score in scores(filled(normal), filled(window)).items():
                    ranks.setdefault(f"{system}, {method}, normal is {name}, {variant}", []).append({"rank": rank_services(score, owner, truth, count)})
    return {key: evaluate.ranking(answers, random) for key, answers in ranks.items()}
