"""Trains and judges: ranking, "no cause", the offset of a new system, calibration, and each wrong answer.

Held out are all windows of one service at a time, of one kind at a time, or of a whole system; the quiet windows of a system are spread
over its folds. Intervals are 95 % of 400 bootstrap samples. The answer is one dictionary.
"""

import pickle

import numpy as np

import model

SEED, THRESHOLD = 11, 0.5
SYSTEMS = ("TT", "OB", "PS")


def load(cache):
    with open(f"{cache}/windows.pkl", "rb") as file:
        stored = pickle.load(file)
    graphs = {name: (services, model.callees(calls, address)) for name, (services, calls, address) in stored["graphs"].items()}
    for w in stored["windows"]:
        w["services"], graph = graphs[w["graph"]]
        w["channels"] = [model.channels(rows, graph) for rows in w["rows"]]
        if "alone" in w:
            w["alone_channels"] = {k: model.channels(rows, graph) for k, rows in w["alone"].items()}
    return stored["windows"]


def rank_of(p, truth):
    """Ties share their mean place."""
    equal = (np.abs(p - p[truth]) <= 1e-12).sum()
    return (p > p[truth] + 1e-12).sum() + (equal + 1) / 2


def ac1(ranks):
    return float((ranks <= 1).mean())


def avg5(ranks):
    return float(np.mean([(ranks <= k).mean() for k in range(1, 6)]))


def interval(ranks, measure, random):
    values = [measure(ranks[random.integers(0, len(ranks), len(ranks))]) for _ in range(400)]
    return [round(float(np.percentile(values, q)), 2) for q in (2.5, 97.5)]


def ranking(answers, random):
    ranks = np.array([a["rank"] for a in answers])
    return {"n": len(ranks), "ac1": round(ac1(ranks), 2), "ac1_95": interval(ranks, ac1, random), "ac3": round(float((ranks <= 3).mean()), 2),
            "avg5": round(avg5(ranks), 2), "avg5_95": interval(ranks, avg5, random)}


def judge(weights, w):
    p, none = model.posterior(weights, w["channels"], w["prior"])
    top = int(p.argmax())
    return {"window": w, "none": float(none), "top": w["services"][top], "p": float(p[top]), "right": top == w["truth"],
            "rank": float(rank_of(p, w["truth"])) if w["truth"] >= 0 else None}


def folds(told, system, key):
    faults = [w for w in told if w["system"] == system and w["truth"] >= 0]
    groups = sorted({w[key] for w in faults})
    count = max(2, len(groups))
    fold = {w["id"]: groups.index(w[key]) for w in faults}
    quiet = sorted({w["id"] for w in told if w["system"] == system and w["truth"] < 0})
    return {**fold, **{name: i % count for i, name in enumerate(quiet)}}, count


def answers_by_setting(windows, told):
    """{setting: answers} and {setting or system left out: weights}."""
    weights = {"all": model.train(told)}
    answers = {"seen": [judge(weights["all"], w) for w in windows], "held service": [], "held kind": [], "other systems": []}
    for system in SYSTEMS:
        mine = [w for w in windows if w["system"] == system]
        weights["without " + system] = model.train([w for w in told if w["system"] != system])
        answers["other systems"] += [judge(weights["without " + system], w) for w in mine]
        for setting, key in (("held service", "service"), ("held kind", "kind")):
            fold, count = folds(told, system, key)
            for k in range(count):
                held = {name for name, f in fold.items() if f == k}
                if held:
                    p = model.train([w for w in told if not (w["system"] == system and w["id"] in held)])
                    answers[setting] += [judge(p, w) for w in mine if w["id"] in held]
    return answers, weights


def calibration(answers, bins=10):
    p, right = np.array([a["p"] for a in answers]), np.array([float(a["right"]) for a in answers])
    b = np.minimum((p * bins).astype(int), bins - 1)
    ece = sum(abs(p[b == k].mean() - right[b == k].mean()) * (b == k).mean() for k in range(bins) if (b == k).any())
    return {"n": len(p), "ece": round(float(ece), 3), "brier": round(float(((p - right) ** 2).mean()), 3), "base": round(float(right.mean() * (1 - right.mean())), 3)}


def no_cause(answers):
    quiet = np.array([a["none"] for a in answers if a["window"]["truth"] < 0])
    fault = np.array([a["none"] for a in answers if a["window"]["truth"] >= 0])
    curve = {t: [round(float((quiet > t).mean()), 2), round(float((fault > t).mean()), 2)] for t in (0.3, 0.5, 0.7, 0.8)}
    return {"quiet": len(quiet), "faults": len(fault), "quiet_called_quiet_and_faults_missed": curve}


def fitted_offset(weights, windows):
    """The least b at which 95 % of half of the quiet windows are called quiet, judged on the other half and on the faults."""
    quiet, faults = [w for w in windows if w["truth"] < 0], [w for w in windows if w["truth"] >= 0]
    share = lambda ws, p: float(np.mean([model.posterior(p, w["channels"], w["prior"])[1] > THRESHOLD for w in ws]))  # noqa: E731
    p = weights.copy()
    for p[-1] in np.arange(-3, 6, 0.1):
        if share(quiet[::2], p) >= 0.95:
            break
    return {"b": round(float(p[-1]), 1), "quiet_called_quiet": round(share(quiet[1::2], p), 2), "faults_missed": round(share(faults, p), 2)}


def by_kind(answers, random):
    kinds = sorted({(a["window"]["system"], a["window"]["kind"]) for a in answers})
    return {", ".join(k): ranking([a for a in answers if (a["window"]["system"], a["window"]["kind"]) == k], random) for k in kinds}


def one_modality(weights, told, random):
    """Faults seen through one modality, ranked by the weights of all data."""
    result = {}
    for system in SYSTEMS:
        for modality in ("metrics alone", "traces alone"):
            faults = [dict(w, channels=[w["alone_channels"][modality]], prior=[1.0]) for w in told if w["system"] == system and "alone" in w]
            if faults:
                result[f"{system}, {modality}"] = ranking([judge(weights, w) for w in faults], random)
    return result


def shown(answer):
    w, x = answer["window"], answer["window"]["channels"][0]
    told = lambda name: {c: round(float(v), 2) for c, v in zip(model.CHANNELS, x[w["services"].index(name)]) if v}  # noqa: E731
    line = {"id": w["id"], "kind": w["kind"], "rank": answer["rank"], "none": round(answer["none"], 2), "top": answer["top"], "top_shows": told(answer["top"])}
    return dict(line, cause=w["service"], cause_shows=told(w["service"])) if w["truth"] >= 0 else line


def run(cache):
    windows, random = load(cache), np.random.default_rng(SEED)
    told = [w for w in windows if w["variant"] == "told"]
    answers, weights = answers_by_setting(windows, told)
    result = {"weights": {k: dict(zip(model.CHANNELS + ["b"], p.round(2).tolist())) for k, p in weights.items()}, "ranking": {}, "calibration": {}}
    for setting, given in answers.items():
        at_told = [a for a in given if a["window"]["variant"] == "told"]
        result["calibration"][setting] = calibration(at_told)
        for system in SYSTEMS:
            for variant in ("told", "late", "untold"):
                chosen = [a for a in given if a["window"]["system"] == system and a["window"]["variant"] == variant and a["rank"]]
                if chosen:
                    result["ranking"][f"{system}, {setting}, {variant}"] = ranking(chosen, random)
    result["by_kind"] = by_kind([a for a in answers["held kind"] if a["rank"] and a["window"]["variant"] == "told"], random)
    result["one_modality"] = one_modality(weights["all"], told, random)
    held = [a for a in answers["held service"] if a["window"]["variant"] == "told"]
    result["no_cause"] = {s: no_cause([a for a in held if a["window"]["system"] == s]) for s in SYSTEMS} | {"all": no_cause(held)}
    result["fitted_offset"] = {s: fitted_offset(weights["without " + s], [w for w in told if w["system"] == s]) for s in SYSTEMS}
    result["wrong"] = [shown(a) for a in held if a["rank"] and (a["rank"] > 1 or a["none"] > THRESHOLD)]
    result["false_alarms"] = [shown(a) for a in held if a["rank"] is None and a["none"] <= THRESHOLD]
    return result
