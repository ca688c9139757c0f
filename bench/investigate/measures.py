"""Measures of ranked answers: accuracy at k with bootstrap intervals, calibration and the "no cause" curve. It knows no data set.

AC@k is the share of cases with the true service among the first k; Avg@5 the mean of AC@1 to AC@5. Intervals are 95 % of 1,000
bootstrap samples over cases from a fixed seed; with every case right they have no width, which is no certainty. Expected calibration
error is over ten bins of equal width: the mean of |stated - seen| weighted by the answers in each. Brier score is the mean of
(stated - right)^2, and its base that of always stating the mean.
"""

import random

SEED, SAMPLES, BINS = 11, 1000, 10
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NOT_NAMED = 1000  # the rank of a service that the answer does not name


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def ac(ranks, k):
    return mean(r <= k for r in ranks)


def avg5(ranks):
    return mean(ac(ranks, k) for k in range(1, 6))


def interval(values, measure):
    draw = random.Random(SEED)
    found = sorted(measure(draw.choices(values, k=len(values))) for _ in range(SAMPLES))
    return [round(found[int(SAMPLES * q)], 2) for q in (0.025, 0.975)]


def share(right):
    return {"n": len(right), "share": round(mean(right), 3), "share_95": interval(right, mean)}


def ranking(ranks):
    return {
        "n": len(ranks),
        "ac1": round(ac(ranks, 1), 3), "ac1_95": interval(ranks, lambda r: ac(r, 1)),
        "ac3": round(ac(ranks, 3), 3), "ac3_95": interval(ranks, lambda r: ac(r, 3)),
        "avg5": round(avg5(ranks), 3), "avg5_95": interval(ranks, avg5),
    }


def calibration(stated_and_right):
    """`stated_and_right` are pairs of a probability and whether that answer was right."""
    count, base = len(stated_and_right), mean(right for _, right in stated_and_right)
    bins = [[] for _ in range(BINS)]
    for stated, right in stated_and_right:
        bins[min(int(stated * BINS), BINS - 1)].append((stated, right))
    table = [
        {"from": k / BINS, "to": (k + 1) / BINS, "n": len(b), "stated": round(mean(s for s, _ in b), 3), "right": round(mean(r for _, r in b), 3)}
        for k, b in enumerate(bins) if b
    ]
    return {
        "n": count,
        "ece": round(sum(abs(mean(s for s, _ in b) - mean(r for _, r in b)) * len(b) / count for b in bins if b), 3),
        "brier": round(mean((s - r) ** 2 for s, r in stated_and_right), 3),
        "brier_of_the_mean": round(base * (1 - base), 3),
        "reliability": table,
    }


def no_cause_curve(quiet, faults):
    """P(none) of windows without and with a fault: at each threshold the share called quiet and the share of faults missed."""
    return [
        {"threshold": t, "quiet_called_quiet": share([p > t for p in quiet]) if quiet else None, "faults_missed": share([p > t for p in faults]) if faults else None}
        for t in THRESHOLDS
    ]
