"""The results as Markdown, each table with what it may and may not be taken for. Nothing is computed here but what is reached."""

COMMAND = "python3 bench/investigate/run.py --binary BINARY --data DATA --cases CASES --unseen 53 54 --tables docs/investigation-measured.md"

HEAD = f"""# How well `mainstay investigate` finds causes

Made by `bench/investigate/run.py`; do not edit. The command was

```
{COMMAND}
```

with the folder of the data sets (Nezha, PetShop) as DATA and of recorded demo cases (`mainstay demo record`) as CASES. Answers of one
build are kept with `--keep`, so it may have been run in several goes. How each case is built is in [bench/investigate](../bench/investigate/README.md), how the engine ranks in [ADR 13](adr/0013-ranked-causes.md).

**Seen.** The weights that ship were trained on told windows of TrainTicket, Online Boutique and PetShop, so all numbers of these three
systems are of seen data: they show that the whole program does what its model did, not how it does on a new system. Numbers with a service,
a kind or a system held out are in ADR 13, and they are of the model alone. Quiet windows here are drawn by another seed than those of the
training, from the same hours. **The demo fleet.** No weight was trained on it, but rules (calls
that nobody answers or that are refused, visits that fail or are left, clocks out of step, what deviates below, checks that fail, second causes)
were designed while looking at cases of seeds 21, 22, 51 and 52 and some 24 older ones: these are the seen seeds. Nobody
had looked at cases of the unseen ones when this was measured.

Intervals are 95 % of 1,000 bootstrap samples over cases. One of 1 to 1 says only that no case was wrong. Ranks count whatever the verdict is;
"none" is how many faults were answered with "no cause found". A told case of Nezha here has the logs and traces of its own minutes alone; with
those of the whole day, as in ADR 13, there is more normal time to compare with. BARO and N-sigma are on the same cases as far as their n says.
"""


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |"
    yield ""


def two(value):
    return f"{value:.2f}"


def span(row, key):
    low, high = row[f"{key}_95"]
    return f"{two(row[key])} [{two(low)}, {two(high)}]"


def ranking(rows):
    yield "## Ranking\n"
    yield from table(
        ("method", "system", "kind", "time", "n", "AC@1", "AC@3", "Avg@5", "none", "s a case", "CPU s"),
        ((r["method"], r["system"], r["kind"], r["setting"], r["n"], span(r, "ac1"), span(r, "ac3"), span(r, "avg5"), r.get("answered_none"),
          r.get("seconds"), r.get("cpu_seconds")) for r in rows),
    )
    yield "Doubles of the demo fleet count when both services are in the first two places; their AC@3 when both are in the first four.\n"


def demo(rows):
    yield "## Demo fleet, the whole answer\n"
    yield "Right is a verdict and a first place (both of a double in the first two); without a fault it is \"no cause found\".\n"
    yield from table(("kind", "n", "right", "answered none"), ((r["kind"], r["n"], span(r, "share"), r["answered_none"]) for r in rows))


def no_cause(groups):
    yield "## \"No cause found\"\n"
    yield "Shares of quiet windows that are called quiet, and of faults that are missed, by the threshold on P(none).\n"
    head = ("system", "quiet", "faults", "", "verdict", *(f"> {p['threshold']}" for p in groups[0]["curve"]))
    rows = []
    for g in groups:
        rows.append((g["system"], g["quiet"], g["faults"], "called quiet", span(g["verdict_none_when_quiet"], "share"), *(two(p["quiet_called_quiet"]["share"]) for p in g["curve"])))
        if g["faults"]:
            rows.append(("", "", "", "missed", span(g["verdict_none_when_fault"], "share"), *(two(p["faults_missed"]["share"]) for p in g["curve"])))
    yield from table(head, rows)
    yield "Nezha's quiet windows have metrics alone, because its logs and traces cover minutes with faults only.\n"


def calibration(groups):
    yield "## Calibration\n"
    yield from table(("of", "n", "expected calibration error", "Brier", "Brier of the mean"),
                     ((g["of"], g["n"], g["ece"], g["brier"], g["brier_of_the_mean"]) for g in groups))
    for g in groups:
        yield f"Reliability, {g['of']}:\n"
        yield from table(("stated", "n", "mean stated", "right"), ((f"{b['from']:.1f} to {b['to']:.1f}", b["n"], b["stated"], b["right"]) for b in g["reliability"]))


def timing(result):
    yield "## Time and memory\n"
    yield f"{result['machine']['cores']} cores, {result['machine']['processor']}; load average {result['load']:.1f} when it began. Median of three runs.\n"
    if result["load"] > result["machine"]["cores"] / 2:
        yield "The machine was busy with other work, and this benchmark ran with `nice`: wall seconds, here and of each case above, are mostly waiting\nfor a core. CPU seconds are less disturbed.\n"
    yield from table(("case", "s", "least s", "CPU s", "peak MB", "verdict"), ((t["case"], t["seconds"], t["least_seconds"], t["cpu_seconds"], t["memory_mb"], ", ".join(t["verdicts"])) for t in result["timing"]))


def reached(result):
    """What is aimed at, with what came out: a number, and whether its point estimate is there."""
    find = {(r["system"], r["setting"]): r for r in result["ranking"] if r["method"] == "mainstay" and r["kind"] == "all"}
    rows = []

    def add(what, aim, value, good, shown=None):
        if value is not None:
            rows.append((what, aim, shown or two(value), "reached" if good else "**not reached**"))

    for system, key, least in (("TrainTicket", "ac1", 0.70), ("Online Boutique", "ac1", 0.60), ("PetShop", "avg5", 0.65)):
        if r := find.get((system, "told")):
            add(f"{system}, told, {'AC@1' if key == 'ac1' else 'Avg@5'} (seen)", two(least), r[key], r[key] >= least)
    for system in ("TrainTicket", "Online Boutique"):
        if (a := find.get((system, "told"))) and (b := find.get((system, "60 s late"))):
            lost = a["avg5"] - b["avg5"]
            add(f"{system}, Avg@5 lost when told 60 s late (seen)", "at most 0.05", lost, lost <= 0.05)
    for g in result["no_cause"]:
        value = g["verdict_none_when_quiet"]["share"]
        add(f"quiet windows called quiet, {g['system']} (n {g['quiet']})", "0.95", value, value >= 0.95)
    for r in result["demo"]:
        if r["kind"].startswith("faults of"):
            add(f"demo fleet, {r['kind']} found (n {r['n']})", "0.90", r["share"], r["share"] >= 0.9)
    for g in result["calibration"]:
        add(f"calibration error, {g['of']}", "at most 0.10", g["ece"], g["ece"] <= 0.1, str(g["ece"]))
        # Where every answer is right, nothing can be below always saying so.
        if g["brier_of_the_mean"] > 0:
            add(f"Brier score, {g['of']}", f"below {g['brier_of_the_mean']}", g["brier"], g["brier"] < g["brier_of_the_mean"],
                str(g["brier"]))
    for t in result.get("timing", []):
        most = 2.0 if t["case"][0].isdigit() else 0.1
        add(f"{t['case']}, s", f"under {most:g}", t["seconds"], t["seconds"] < most)
        add(f"{t['case']}, peak MB", "under 300", t["memory_mb"], t["memory_mb"] < 300)
    yield "## What is aimed at\n"
    yield from table(("what", "aim", "measured", ""), rows)


def wrong(rows):
    yield "## Wrong answers at told times\n"
    yield from table(("case", "kind", "truth", "verdict", "P(none)", "named"),
                     ((r["id"], r["kind"], ", ".join(r["truth"]), r["verdict"], r["none"], ", ".join(f"{n} {p}" for n, p in r["named"])) for r in rows))


def document(result):
    lines = [HEAD]
    if result["not_run"]:
        lines.append(f"{result['not_run']} cases were **not run** because time ended; every n says what was.\n")
    if result.get("peers_not_run"):
        lines.append(f"{result['peers_not_run']} of the peers' cases were **not run** for the same reason, so their n are smaller.\n")
    if result["failed"]:
        lines.append(f"{len(result['failed'])} cases gave no report and are in no number: {', '.join(i for i, _ in result['failed'])}.\n")
    lines += reached(result)
    if result["ranking"]:
        lines += ranking(result["ranking"])
    if result["demo"]:
        lines += demo(result["demo"])
    if result["no_cause"]:
        lines += no_cause(result["no_cause"])
    if result["calibration"]:
        lines += calibration(result["calibration"])
    if result.get("timing"):
        lines += timing(result)
    if result["wrong"]:
        lines += wrong(result["wrong"])
    return "\n".join(lines).rstrip() + "\n"
