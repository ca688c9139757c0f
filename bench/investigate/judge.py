"""Joins cases and answers to results: ranking by system and kind, "no cause", calibration, seconds, wrong answers.

A double counts when both services are among the first two; a case without a fault counts when the verdict is "none". Ranks are judged
whatever the verdict is, and how often a fault was answered with "none" is told beside them. Calibration is of the first place's stated
probability, which is wrong by definition where there is no fault (0 if nothing is named), and of the answer given: P(none) where the
verdict is "none", else the first place's.
"""

import measures

SYSTEMS = ("TrainTicket", "Online Boutique", "PetShop", "demo fleet")
SEEN = ("TrainTicket", "Online Boutique", "PetShop")


def rank(case, answer):
    """Of the worst placed of the true services, less the places that the others take."""
    names = list(dict.fromkeys(name for name, _ in answer["causes"]))
    if any(t not in names for t in case["truth"]):
        return measures.NOT_NAMED
    return max(names.index(t) + 1 for t in case["truth"]) - len(case["truth"]) + 1


def is_right(case, answer):
    if not case["truth"]:
        return answer["verdict"] == "none"
    return answer["verdict"] != "none" and rank(case, answer) == 1


def row(method, system, kind, setting, judged):
    return {"method": method, "system": system, "kind": kind, "setting": setting,
            **measures.ranking([rank(c, a) for c, a in judged]), "answered_none": sum(a["verdict"] == "none" for _, a in judged),
            "seconds": round(measures.mean(a["seconds"] for _, a in judged), 2), "cpu_seconds": round(measures.mean(a["cpu_seconds"] for _, a in judged), 2)}


def rankings(judged):
    faults = [(c, a) for c, a in judged if c["truth"]]
    for system in SYSTEMS:
        of_system = [(c, a) for c, a in faults if c["system"] == system]
        for setting in dict.fromkeys(c["setting"] for c, _ in of_system):
            here = [(c, a) for c, a in of_system if c["setting"] == setting]
            yield row("mainstay", system, "all", setting, here)
            if setting == "told":
                for kind in sorted({c["kind"] for c, _ in here}):
                    yield row("mainstay", system, kind, setting, [(c, a) for c, a in here if c["kind"] == kind])


def of_peers(ranked):
    rows = []
    for method, pairs in ranked.items():
        for system in SEEN:
            for setting in ("told", "60 s late"):
                here = [r for c, r in pairs if c["system"] == system and c["setting"] == setting]
                if here:
                    rows.append({"method": method, "system": system, "kind": "all", "setting": setting, **measures.ranking(here)})
    return rows


def first_place(case, answer):
    if not answer["causes"]:
        return 0.0, False
    name, likelihood = answer["causes"][0]
    return likelihood, name in case["truth"]


def given(case, answer):
    return (answer["none"], not case["truth"]) if answer["verdict"] == "none" else first_place(case, answer)


def calibrations(judged):
    told = [(c, a) for c, a in judged if c["setting"] in ("told", "quiet")]
    seen, demo = [(c, a) for c, a in told if c["system"] in SEEN], [(c, a) for c, a in told if c["system"] not in SEEN]
    for name, group in (("seen systems, faults and quiet", seen), ("seen systems, faults alone", [(c, a) for c, a in seen if c["truth"]]), ("demo fleet", demo)):
        if group:
            yield {"of": f"{name}: first place", **measures.calibration([first_place(c, a) for c, a in group])}
            yield {"of": f"{name}: the answer given", **measures.calibration([given(c, a) for c, a in group])}


def no_cause(judged):
    """Quiet windows and faults of the same systems, told."""
    for name, systems in (*((s, (s,)) for s in SYSTEMS), ("the three seen systems", SEEN)):
        here = [(c, a) for c, a in judged if c["system"] in systems and c["setting"] in ("told", "quiet")]
        quiet, faults = [a for c, a in here if not c["truth"]], [a for c, a in here if c["truth"]]
        if quiet:
            yield {"system": name, "quiet": len(quiet), "faults": len(faults), "verdict_none_when_quiet": measures.share([a["verdict"] == "none" for a in quiet]),
                   "verdict_none_when_fault": measures.share([a["verdict"] == "none" for a in faults]) if faults else None,
                   "curve": measures.no_cause_curve([a["none"] for a in quiet], [a["none"] for a in faults])}


def demo(judged):
    here = [(c, a) for c, a in judged if c["system"] == "demo fleet"]
    rows = []
    for kind in (["all"] if here else []) + sorted({c["kind"] for c, _ in here}):
        group = [(c, a) for c, a in here if kind in ("all", c["kind"])]
        rows.append({"kind": kind, **measures.share([is_right(c, a) for c, a in group]),
                     "answered_none": sum(a["verdict"] == "none" for _, a in group)})
    for name, unseen in (("faults of seen seeds", False), ("faults of unseen seeds", True)):
        group = [(c, a) for c, a in here if c["truth"] and c["unseen"] == unseen]
        if group:
            rows.append({"kind": name, **measures.share([is_right(c, a) for c, a in group]),
                         "answered_none": sum(a["verdict"] == "none" for _, a in group)})
    return rows


def wrong(judged):
    return [
        {"id": c["id"], "kind": c["kind"], "truth": c["truth"], "verdict": a["verdict"], "none": round(a["none"], 2),
         "named": [[name, round(p, 2)] for name, p in a["causes"][:2]]}
        for c, a in judged if c["setting"] in ("told", "quiet") and not is_right(c, a)
    ]


def run(judged):
    return {"ranking": list(rankings(judged)), "demo": demo(judged), "no_cause": list(no_cause(judged)),
            "calibration": list(calibrations(judged)), "wrong": wrong(judged)}
